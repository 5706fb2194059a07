package ptxsim

import (
	"errors"
	"fmt"
	"time"

	"lbsam/kernels/driver"
)

// An event is a point in a stream.
type event struct {
	recorded bool
	time     time.Time
	capture  *capture // in which it was recorded last
	seen     progress // what it stands for there
}

// give does work of a stream now, or adds it to the capture. host is the host
// memory that it uses.
func (d *Device) give(what string, s driver.Stream, host []byte, f func() error) error {
	if d.lost != nil {
		return d.lost
	}
	if !d.streams[s] {
		return fmt.Errorf("ptxsim: %s: unknown stream %d", what, s)
	}
	if d.capture == nil {
		return d.do(f)
	}
	if !d.pinned(host) {
		return fmt.Errorf("ptxsim: %s: host memory is not from AllocHost: %w", what, errCapture)
	}
	return d.capture.add(what, s, f)
}

// do does work. A Fault in it is the end of the device.
func (d *Device) do(f func() error) error {
	err := f()
	var fault *Fault
	if errors.As(err, &fault) {
		d.lost = driver.Lost{Device: d.Name(), Err: fault}
		return d.lost
	}
	return err
}

// NewStream returns a stream.
func (d *Device) NewStream() (driver.Stream, error) {
	if d.lost != nil {
		return 0, d.lost
	}
	d.last++
	d.streams[driver.Stream(d.last)] = true
	return driver.Stream(d.last), nil
}

// FreeStream releases a stream.
func (d *Device) FreeStream(s driver.Stream) error {
	if d.lost != nil {
		return d.lost
	}
	if s == 0 || !d.streams[s] {
		return fmt.Errorf("ptxsim: FreeStream: unknown stream %d", s)
	}
	delete(d.streams, s)
	return nil
}

// Sync does nothing but check s: all work is done already.
func (d *Device) Sync(s driver.Stream) error {
	if err := d.outside("Sync"); err != nil {
		return err
	}
	if !d.streams[s] {
		return fmt.Errorf("ptxsim: Sync: unknown stream %d", s)
	}
	return nil
}

// NewEvent returns an event.
func (d *Device) NewEvent() (driver.Event, error) {
	if d.lost != nil {
		return 0, d.lost
	}
	d.last++
	d.events[driver.Event(d.last)] = &event{}
	return driver.Event(d.last), nil
}

// FreeEvent releases an event.
func (d *Device) FreeEvent(e driver.Event) error {
	if d.lost != nil {
		return d.lost
	}
	if d.events[e] == nil {
		return fmt.Errorf("ptxsim: FreeEvent: unknown event %d", e)
	}
	delete(d.events, e)
	return nil
}

// Record sets e to the present end of s.
func (d *Device) Record(e driver.Event, s driver.Stream) error {
	ev := d.events[e]
	if ev == nil {
		return fmt.Errorf("ptxsim: Record: unknown event %d", e)
	}
	err := d.give("Record", s, nil, func() error {
		ev.recorded, ev.time = true, time.Now()
		return nil
	})
	if err == nil && d.capture != nil {
		d.capture.record(ev, s)
	}
	return err
}

// Wait makes s wait for e. An event that was never recorded is an error: on a
// GPU the wait would silently do nothing.
func (d *Device) Wait(s driver.Stream, e driver.Event) error {
	ev := d.events[e]
	switch {
	case d.lost != nil:
		return d.lost
	case ev == nil:
		return fmt.Errorf("ptxsim: Wait: unknown event %d", e)
	case !d.streams[s]:
		return fmt.Errorf("ptxsim: Wait: unknown stream %d", s)
	case d.capture != nil:
		return d.capture.wait(s, ev)
	case !ev.recorded:
		return fmt.Errorf("ptxsim: Wait: event %d was never recorded", e)
	}
	return nil
}

// Elapsed returns the time between two events: that of the interpreter.
func (d *Device) Elapsed(from, to driver.Event) (time.Duration, error) {
	if err := d.outside("Elapsed"); err != nil {
		return 0, err
	}
	a, b := d.events[from], d.events[to]
	if a == nil || b == nil || !a.recorded || !b.recorded {
		return 0, errors.New("ptxsim: Elapsed: an event was never recorded")
	}
	return b.time.Sub(a.time), nil
}
