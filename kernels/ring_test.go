package kernels

import (
	"fmt"
	"strings"
	"testing"
)

func TestPushRow(t *testing.T) {
	for _, c := range []int{1, 3, 255, 257, 600} { // around a block
		agreeEverywhere(t, fmt.Sprint(c), 0, 0, func(r rig) []Buffer {
			ring, count := r.floats(make([]float64, 3*c)...), r.ints(0)
			integers, places := r.ints(make([]int32, 2*c)...), r.ints(5)
			for i := range 5 { // the ring goes round
				PushRow(ring, r.floats(normals(i, c)...), count)
				row := make([]int32, c)
				fill(row, int32(i))
				PushRow(integers, r.ints(row...), places)
			}
			return []Buffer{ring, count, integers, places}
		})
	}
}

// A captured push writes a new row each time.
func TestCapturedPushRow(t *testing.T) {
	for _, r := range ptxRigs(t) {
		ring, row, one, count := r.floats(0, 0, 0), r.floats(0), r.floats(1), r.ints(0)
		step := func() {
			PushRow(ring, row, count)
			Add(row, row, one)
		}
		step()
		g := r.dev.Capture(step)
		for range 3 {
			g.Launch()
		}
		g.Free()
		if got := fmt.Sprint(Floats(ring)); got != "[3 1 2]" {
			t.Errorf("%s: the ring is %v, want [3 1 2]", r.dev.Name(), got)
		}
		bytes := r.dev.Alloc(Uint8, 1)
		if message := mustPanic(t, "bytes", func() { PushRow(bytes, bytes, count) }); !strings.Contains(message, "uint8") {
			t.Errorf("panic says %q", message)
		}
	}
}
