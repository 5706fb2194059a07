package kernels

import (
	"strings"
	"testing"
	"time"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
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
		if s := spans[0]; s.Shape != "1-2 @4x4 3x3 s1" || s.Flops != 2*32*9 || s.Bytes != 4*(32+16+18) {
			t.Errorf("%s: the convolution is %+v", c.Name, s)
		}
		if s := spans[2]; s.Shape != "[4]" || s.Flops != 0 || s.Bytes != 4*8 {
			t.Errorf("%s: the copy is %+v", c.Name, s)
		}
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

// What keeps a GPU busy until a kernel that is timed arrives changes nothing and is
// not told of.
func TestTraceOfABusyDevice(t *testing.T) {
	sim := ptxsim.New(ptxsim.Config{})
	r := rig{t, OpenDriver(sim, ComputeFloat32)}
	defer r.dev.Close()
	r.dev.sms = 1
	x, told := r.floats(1, -2, 3), 0
	r.dev.Trace(func(Span) { told++ })
	ReLU(x, x)
	Fill(x.Slice(0, 1), 5)
	r.dev.Trace(nil)
	ReLU(x, x)
	if err := kerneltest.Compare(Floats(x), []float64{5, 0, 3}, 0, 0); err != nil {
		t.Error(err)
	}
	if n := sim.Counters("ceiling_fma").Launches; told != 2 || n != 2 {
		t.Errorf("told of %d operations, busy before %d, want 2 and 2", told, n)
	}
}

// What is read and written, or has to be read twice, counts twice.
func TestTraceCountsTraffic(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	c := newBNCase(r, BatchNorm{Rows: 6, C: 8, Eps: 1}, false, 0, 1)
	var last Span
	r.dev.Trace(func(s Span) { last = s })
	for _, op := range []struct {
		name  string
		run   func()
		bytes int64
	}{
		{"AddScaled", func() { AddScaled(c.y, c.x, 2) }, 3 * 48 * 4},
		{"BatchNormTrain", func() { c.forward(true) }, (3*48 + 4*8) * 4},
	} {
		op.run()
		if last.Name != op.name || last.Bytes != op.bytes {
			t.Errorf("%+v, want %d bytes of %s", last, op.bytes, op.name)
		}
	}
	if last.Shape != "[6 8]" {
		t.Errorf("shape %s of [6, 8]", last.Shape)
	}
}

// A processor computes and copies; what it does at best is asked of no other
// device.
func TestPeak(t *testing.T) {
	if p := openRig(t, Config{Name: "cpu", Threads: 2}).dev.Peak(); !(p.Bandwidth > 1e8) || fastest.fmaPeakFlops > 0 && !(p.Flops > 1e8) {
		t.Errorf("%+v", p)
	}
	if p := openRig(t, Config{Name: "ref"}).dev.Peak(); p != (Peak{}) {
		t.Errorf("ref has a peak: %+v", p)
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
