package cuda_test

import (
	"testing"
	"time"

	"lbsam/kernels/cuda"
)

func TestStreams(t *testing.T) {
	d := open(t, cuda.Config{})
	increment, p := counter(t, d)
	side, err := d.NewStream()
	check(t, err)
	e, err := d.NewEvent()
	check(t, err)
	host, err := d.AllocHost(4)
	check(t, err)
	// The fake library does a stream's work only when it is asked for it.
	check(t, increment(side), d.Record(e, side), increment(side))
	check(t, d.CopyOut(0, host, p), d.Sync(0))
	if host[0] != 0 {
		t.Error("a stream waits for another without an event")
	}
	check(t, d.Wait(0, e), d.CopyOut(0, host, p), d.Sync(0))
	if host[0] != 1 {
		t.Errorf("behind the event the counter is %d, want 1", host[0])
	}
	check(t, d.FreeStream(side)) // after its work
	if n := word(t, d, p); n != 2 {
		t.Errorf("the counter is %d, want 2", n)
	}
	wantError(t, "FreeStream", d.FreeStream(side), "FreeStream: unknown stream")
	wantError(t, "FreeStream", d.FreeStream(0), "FreeStream: unknown stream 0")
	wantError(t, "Sync", d.Sync(side), "Sync: unknown stream")
	wantError(t, "Wait", d.Wait(side, e), "Wait: unknown stream")
}

// The fake kernels take half a millisecond each on the clock of its events.
func TestElapsed(t *testing.T) {
	d := open(t, cuda.Config{})
	increment, _ := counter(t, d)
	from, err := d.NewEvent()
	check(t, err)
	to, err := d.NewEvent()
	check(t, err)
	_, err = d.Elapsed(from, to)
	wantError(t, "Elapsed", err, "was never recorded")
	wantError(t, "Wait", d.Wait(0, from), "was never recorded")
	check(t, d.Record(from, 0), increment(0), increment(0), increment(0), d.Record(to, 0), increment(0))
	if got, err := d.Elapsed(from, to); got != 1500*time.Microsecond || err != nil {
		t.Errorf("got %v, %v, want 1.5 ms", got, err)
	}
	check(t, d.FreeEvent(from))
	wantError(t, "second FreeEvent", d.FreeEvent(from), "FreeEvent: unknown event")
	wantError(t, "Record", d.Record(from, 0), "Record: unknown event")
	_, err = d.Elapsed(to, from)
	wantError(t, "Elapsed", err, "Elapsed: unknown event")
}

// The blocks of the zero stream come first, in graphs too where the driver can.
func TestPriority(t *testing.T) {
	for _, version := range []string{"11060", "11070"} {
		t.Run(version, func(t *testing.T) {
			library := fakeLibrary(t)
			if !inChild(t, fakeVariable+"="+library, "FAKECUDA_VERSION="+version) {
				return
			}
			d := open(t, cuda.Config{})
			side, err := d.NewStream()
			check(t, err)
			first, err := d.Priority(0)
			check(t, err)
			second, err := d.Priority(side)
			check(t, err)
			if first >= second {
				t.Errorf("the zero stream has priority %d, another one %d", first, second)
			}
			increment, p := counter(t, d)
			g, err := d.Capture(0, func() error { return increment(0) }) // an option that a driver does not know is an error
			check(t, err, g.Launch(0))
			if n := word(t, d, p); n != 1 {
				t.Errorf("the counter is %d, want 1", n)
			}
		})
	}
}
