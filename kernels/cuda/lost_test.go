package cuda_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/cuda"
	"lbsam/kernels/driver"
)

// wantLost checks that err is a driver.Lost with a text.
func wantLost(t *testing.T, err error, want string) {
	t.Helper()
	wantError(t, "lost device", err, want)
	var l driver.Lost
	if !errors.As(err, &l) || l.Device != "cuda:0" {
		t.Errorf("got %v, want a driver.Lost", err)
	}
}

// A kernel that fails is the end of the device: every later call returns the
// same error, which names the failure and the kernel.
func TestFault(t *testing.T) {
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library) {
		return
	}
	d, err := cuda.Open(0, cuda.Config{Library: library})
	check(t, err)
	increment, p := counter(t, d)
	crash := kernelOf(t, d, crashKernel)
	args, err := new(driver.Args).Int32(int32(cu.ERROR_LAUNCH_FAILED)).For(crash)
	check(t, err)
	e, err := d.NewEvent()
	check(t, err)
	g, err := d.Capture(0, func() error { return increment(0) })
	check(t, err)
	check(t, d.Launch(0, crash, one, driver.Dim3{X: 32, Y: 1, Z: 1}, 0, args))
	lost := d.Sync(0)
	wantLost(t, lost, "device cuda:0 can do no more work: CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure, found by Sync; "+
		"the last launch was crash, grid (1,1,1), block (32,1,1); start the program again")
	if !errors.Is(lost, cu.ERROR_LAUNCH_FAILED) {
		t.Error("the driver's result is not in the chain")
	}
	_, load := d.Load(".entry k() { ret; }")
	_, more := d.Alloc(4)
	_, host := d.AllocHost(4)
	_, stream := d.NewStream()
	_, event := d.NewEvent()
	_, elapsed := d.Elapsed(e, e)
	_, capture := d.Capture(0, func() error { return nil })
	for i, err := range []error{
		load, more, host, stream, event, elapsed, capture, increment(0), g.Launch(0), g.Free(), d.Free(p), d.FreeHost(nil), d.FreeStream(1),
		d.Sync(0), d.Record(e, 0), d.Wait(0, e), d.FreeEvent(e), d.CopyIn(0, p, nil), d.CopyOut(0, nil, p), d.Copy(0, p, p, 0), d.Fill32(0, p, 0, 0),
	} {
		if err != lost {
			t.Errorf("call %d: %v, want the same error again", i, err)
		}
	}
	check(t, d.Close(), d.Close())
}

// A fault in a graph names the graph.
func TestFaultInGraph(t *testing.T) {
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library) {
		return
	}
	d, err := cuda.Open(0, cuda.Config{Library: library})
	check(t, err)
	increment, _ := counter(t, d)
	crash := kernelOf(t, d, "crash()")
	g, err := d.Capture(0, func() error { return errors.Join(increment(0), d.Launch(0, crash, one, one, 0, nil)) })
	check(t, err, g.Launch(0))
	wantLost(t, d.Sync(0), "CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered, found by Sync; "+
		"the last launch was a graph of 2 kernels that ends with crash")
	check(t, d.Close())
}

// With Config.Wait it is the launch of the kernel itself that fails.
func TestFaultWithWait(t *testing.T) {
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library) {
		return
	}
	d, err := cuda.Open(0, cuda.Config{Library: library, Wait: true})
	check(t, err)
	wantLost(t, d.Launch(0, kernelOf(t, d, "crash()"), one, one, 0, nil), "found by Launch; the last launch was crash")
	check(t, d.Close())
}

const (
	short = 30 * time.Millisecond
	long  = 2 * time.Second // for a busy machine
)

// No call waits longer than the limit for a GPU that hangs. The fake library
// ends the program if a call would block in it.
func TestHang(t *testing.T) {
	for name, call := range map[string]func(d *cuda.Device, side driver.Stream, e driver.Event, p driver.Ptr) error{
		"Sync": func(d *cuda.Device, side driver.Stream, _ driver.Event, _ driver.Ptr) error { return d.Sync(side) },
		"FreeStream": func(d *cuda.Device, side driver.Stream, _ driver.Event, _ driver.Ptr) error {
			return d.FreeStream(side)
		},
		"Elapsed": func(d *cuda.Device, _ driver.Stream, e driver.Event, _ driver.Ptr) error {
			_, err := d.Elapsed(e, e)
			return err
		},
		"Free": func(d *cuda.Device, _ driver.Stream, _ driver.Event, p driver.Ptr) error { return d.Free(p) },
		"Alloc": func(d *cuda.Device, _ driver.Stream, _ driver.Event, p driver.Ptr) error {
			_, err := d.Alloc(4)
			return err
		},
		"CopyIn": func(d *cuda.Device, side driver.Stream, _ driver.Event, p driver.Ptr) error {
			return d.CopyIn(side, p, make([]byte, 4))
		},
		"CopyOut": func(d *cuda.Device, side driver.Stream, _ driver.Event, p driver.Ptr) error {
			return d.CopyOut(side, make([]byte, 4), p)
		},
		"Launch": func(d *cuda.Device, side driver.Stream, _ driver.Event, p driver.Ptr) error { // into a full queue
			for range 1000 {
				if err := d.Fill32(side, p, 0, 1); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, cuda.Config{Timeout: short}) // closed at the end without waiting
			hang, p := kernelOf(t, d, hangKernel), alloc(t, d, 4)
			side, err := d.NewStream()
			check(t, err)
			e, err := d.NewEvent()
			check(t, err)
			check(t, d.Launch(side, hang, one, one, 0, nil), d.Record(e, side))
			within(t, long, func() {
				wantLost(t, call(d, side, e, p), "device cuda:0 can do no more work: no answer for 30ms: the GPU hangs or was lost")
			})
			wantLost(t, d.Sync(0), "the last launch was hang, grid (1,1,1)")
			within(t, long, func() { check(t, d.Close()) })
		})
	}
}

// Close waits for work no longer than the limit, and then leaves the device.
func TestCloseWhileHanging(t *testing.T) {
	d := open(t, cuda.Config{Timeout: short})
	check(t, d.Launch(0, kernelOf(t, d, hangKernel), one, one, 0, nil))
	within(t, long, func() { check(t, d.Close()) })
	wantError(t, "Sync", d.Sync(0), "cuda:0: the device is closed")
}

// Work that takes longer than the limit in all is no hang as long as pieces of
// it get done.
func TestSlowWork(t *testing.T) {
	d := open(t, cuda.Config{Timeout: 100 * time.Millisecond})
	increment, p := counter(t, d)
	pause := kernelOf(t, d, pauseKernel)
	args, err := new(driver.Args).Int32(20).For(pause)
	check(t, err)
	g, err := d.Capture(0, func() error { return errors.Join(d.Launch(0, pause, one, one, 0, args), increment(0)) })
	check(t, err)
	side, err := d.NewStream()
	check(t, err)
	e, err := d.NewEvent()
	check(t, err)
	const n = 10
	begin := time.Now()
	for range n { // more than the marks of a stream
		check(t, g.Launch(0))
	}
	check(t, d.Record(e, 0), d.Wait(side, e), d.Sync(side)) // progress in another stream counts
	if took := time.Since(begin); took < n*20*time.Millisecond {
		t.Errorf("Sync returned after %v", took)
	}
	if got := word(t, d, p); got != n {
		t.Errorf("the counter is %d, want %d", got, n)
	}
}

// A launch that fails for another reason leaves the device usable.
func TestFailureThatIsNotFatal(t *testing.T) {
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library, "FAKECUDA_FAIL=cuLaunchKernel=701") {
		return
	}
	d := open(t, cuda.Config{})
	k := kernelOf(t, d, hangKernel)
	err := d.Launch(0, k, one, one, 0, nil)
	var l driver.Lost
	if !strings.Contains(err.Error(), "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES") || errors.As(err, &l) {
		t.Errorf("got %v", err)
	}
	check(t, d.Sync(0))
}
