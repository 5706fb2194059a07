// Package dry is a device that computes nothing. It counts memory and
// launches, to find out without a GPU how much a training step takes of both,
// and how long the host needs to launch it.
package dry

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"lbsam/kernels/driver"
)

// Config holds the options of a Device. The zero Config is a good one.
type Config struct {
	Memory int64 // bytes of device memory, 0 for no limit
}

// A Device accepts work and does nothing. It is a driver.Driver. What it copies
// to the host is zero. Of the addresses it is given, only that of Free is
// checked.
type Device struct {
	total      int64
	used, peak int64
	next       driver.Ptr
	memory     map[driver.Ptr]int
	host       map[*byte]int
	streams    map[driver.Stream]bool
	events     map[driver.Event]bool // whether it was recorded
	last       uintptr               // stream or event
	counts     map[string]*Count
	graphs     int
	capture    *graph
}

var _ driver.Driver = (*Device)(nil)

// New returns a device without any memory in use.
func New(c Config) *Device {
	return &Device{
		total: c.Memory, next: 1 << 32, memory: map[driver.Ptr]int{}, host: map[*byte]int{},
		streams: map[driver.Stream]bool{0: true}, events: map[driver.Event]bool{}, counts: map[string]*Count{},
	}
}

// Name returns "dry".
func (d *Device) Name() string { return "dry" }

var errCapture = errors.New("not possible inside Capture")

// outside returns an error inside a capture.
func (d *Device) outside(what string) error {
	if d.capture != nil {
		return fmt.Errorf("dry: %s: %w", what, errCapture)
	}
	return nil
}

// on returns an error for a stream that is not there.
func (d *Device) on(what string, s driver.Stream) error {
	if !d.streams[s] {
		return fmt.Errorf("dry: %s: unknown stream %d", what, s)
	}
	return nil
}

// Mark does nothing.
func (d *Device) Mark(driver.Stream, driver.Ptr, int, bool) {}

// CopyIn does nothing.
func (d *Device) CopyIn(s driver.Stream, dst driver.Ptr, src []byte) error {
	return d.transfer("CopyIn", s, src)
}

// CopyOut writes zeros, inside a capture whenever the graph is launched.
func (d *Device) CopyOut(s driver.Stream, dst []byte, src driver.Ptr) error {
	if err := d.transfer("CopyOut", s, dst); err != nil {
		return err
	}
	if d.capture != nil {
		d.capture.zeros = append(d.capture.zeros, dst)
		return nil
	}
	clear(dst)
	return nil
}

// transfer checks a copy between host and device.
func (d *Device) transfer(what string, s driver.Stream, host []byte) error {
	if d.capture != nil && !d.pinned(host) {
		return fmt.Errorf("dry: %s: host memory is not from AllocHost: %w", what, errCapture)
	}
	return d.on(what, s)
}

// pinned tells whether b lies in memory that AllocHost returned.
func (d *Device) pinned(b []byte) bool {
	p := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	for base, n := range d.host {
		if off := p - uintptr(unsafe.Pointer(base)); off < uintptr(n) && len(b) <= n-int(off) {
			return true
		}
	}
	return len(b) == 0
}

// Copy does nothing.
func (d *Device) Copy(s driver.Stream, dst, src driver.Ptr, bytes int) error { return d.on("Copy", s) }

// Fill32 does nothing.
func (d *Device) Fill32(s driver.Stream, dst driver.Ptr, value uint32, count int) error {
	return d.on("Fill32", s)
}

// NewStream returns a stream.
func (d *Device) NewStream() (driver.Stream, error) {
	d.last++
	d.streams[driver.Stream(d.last)] = true
	return driver.Stream(d.last), nil
}

// FreeStream releases a stream.
func (d *Device) FreeStream(s driver.Stream) error {
	if s == 0 || !d.streams[s] {
		return fmt.Errorf("dry: FreeStream: unknown stream %d", s)
	}
	delete(d.streams, s)
	return nil
}

// Sync returns at once.
func (d *Device) Sync(s driver.Stream) error {
	if err := d.outside("Sync"); err != nil {
		return err
	}
	return d.on("Sync", s)
}

// NewEvent returns an event.
func (d *Device) NewEvent() (driver.Event, error) {
	d.last++
	d.events[driver.Event(d.last)] = false
	return driver.Event(d.last), nil
}

// FreeEvent releases an event.
func (d *Device) FreeEvent(e driver.Event) error {
	if _, ok := d.events[e]; !ok {
		return fmt.Errorf("dry: FreeEvent: unknown event %d", e)
	}
	delete(d.events, e)
	return nil
}

// Record notes that e was recorded.
func (d *Device) Record(e driver.Event, s driver.Stream) error {
	if _, ok := d.events[e]; !ok {
		return fmt.Errorf("dry: Record: unknown event %d", e)
	}
	d.events[e] = true
	return d.on("Record", s)
}

// Wait does nothing. An event that was never recorded is an error.
func (d *Device) Wait(s driver.Stream, e driver.Event) error {
	if !d.events[e] {
		return fmt.Errorf("dry: Wait: event %d was never recorded", e)
	}
	return d.on("Wait", s)
}

// Elapsed returns 0: no work takes time.
func (d *Device) Elapsed(from, to driver.Event) (time.Duration, error) {
	if !d.events[from] || !d.events[to] {
		return 0, errors.New("dry: Elapsed: an event was never recorded")
	}
	return 0, d.outside("Elapsed")
}

// Close forgets all memory, kernels and counts.
func (d *Device) Close() error {
	*d = *New(Config{Memory: d.total})
	return nil
}
