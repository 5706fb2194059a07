package kernels

import (
	"strings"
	"testing"
	"time"
)

// Every operation is told of once, with its operands and a time within which it
// ran; a device of which nobody wants to hear tells nothing.
func TestTraceTellsOfOperations(t *testing.T) {
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, c)
		g := Conv{N: 1, H: 4, W: 4, C: 1, OC: 2, KH: 3, KW: 3, Stride: 1, Pad: 1}
		x, w, y := r.floats(normals(1, 16)...), r.floats(normals(2, 18)...), r.junk(32)
		work := func() {
			Conv2d(y, x, w, Buffer{}, g)
			Fill(x, 1)
			Copy(x.Slice(0, 4), x.Slice(8, 12))
		}
		var spans []Span
		began := time.Now()
		r.dev.Trace(func(s Span) { spans = append(spans, s) })
		work()
		r.dev.Trace(nil)
		took := time.Since(began)
		work()
		want := [][2]string{{"Conv2d", "float32[32] float32[16] float32[18] - {N:1 H:4"}, {"Fill", "float32[16]"}, {"Copy", "float32[4] float32[4]"}}
		if r.dev.gpu != nil {
			want = [][2]string{{"conv2d", "float32[32] float32[16] float32[18] - {N:1 H:4"}, {"fill", "float32[16]"}, {"copy", "float32[4] float32[4]"}}
		}
		if len(spans) != len(want) {
			t.Fatalf("%s: %d spans, want %d: %+v", c.Name, len(spans), len(want), spans)
		}
		for i, s := range spans {
			if !strings.HasPrefix(s.Name, want[i][0]) || !strings.HasPrefix(s.Operands, want[i][1]) {
				t.Errorf("%s: %s of %s, want %v", c.Name, s.Name, s.Operands, want[i])
			}
			if s.Start.Before(began) || s.Took < 0 || s.Took > took || s.Start.After(began.Add(took)) {
				t.Errorf("%s: %s ran from %v for %v, and all of it from %v for %v", c.Name, s.Name, s.Start, s.Took, began, took)
			}
		}
	}
}

// Where nobody listens an operation allocates nothing for it.
func TestTraceIsFreeWhenItIsOff(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	x := r.junk(8)
	if n := testing.AllocsPerRun(100, func() { Fill(x, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
