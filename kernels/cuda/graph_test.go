package cuda_test

import (
	"errors"
	"testing"

	"lbsam/kernels/cuda"
	"lbsam/kernels/driver"
)

// The zero stream can be captured. Arguments are those of the capture.
func TestGraph(t *testing.T) {
	d := open(t, cuda.Config{})
	increment, p := counter(t, d)
	q, host := alloc(t, d, 4), []byte(nil)
	host, err := d.AllocHost(4)
	check(t, err)
	side, err := d.NewStream()
	check(t, err)
	fork, err := d.NewEvent()
	check(t, err)
	join, err := d.NewEvent()
	check(t, err)
	g, err := d.Capture(0, func() error {
		return errors.Join(d.Record(fork, 0), d.Wait(side, fork), increment(side), d.Record(join, side), d.Wait(0, join),
			increment(0), d.Copy(0, q, p, 4), d.CopyOut(0, host, q))
	})
	check(t, err)
	if n := word(t, d, p); n != 0 {
		t.Errorf("Capture did the work: the counter is %d", n)
	}
	for range 3 {
		check(t, g.Launch(0))
	}
	check(t, g.Launch(side), d.Sync(side), d.Sync(0))
	if n := word(t, d, q); n != 8 || host[0] != 8 {
		t.Errorf("the counter is %d and %d, want 8", n, host[0])
	}
	_, err = d.Elapsed(fork, join)
	wantError(t, "Elapsed", err, "last in a capture")
	check(t, g.Free())
	wantError(t, "Launch", g.Launch(0), "cuda:0: Graph.Launch: the graph was freed")
	wantError(t, "second Free", g.Free(), "cuda:0: Graph.Free: the graph was freed before")
}

// The same two events do for any number of forks and joins: at once, in a capture, and
// at once again.
func TestForksShareTheirEvents(t *testing.T) {
	d := open(t, cuda.Config{})
	increment, p := counter(t, d)
	side, err := d.NewStream()
	check(t, err)
	fork, err := d.NewEvent()
	check(t, err)
	join, err := d.NewEvent()
	check(t, err)
	step := func() error {
		var errs []error
		for range 3 {
			errs = append(errs, increment(0), d.Record(fork, 0), d.Wait(side, fork), increment(side), d.Record(join, side), d.Wait(0, join))
		}
		return errors.Join(errs...)
	}
	check(t, step())
	g, err := d.Capture(0, step)
	check(t, err, g.Launch(0), step())
	if n := word(t, d, p); n != 3*6 {
		t.Errorf("the counter is %d, want 18", n)
	}
}

// A capture is never waited for, however many launches it has.
func TestLongCapture(t *testing.T) {
	for _, wait := range []bool{false, true} {
		d := open(t, cuda.Config{Wait: wait})
		increment, p := counter(t, d)
		nothing := kernelOf(t, d, "nothing()") // does not even enter a stream of the fake library
		g, err := d.Capture(0, func() error {
			for range 1000 { // more than a queue may hold
				if err := d.Launch(0, nothing, one, one, 0, nil); err != nil {
					return err
				}
			}
			return increment(0)
		})
		check(t, err, g.Launch(0))
		if n := word(t, d, p); n != 1 {
			t.Errorf("the counter is %d, want 1", n)
		}
		check(t, d.Close())
	}
}

func TestCaptureErrors(t *testing.T) {
	d := open(t, cuda.Config{})
	increment, p := counter(t, d)
	side, err := d.NewStream()
	check(t, err)
	early, err := d.NewEvent()
	check(t, err, d.Record(early, 0))
	ev, err := d.NewEvent()
	check(t, err)
	host, err := d.AllocHost(1 << 20) // so much that it lies above Go's memory
	check(t, err)
	mine := errors.New("error of the step")
	for _, c := range []struct {
		name string
		step func() error
		want string
	}{
		{"alloc", func() error { _, err := d.Alloc(4); return err }, "Alloc: not possible inside Capture"},
		{"free", func() error { return d.Free(p) }, "Free: not possible inside Capture"},
		{"host memory", func() error { _, err := d.AllocHost(4); return err }, "AllocHost: not possible inside Capture"},
		{"free of host memory", func() error { return d.FreeHost(host) }, "FreeHost: not possible inside Capture"},
		{"load", func() error { _, err := d.Load(""); return err }, "Load: not possible inside Capture"},
		{"sync", func() error { return d.Sync(0) }, "Sync: not possible inside Capture"},
		{"elapsed", func() error { _, err := d.Elapsed(early, early); return err }, "Elapsed: not possible inside Capture"},
		{"nested", func() error { _, err := d.Capture(0, nil); return err }, "Capture: not possible inside Capture"},
		{"close", func() error { return d.Close() }, "Close: not possible inside Capture"},
		{"pageable copy in", func() error { return d.CopyIn(0, p, make([]byte, 4)) }, "host memory is not from AllocHost"},
		{"pageable copy out", func() error { return d.CopyOut(0, make([]byte, 4), p) }, "host memory is not from AllocHost"},
		{"stream that does not take part", func() error { return increment(side) }, "does not wait for an event of the stream that is captured"},
		{"event from before", func() error { return d.Wait(side, early) }, "not recorded in this capture"},
		{"stream that is not joined", func() error { return errors.Join(d.Record(ev, 0), d.Wait(side, ev), increment(side)) }, "does not wait for all work"},
		{"error", func() error { return mine }, "error of the step"},
	} {
		g, err := d.Capture(0, c.step)
		wantError(t, c.name, err, c.want)
		if g != nil {
			t.Errorf("%s: a graph came with the error", c.name)
		}
	}
	if _, err := d.Capture(0, func() error { return mine }); err != mine {
		t.Errorf("got %v, want the step's own error", err)
	}
	_, err = d.Capture(99, func() error { return nil })
	wantError(t, "unknown stream", err, "Capture: unknown stream 99")
	stillCaptures(t, d, increment, p)
}

// A panic in the step ends the capture.
func TestCapturePanic(t *testing.T) {
	d := open(t, cuda.Config{})
	increment, p := counter(t, d)
	func() {
		defer func() {
			if r := recover(); r != "step" {
				t.Errorf("recovered %v", r)
			}
		}()
		d.Capture(0, func() error { panic("step") })
	}()
	stillCaptures(t, d, increment, p)
}

func stillCaptures(t *testing.T, d *cuda.Device, increment func(driver.Stream) error, p driver.Ptr) {
	t.Helper()
	g, err := d.Capture(0, func() error { return increment(0) })
	check(t, err, g.Launch(0))
	if n := word(t, d, p); n != 1 {
		t.Errorf("the counter is %d, want 1", n)
	}
}
