package kernels

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"lbsam/kernels/driver"
	"lbsam/kernels/ptxsim"
)

// Config says which device to open.
type Config struct {
	Name      string // "cpu", "ref" or "ptxsim"
	Precision Dtype  // Float32, or Float64 on "ref"
	Threads   int    // of the cpu device; 0 means all processors
}

// A Device owns memory and computes on it. It is used by one goroutine at a
// time.
type Device struct {
	name      string
	precision Dtype
	pool      *pool // of the fast loops; nil elsewhere
	gpu       *gpu  // of what runs PTX; nil elsewhere. Neither: the reference loops

	allocated atomic.Int64
}

// Names lists the devices that Open knows.
func Names() []string { return []string{"cpu", "ref", "ptxsim"} }

// Open opens the device that c describes.
func Open(c Config) (*Device, error) {
	if c.Precision != Float32 && c.Precision != Float64 {
		return nil, fmt.Errorf("kernels: precision %v: want float32 or float64", c.Precision)
	}
	if c.Threads < 0 {
		return nil, fmt.Errorf("kernels: %d threads: want 0 (all processors) or more", c.Threads)
	}
	if c.Precision == Float64 && c.Name != "ref" {
		return nil, fmt.Errorf("kernels: device %s computes in float32 only; for float64 use device ref", c.Name)
	}
	d := &Device{name: c.Name, precision: c.Precision}
	switch c.Name {
	case "ref":
	case "cpu":
		threads := c.Threads
		if threads == 0 {
			threads = runtime.GOMAXPROCS(0)
		}
		d.pool = newPool(threads)
	case "ptxsim":
		d.gpu = newGPU(ptxsim.New(ptxsim.Config{Workers: c.Threads}))
	default:
		return nil, fmt.Errorf("kernels: unknown device %q: want one of %v", c.Name, Names())
	}
	return d, nil
}

// OpenDriver returns a device whose kernels run on drv, which it owns.
func OpenDriver(drv driver.Driver) *Device {
	return &Device{name: drv.Name(), precision: Float32, gpu: newGPU(drv)}
}

// Close ends the device's threads and releases its memory. Its buffers must
// not be used afterwards.
func (d *Device) Close() {
	if d.pool != nil {
		d.pool.close()
	}
	if d.gpu != nil {
		d.gpu.drv.Close() // nothing is left to be done about an error
	}
}

// Name is the name under which the device was opened.
func (d *Device) Name() string { return d.name }

// Precision is the element type of the device's floating-point numbers.
func (d *Device) Precision() Dtype { return d.precision }

// Threads is the number of goroutines that compute; 1 where they do not.
func (d *Device) Threads() int {
	if d.pool == nil {
		return 1
	}
	return d.pool.workers
}

// Allocated is the number of bytes in buffers that Alloc has given out; the
// device never takes memory back, arenas reuse theirs.
func (d *Device) Allocated() int64 { return d.allocated.Load() }

// isCPU reports whether the fast paths apply; otherwise the reference loops do.
func (d *Device) isCPU() bool { return d.pool != nil }
