package kernels

import (
	"time"

	"lbsam/kernels/driver"
)

// A Timer measures how long the device takes for its work: by its own clock
// where it has one, which no wait of the host disturbs.
type Timer struct {
	dev      *Device
	from, to driver.Event
	start    time.Time
}

// NewTimer returns a timer, which lives as long as the device.
func (d *Device) NewTimer() *Timer {
	t := &Timer{dev: d}
	if d.gpu != nil {
		for _, e := range []*driver.Event{&t.from, &t.to} {
			var err error
			*e, err = d.gpu.drv.NewEvent()
			d.gpu.must("a timer", err)
		}
	}
	return t
}

// Start begins a measurement, of the work given to the device from now on.
func (t *Timer) Start() {
	t.start = time.Now()
	if g := t.dev.gpu; g != nil {
		g.must("a timer", g.drv.Record(t.from, 0))
	}
}

// Stop waits for the work and returns the time that it took.
func (t *Timer) Stop() time.Duration {
	g := t.dev.gpu
	if g == nil {
		return time.Since(t.start)
	}
	g.must("a timer", g.drv.Record(t.to, 0))
	d, err := g.drv.Elapsed(t.from, t.to)
	g.must("a timer", err)
	return d
}
