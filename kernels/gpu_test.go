package kernels

import (
	"errors"
	"testing"
	"time"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// fault is the error that body ends with.
func fault(body func()) (err error) {
	defer Recover(&err)
	body()
	return nil
}

// A recording reads and writes the memory that it named, with whatever it
// holds when it is launched; what it records is not done.
func TestCapture(t *testing.T) {
	for _, r := range ptxRigs(t) {
		x, y, count := r.floats(-1, 2, 3), r.junk(3), r.ints(0)
		step := func() {
			ReLU(y, x)
			Copy(x, y)
			Increment(count, 2)
		}
		step()
		g := r.dev.Capture(step)
		UploadFloats(x, []float64{4, -5, 6})
		for range 2 {
			g.Launch()
		}
		if err := kerneltest.Compare(Floats(y), []float64{4, 0, 6}, 0, 0); err != nil {
			t.Errorf("%s: %v", r.dev.Name(), err)
		}
		total := make([]int32, 1)
		if Download(total, count); total[0] != 6 {
			t.Errorf("%s: the counter is %d, want 6: one step as it came, two from the recording", r.dev.Name(), total[0])
		}
		g.Free()
	}
}

// What must not be recorded is a fault, and leaves the device usable.
func TestCaptureOfAnUpload(t *testing.T) {
	r := openRig(t, Config{Name: "ptxsim"})
	x := r.floats(1, 2)
	err := fault(func() { r.dev.Capture(func() { UploadFloats(x, []float64{3, 4}) }) })
	if !errors.As(err, new(*Fault)) {
		t.Fatalf("%v, want a Fault", err)
	}
	if err := kerneltest.Compare(Floats(x), []float64{1, 2}, 0, 0); err != nil {
		t.Error(err)
	}
}

// The interpreter sees what an arena gave out: a tensor is not initialised,
// ends where it ends, and is gone after it was freed.
func TestArenaOnTheInterpreter(t *testing.T) {
	for name, misuse := range map[string]func(a *Arena, x, y Buffer){
		"read before it was written": func(a *Arena, x, y Buffer) { ReLU(y, a.Alloc(Float32, 5)) },
		"read past its end":          func(a *Arena, x, y Buffer) { x.n = y.n + 1; y.n++; ReLU(y, x) },
		"read after it was freed":    func(a *Arena, x, y Buffer) { a.Free(x); ReLU(y, x) },
		"read after a reset":         func(a *Arena, x, y Buffer) { a.Reset(); ReLU(y, x) },
	} {
		r := openRig(t, Config{Name: "ptxsim"})
		a := NewArena(r.dev)
		x, y := a.Alloc(Float32, 5), r.dev.Alloc(Float32, 16).Slice(0, 5)
		Fill(x, 1)
		if err := fault(func() { ReLU(y, x) }); err != nil {
			t.Fatal(err)
		}
		if err := fault(func() { misuse(a, x, y) }); !errors.As(err, new(*ptxsim.Fault)) {
			t.Errorf("%s: %v, want a fault of the interpreter", name, err)
		}
	}
}

// An arena on the interpreter gives the same addresses again.
func TestArenaAddressesOnTheInterpreter(t *testing.T) {
	a := NewArena(openRig(t, Config{Name: "ptxsim"}).dev)
	var first []address
	for pass := range 3 {
		x, y := a.Alloc(Float32, 1000), a.Alloc(Int32, 10)
		a.Free(x)
		z := a.Alloc(Uint8, 100)
		got := []address{x.address(), y.address(), z.address()}
		if first == nil {
			first = got
		}
		for i := range got {
			if got[i] != first[i] {
				t.Errorf("pass %d: buffer %d is at %v, before at %v", pass, i, got[i], first[i])
			}
		}
		a.Reset()
	}
}

// Scratch memory is the same memory until more is wanted, and what was given
// out once stays valid.
func TestWork(t *testing.T) {
	d := openRig(t, Config{Name: "ptxsim"}).dev
	small := d.work(Float32, 10)
	if d.work(Float64, 5).ptr != small.ptr {
		t.Error("scratch moved without need")
	}
	large := d.work(Float32, 1<<20)
	if large.n != 1<<20 || large.ptr == small.ptr {
		t.Errorf("%d elements at %v", large.n, large.ptr)
	}
	Fill(small, 1)
}

// Arguments that are no kernel's are bugs, found before the launch.
func TestLaunchOfWrongArguments(t *testing.T) {
	r := openRig(t, Config{Name: "ptxsim"})
	x := r.floats(1, 2)
	g := r.dev.gpu
	for name, launch := range map[string]func(){
		"too few":    func() { g.launch("relu", fours(2), x, x) },
		"wrong size": func() { g.launch("relu", fours(2), x, 2, 2) },
		"no kernel":  func() { g.launch("rely", fours(2), x, x, 2) },
		"too large":  func() { g.launch("relu", fours(2), x, x, 1<<40) },
		"a string":   func() { g.launch("relu", fours(2), x, x, "2") },
	} {
		mustPanic(t, name, launch)
	}
	mustPanic(t, "a loop of the host", func() { f32(x) })
}

func TestTimer(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		name := config.Name
		r := openRig(t, config)
		timer, x := r.dev.NewTimer(), r.floats(normals(1, 5000)...)
		for range 2 {
			timer.Start()
			ReLU(x, x)
			if d := timer.Stop(); d <= 0 || d > time.Minute {
				t.Errorf("%s: ReLU took %v", name, d)
			}
		}
	}
}
