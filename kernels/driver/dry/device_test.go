package dry

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"lbsam/kernels/driver"
)

const twoKernels = ".entry a(.param .u64 p, .param .u32 n) { ret; }\n.entry b() { ret; }"

var one = driver.Dim3{X: 1, Y: 1, Z: 1}

func load(t *testing.T, d *Device) (a, b driver.Kernel) {
	t.Helper()
	m, err := d.Load(twoKernels)
	check(t, err)
	a, errA := m.Kernel("a")
	b, errB := m.Kernel("b")
	check(t, errA, errB)
	return a, b
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func TestMemory(t *testing.T) {
	d := New(Config{Memory: 1000})
	p, err := d.Alloc(300)
	q, err2 := d.Alloc(400)
	check(t, err, err2)
	if p%256 != 0 || q%256 != 0 || q < p+300 {
		t.Errorf("got %#x and %#x, want multiples of 256 that do not overlap", p, q)
	}
	check(t, d.Free(p))
	r, err := d.Alloc(600)
	check(t, err, d.Free(q))
	if d.InUse() != 600 || d.Peak() != 1000 {
		t.Errorf("%d in use, peak %d, want 600 and 1000", d.InUse(), d.Peak())
	}
	d.ResetPeak()
	_, err = d.Alloc(401)
	if want := (driver.OutOfMemory{Device: "dry", Wanted: 401, Free: 400, Total: 1000}); err != error(want) {
		t.Errorf("got %v, want %v", err, want)
	}
	check(t, d.Free(r))
	if d.InUse() != 0 || d.Peak() != 600 {
		t.Errorf("%d in use, peak %d, want 0 and 600", d.InUse(), d.Peak())
	}
	_, none := d.Alloc(0)
	if none == nil || d.Free(r) == nil || d.Free(q+1) == nil {
		t.Error("Alloc of nothing or a second Free passes")
	}
}

func TestLaunches(t *testing.T) {
	d := New(Config{})
	a, b := load(t, d)
	again, _ := load(t, d) // the same kernel in another module
	args := make([]byte, 12)
	g, err := d.Capture(0, func() error {
		return errors.Join(d.Launch(0, a, one, one, 0, args), d.Launch(0, b, one, one, 0, nil), d.Launch(0, again, one, one, 0, args))
	})
	check(t, err)
	if len(d.Launches()) != 0 {
		t.Errorf("Capture counts: %v", d.Launches())
	}
	check(t, g.Launch(0), g.Launch(0), d.Launch(0, a, one, one, 1<<20, args))
	if got, want := fmt.Sprint(d.Launches(), d.Graphs()), "map[a:{1 4} b:{0 2}] 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	outer, err := d.Capture(0, func() error { return errors.Join(g.Launch(0), d.Launch(0, b, one, one, 0, nil)) })
	check(t, err)
	d.ResetLaunches()
	check(t, outer.Launch(0))
	if got, want := fmt.Sprint(d.Launches(), d.Graphs()), "map[a:{0 2} b:{0 2}] 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	check(t, g.Free())
	if g.Launch(0) == nil || g.Free() == nil {
		t.Error("a freed graph can be used")
	}
	if n := testing.AllocsPerRun(100, func() { check(t, d.Launch(0, a, one, one, 0, args), outer.Launch(0)) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestCopyOutGivesZeros(t *testing.T) {
	d := New(Config{})
	p, err := d.Alloc(4)
	host, err2 := d.AllocHost(4)
	check(t, err, err2)
	ones := func() { copy(host, "\x01\x01\x01\x01") }
	ones()
	check(t, d.CopyIn(0, p, host), d.Copy(0, p, p, 4), d.Fill32(0, p, 1, 1), d.CopyOut(0, host[1:3], p))
	if want := []byte{1, 0, 0, 1}; !slices.Equal(host, want) {
		t.Errorf("got %v, want %v", host, want)
	}
	g, err := d.Capture(0, func() error { return d.CopyOut(0, host, p) })
	check(t, err)
	ones()
	check(t, g.Launch(0))
	if want := make([]byte, 4); !slices.Equal(host, want) {
		t.Errorf("got %v, want %v", host, want)
	}
	check(t, d.FreeHost(host))
	if d.FreeHost(host) == nil || d.FreeHost(nil) == nil {
		t.Error("a second FreeHost passes")
	}
}

func TestErrors(t *testing.T) {
	d := New(Config{})
	a, _ := load(t, d)
	foreign, _ := load(t, New(Config{}))
	args := make([]byte, 12)
	s, err := d.NewStream()
	e, err2 := d.NewEvent()
	check(t, err, err2)
	inCapture := func(f func() error) error { _, err := d.Capture(0, f); return err }
	second := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		"11 bytes of arguments, want 12 for 2 parameters": d.Launch(0, a, one, one, 0, args[:11]),
		"a is a kernel of another driver":                 d.Launch(0, foreign, one, one, 0, args),
		"grid (0,1,1)":                                    d.Launch(0, a, driver.Dim3{Y: 1, Z: 1}, one, 0, args),
		"Launch: unknown stream 9":                        d.Launch(9, a, one, one, 0, args),
		"Wait: event 2 was never recorded":                d.Wait(s, e),
		"Elapsed: an event was never":                     second(d.Elapsed(e, e)),
		"unknown type .u65":                               second(d.Load(".entry k(.param .u65 n)")),
		"Alloc: not possible":                             inCapture(func() error { return second(d.Alloc(4)) }),
		"Sync: not possible":                              inCapture(func() error { return d.Sync(0) }),
		"host memory is not from AllocHost":               inCapture(func() error { return d.CopyIn(0, 1, args) }),
		"Capture: not possible":                           inCapture(func() error { return second(d.Capture(0, nil)) }),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	check(t, d.Record(e, s), d.Wait(0, e), second(d.Elapsed(e, e)), d.Sync(s), d.FreeEvent(e), d.FreeStream(s))
	if d.FreeEvent(e) == nil || d.FreeStream(s) == nil || d.FreeStream(0) == nil || d.Record(e, 0) == nil {
		t.Error("what was freed can be used")
	}
}

// A compiled text has the parameters that its launch needs.
func TestCompiledText(t *testing.T) {
	ptx, err := os.ReadFile("../../ptxsim/testdata/matmul.ptx")
	check(t, err)
	d := New(Config{})
	m, err := d.Load(string(ptx))
	check(t, err)
	k, err := m.Kernel("matmul")
	check(t, err)
	args, err := new(driver.Args).Ptr(1).Ptr(2).Ptr(3).Int32(4).Int32(5).Int32(6).For(k)
	check(t, err, d.Launch(0, k, one, one, 0, args), d.Close())
	if len(d.Launches()) != 0 {
		t.Error("Close leaves counts")
	}
}
