package ptxsim

import (
	"errors"
	"strings"
	"testing"

	"lbsam/kernels/driver"
)

// TestLost checks that a device does nothing after a kernel's fault, and that
// every call says so in the same way.
func TestLost(t *testing.T) {
	d := New(Config{})
	k := kernelOf(t, d, addPTX, "add")
	p := upload(t, d, make([]uint32, 4))
	e, _ := d.NewEvent()
	side, _ := d.NewStream()
	host, _ := d.AllocHost(4)
	g, err := d.Capture(0, func() error { return d.Launch(0, k, dim(1, 1), dim(32, 1), 0, pack(t, k, p, 5)) })
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, g.Launch(0), OutOfBounds)
	lost := d.Sync(0)
	var l driver.Lost
	if !errors.As(lost, &l) || l.Device != "ptxsim" || !strings.Contains(lost.Error(), "device ptxsim can do no more work: ptxsim: add: out of bounds") {
		t.Fatalf("Sync = %v, want driver.Lost", lost)
	}
	_, load := d.Load(addPTX)
	_, more := d.Alloc(4)
	_, moreHost := d.AllocHost(4)
	_, stream := d.NewStream()
	_, event := d.NewEvent()
	_, elapsed := d.Elapsed(e, e)
	_, capture := d.Capture(0, func() error { return nil })
	for i, err := range []error{
		load, more, moreHost, stream, event, elapsed, capture, g.Launch(0), d.Sync(side), d.Free(p), d.FreeHost(host), d.FreeStream(side),
		d.Record(e, 0), d.Wait(0, e), d.FreeEvent(e), d.CopyIn(0, p, host), d.CopyOut(0, host, p), d.Copy(0, p, p+4, 4), d.Fill32(0, p, 0, 1),
		d.Launch(0, k, dim(1, 1), dim(32, 1), 0, pack(t, k, p, 4)),
	} {
		if err != lost {
			t.Errorf("call %d: %v, want the same error again", i, err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestOutOfMemory(t *testing.T) {
	d := New(Config{Memory: 1000})
	p, err := d.Alloc(600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Alloc(401)
	var oom driver.OutOfMemory
	if !errors.As(err, &oom) || oom != (driver.OutOfMemory{Device: "ptxsim", Wanted: 401, Free: 400, Total: 1000}) {
		t.Errorf("got %v, want that 401 of 400 bytes are too many", err)
	}
	if _, err := d.Alloc(400); err != nil {
		t.Error(err)
	}
	if err := d.Free(p); err != nil || d.InUse() != 400 {
		t.Errorf("%d bytes in use, %v", d.InUse(), err)
	}
	if _, err := d.Alloc(600); err != nil {
		t.Error(err)
	}
}
