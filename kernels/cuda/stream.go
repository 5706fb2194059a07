package cuda

import (
	"time"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// An event is a point in a stream, with its time.
type event struct {
	cu       cu.Event
	recorded bool     // outside a capture
	capture  *capture // in which it was recorded last, nil for none
}

// NewStream returns a stream that waits for no other.
func (d *Device) NewStream() (driver.Stream, error) {
	if err := d.outside("NewStream"); err != nil {
		return 0, err
	}
	s, err := cu.StreamCreateWithPriority(cu.STREAM_NON_BLOCKING, 0)
	if err != nil {
		return 0, d.check("NewStream", err)
	}
	d.queues[driver.Stream(s)] = &queue{stream: s}
	return driver.Stream(s), nil
}

// FreeStream releases a stream, after its work.
func (d *Device) FreeStream(s driver.Stream) error {
	if err := d.outside("FreeStream"); err != nil {
		return err
	}
	q := d.queues[s]
	if s == 0 || q == nil {
		return d.errorf("FreeStream: unknown stream %d", s)
	}
	if err := d.wait("FreeStream", q); err != nil {
		return err
	}
	delete(d.queues, s)
	return d.check("FreeStream", q.free())
}

// Sync waits until all work of s is done.
func (d *Device) Sync(s driver.Stream) error {
	if err := d.outside("Sync"); err != nil {
		return err
	}
	q, err := d.on("Sync", s)
	if err != nil {
		return err
	}
	return d.wait("Sync", q)
}

// NewEvent returns an event.
func (d *Device) NewEvent() (driver.Event, error) {
	if d.stop != nil {
		return 0, d.stop
	}
	e, err := cu.EventCreate(cu.EVENT_DEFAULT)
	if err != nil {
		return 0, d.check("NewEvent", err)
	}
	d.events[driver.Event(e)] = &event{cu: e}
	return driver.Event(e), nil
}

// event returns an event that is there.
func (d *Device) event(what string, e driver.Event) (*event, error) {
	if d.stop != nil {
		return nil, d.stop
	}
	ev := d.events[e]
	if ev == nil {
		return nil, d.errorf("%s: unknown event %d", what, e)
	}
	return ev, nil
}

// FreeEvent releases an event.
func (d *Device) FreeEvent(e driver.Event) error {
	ev, err := d.event("FreeEvent", e)
	if err != nil {
		return err
	}
	delete(d.events, e)
	return d.check("FreeEvent", ev.cu.Destroy())
}

// Record sets e to the present end of s.
func (d *Device) Record(e driver.Event, s driver.Stream) error {
	ev, err := d.event("Record", e)
	if err != nil {
		return err
	}
	q, err := d.on("Record", s)
	if err != nil {
		return err
	}
	if err := d.check("Record", ev.cu.Record(q.stream)); err != nil {
		return err
	}
	ev.capture, ev.recorded = d.capture, d.capture == nil
	return nil
}

// Wait makes s wait for e. An event that was never recorded is an error: CUDA
// would silently do nothing.
func (d *Device) Wait(s driver.Stream, e driver.Event) error {
	ev, err := d.event("Wait", e)
	if err != nil {
		return err
	}
	q := d.queues[s]
	switch {
	case q == nil:
		return d.errorf("Wait: unknown stream %d", s)
	case d.capture == nil && !ev.recorded:
		return d.errorf("Wait: event %d was never recorded, or last in a capture", e)
	case d.capture != nil && ev.capture != d.capture:
		return d.errorf("Wait: the event was not recorded in this capture")
	}
	if err := d.check("Wait", q.stream.WaitEvent(ev.cu)); err != nil {
		return err
	}
	if d.capture != nil {
		d.capture.streams[s] = true
	}
	return nil
}

// Elapsed waits for two events and returns the time between them on the GPU.
// An event that was recorded in a capture has no time.
func (d *Device) Elapsed(from, to driver.Event) (time.Duration, error) {
	if err := d.outside("Elapsed"); err != nil {
		return 0, err
	}
	var pair [2]cu.Event
	for i, e := range []driver.Event{from, to} {
		ev, err := d.event("Elapsed", e)
		if err != nil {
			return 0, err
		}
		if !ev.recorded {
			return 0, d.errorf("Elapsed: event %d was never recorded, or last in a capture", e)
		}
		if err := d.poll("Elapsed", ev.cu.Query); err != nil {
			return 0, err
		}
		pair[i] = ev.cu
	}
	t, err := cu.Elapsed(pair[0], pair[1])
	return t, d.check("Elapsed", err)
}
