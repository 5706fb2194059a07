package kernels

import "testing"

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
}
