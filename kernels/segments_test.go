package kernels

import (
	"fmt"
	"strings"
	"testing"
)

func TestSegmentsAreCutIntoBlocks(t *testing.T) {
	r := openRig(t, Config{Name: "cpu", Threads: 3})
	s := NewSegments(r.dev, 4*grain, []Segment{{Offset: 64, Len: 2*grain + 1}, {Offset: 3 * grain, Len: 0}, {Offset: 3 * grain, Len: 5}})
	want := []block{{0, 64, 64 + grain}, {0, 64 + grain, 64 + 2*grain}, {0, 64 + 2*grain, 65 + 2*grain}, {2, 3 * grain, 3*grain + 5}}
	got := make([]block, len(want))
	s.each(r.dev, func(i int, b block) { got[i] = b })
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("block %d is %v, want %v", i, got[i], want[i])
		}
	}
}

// The table that the kernels walk, and the first block of each segment, where
// some are empty.
func TestTableOfSegments(t *testing.T) {
	const n = grainGPU
	for _, r := range ptxRigs(t) {
		s := NewSegments(r.dev, 4*n, []Segment{
			{Len: 0}, {Offset: 64, Len: n + 1, Scaled: true}, {Offset: 2 * n, NoDecay: true}, {Offset: 3 * n, Len: 5, Frozen: true, NoDecay: true}, {Offset: 4 * n},
		})
		table, starts := make([]int32, 12), make([]int32, 6)
		Download(table, s.table)
		Download(starts, s.starts)
		if got, want := fmt.Sprint(table), fmt.Sprint([]int{1, 64, 64 + n, 1, 1, 64 + n, 65 + n, 1, 3, 3 * n, 3*n + 5, 6}); got != want {
			t.Errorf("%s: the table is %v, want %v", r.dev.Name(), got, want)
		}
		if got, want := fmt.Sprint(starts), "[0 0 2 2 3 3]"; got != want {
			t.Errorf("%s: the first blocks are %v, want %v", r.dev.Name(), got, want)
		}
	}
}

// Segments without blocks launch nothing, and their norm is 0.
func TestSegmentsOfNothing(t *testing.T) {
	for _, r := range append(ptxRigs(t), openRig(t, Config{Name: "cpu"})) {
		for _, list := range [][]Segment{nil, {{Len: 0}}} {
			s := NewSegments(r.dev, 3, list)
			x, norm, alpha := r.floats(1, 2, 3), r.junk(1), r.junk(len(list))
			ScaledNorm(norm, x, x, s, 0)
			Ascend(x, x, norm, norm, s, 0)
			Alignment(alpha, x, x, x, s, true)
			Interpolate(x, x, x, alpha, s)
			if got := Floats(norm)[0]; got != 0 {
				t.Errorf("%s: the norm of nothing is %v", r.dev.Name(), got)
			}
		}
	}
}

func TestSegmentsPanic(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	for name, list := range map[string][]Segment{
		"overlap":         {{Len: 3}, {Offset: 2, Len: 1}},
		"order":           {{Offset: 5, Len: 1}, {Offset: 0, Len: 1}},
		"past the end":    {{Offset: 8, Len: 3}},
		"negative length": {{Len: -1}},
		"negative offset": {{Offset: -1, Len: 1}},
	} {
		mustPanic(t, name, func() { NewSegments(r.dev, 10, list) })
	}
	for _, r := range ptxRigs(t) {
		x, host := r.junk(3), NewSegments(openRig(t, Config{Name: "ref"}).dev, 3, nil)
		if message := mustPanic(t, "another device", func() { ScaledNorm(r.junk(1), x, x, host, 0) }); !strings.Contains(message, "segments of another one") {
			t.Errorf("panic says %q", message)
		}
	}
}
