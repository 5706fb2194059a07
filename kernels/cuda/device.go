package cuda

import (
	"errors"
	"fmt"
	"time"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// A Device is an open GPU. It is a driver.Driver.
type Device struct {
	name    string // "cuda:0"
	config  Config
	info    Info
	release func() error // of the context and the thread
	stop    error        // why no call does anything: a driver.Lost, or closed
	hung    bool         // stop is for want of an answer: the driver may block

	queues  map[driver.Stream]*queue
	events  map[driver.Event]*event
	memory  map[driver.Ptr]int // bytes
	used    int64              // bytes in memory
	host    [][]byte           // what AllocHost returned
	modules []cu.Module
	graphs  map[*graph]bool
	capture *capture // nil outside Capture
	ranks   bool     // kernels of a graph can have priorities of their own
	last    work
}

var _ driver.Driver = (*Device)(nil)

func newDevice(name string, c Config) *Device {
	if c.Timeout <= 0 {
		c.Timeout = 60 * time.Second
	}
	return &Device{
		name: name, config: c, queues: map[driver.Stream]*queue{}, events: map[driver.Event]*event{},
		memory: map[driver.Ptr]int{}, graphs: map[*graph]bool{},
	}
}

// Name returns "cuda:" and the number of the device.
func (d *Device) Name() string { return d.name }

// Info returns what is known of the GPU.
func (d *Device) Info() Info { return d.info }

// errorf returns an error that starts with the device's name.
func (d *Device) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: "+format, append([]any{d.name}, args...)...)
}

var errCapture = errors.New("not possible inside Capture")

// outside returns an error inside a capture and of a device that stopped.
func (d *Device) outside(what string) error {
	if d.stop != nil {
		return d.stop
	}
	if d.capture != nil {
		return d.errorf("%s: %w", what, errCapture)
	}
	return nil
}

// idle waits until the device has done all its work. It comes before calls that
// may block in the driver, which then do not block for long.
func (d *Device) idle(what string) error {
	if err := d.outside(what); err != nil {
		return err
	}
	for _, q := range d.queues {
		if err := d.wait(what, q); err != nil {
			return err
		}
	}
	return nil
}

// on returns the queue of a stream, for work. Inside a capture the stream must
// take part in it.
func (d *Device) on(what string, s driver.Stream) (*queue, error) {
	if d.stop != nil {
		return nil, d.stop
	}
	q := d.queues[s]
	if q == nil {
		return nil, d.errorf("%s: unknown stream %d", what, s)
	}
	if d.capture != nil && !d.capture.streams[s] {
		return nil, d.errorf("%s: stream %d does not wait for an event of the stream that is captured", what, s)
	}
	return q, nil
}

// Close waits for the work and releases the device and all that was made by
// it. It must be called by the goroutine that opened the device, which then
// leaves its OS thread. A device that does not answer is not waited for: its
// memory is the driver's until the program ends.
func (d *Device) Close() error {
	if d.release == nil {
		return nil
	}
	if d.capture != nil {
		return d.outside("Close")
	}
	d.idle("Close") // a failure makes the device lost
	lost := d.stop != nil
	var err error
	if !d.hung {
		err = errors.Join(d.freeAll(), d.release())
	}
	*d = *newDevice(d.name, d.config)
	d.stop = d.errorf("the device is closed")
	if lost {
		return nil
	}
	return err
}

// freeAll releases what the user did not.
func (d *Device) freeAll() error {
	var errs []error
	for g := range d.graphs {
		errs = append(errs, g.exec.Destroy())
	}
	for _, e := range d.events {
		errs = append(errs, e.cu.Destroy())
	}
	for _, q := range d.queues {
		errs = append(errs, q.free())
	}
	for p := range d.memory {
		errs = append(errs, cu.Try(cu.DevicePtr(p).Free))
	}
	for _, b := range d.host {
		errs = append(errs, cu.HostFree(b))
	}
	for _, m := range d.modules {
		errs = append(errs, m.Unload())
	}
	return errors.Join(errs...)
}
