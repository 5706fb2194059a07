package kernels

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"lbsam/kernels/cuda"
	"lbsam/kernels/driver"
	"lbsam/kernels/ptxsim"
)

// Config says which device to open.
type Config struct {
	Name      string // see Names
	Precision Dtype  // Float32, or Float64 on "ref"
	Threads   int    // of the devices cpu and ptxsim; 0 means all processors
	Compute   Compute
}

// A Device owns memory and computes on it. It is used by one goroutine at a
// time.
type Device struct {
	name      string
	precision Dtype
	pool      *pool // of the fast loops; nil elsewhere
	gpu       *gpu  // of what runs PTX; nil elsewhere. Neither: the reference loops
	pinned    *gpu  // of a Mirror: whose memory of the host it takes; nil: Go's
	closed    bool
	about     string
	sms       int // multiprocessors of a GPU; 0 elsewhere
	note      string
	compute   Compute
	factors   [2]Buffer // of a product, rounded; see factors

	allocated atomic.Int64
	trace     func(Span) // nil: nobody listens
}

// Names lists the devices that Open knows. GPU number i is cuda:i, cuda is the
// first one, and auto is that one if it can be used and else cpu.
func Names() []string { return []string{"auto", "cpu", "cuda", "ptxsim", "ref"} }

// Open opens the device that c describes, for the calling goroutine.
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
	if c.Compute > ComputeBest {
		return nil, fmt.Errorf("kernels: compute %d: want one of %v to %v", c.Compute, ComputeFloat32, ComputeBest)
	}
	if c.Precision == Float64 && c.Compute != ComputeFloat32 && c.Compute != ComputeBest {
		return nil, fmt.Errorf("kernels: compute %v with precision float64: want float32", c.Compute)
	}
	d, err := open(c)
	if err != nil {
		return nil, err
	}
	if d.gpu == nil && c.Compute != ComputeBest {
		d.compute = c.Compute
		if d.isCPU() {
			d.pool.gemm.direct = d.Emulates()
		}
		if c.Name == "auto" && c.Compute != ComputeFloat32 {
			d.Close()
			return nil, fmt.Errorf("kernels: %v without a GPU: the device cpu emulates it, slowly, if it is named", c.Compute)
		}
	}
	return d, nil
}

func open(c Config) (*Device, error) {
	name, number, numbered := strings.Cut(c.Name, ":")
	switch {
	case c.Name == "ref":
		return &Device{name: c.Name, precision: c.Precision}, nil
	case c.Name == "cpu":
		return openCPU(c), nil
	case c.Name == "auto":
		return openAuto(c), nil
	case c.Name == "ptxsim":
		return OpenDriver(ptxsim.New(ptxsim.Config{Workers: c.Threads}), c.Compute), nil
	case name == "cuda":
		return openCUDA(number, numbered, c.Compute)
	}
	return nil, fmt.Errorf("kernels: unknown device %q: want one of %v, or cuda:1 for the second GPU", c.Name, Names())
}

func openCPU(c Config) *Device {
	threads := c.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	return &Device{name: "cpu", precision: Float32, pool: newPool(threads)}
}

// openAuto opens the first GPU. Where that is not possible it opens the
// processor, and keeps the reason unless that is that there is no GPU.
func openAuto(c Config) *Device {
	d, err := openCUDA("", false, c.Compute)
	if err == nil {
		return d
	}
	d = openCPU(c)
	if absent := (driver.Unavailable{}); !errors.As(err, &absent) || !absent.Absent {
		d.note = fmt.Sprintf("the GPU is not used: %v", err)
	}
	return d
}

// openCUDA opens a GPU by its number, the first one if it has none.
func openCUDA(number string, numbered bool, compute Compute) (*Device, error) {
	ordinal := 0
	if numbered {
		var err error
		if ordinal, err = strconv.Atoi(number); err != nil || ordinal < 0 {
			return nil, fmt.Errorf("kernels: device %q: want cuda:0, cuda:1 and so on", "cuda:"+number)
		}
	}
	drv, err := cuda.Open(ordinal, cuda.Config{})
	if err != nil {
		return nil, err
	}
	d := OpenDriver(drv, compute)
	d.about, d.sms = drv.Info().String(), drv.Info().SMs
	return d, nil
}

// OpenDriver returns a device whose kernels run on drv, which it owns, and
// multiply as compute says.
func OpenDriver(drv driver.Driver, compute Compute) *Device {
	if compute == ComputeBest {
		compute = ComputeTF32
	}
	return &Device{name: drv.Name(), precision: Float32, compute: compute, gpu: newGPU(drv)}
}

// Close ends the device's threads and releases its memory. Its buffers must
// not be used afterwards. Closing it again does nothing.
func (d *Device) Close() {
	if d.pool != nil && !d.closed {
		d.pool.close()
	}
	if d.gpu != nil && !d.closed {
		d.gpu.drv.Close() // nothing is left to be done about an error
	}
	d.closed = true
}

// Name is the name under which the device was opened.
func (d *Device) Name() string { return d.name }

// About is what there is to say about the device beside its name: the card.
func (d *Device) About() string { return d.about }

// Note is what a user should know who asked for auto: why a GPU that is there
// is not used; usually nothing.
func (d *Device) Note() string { return d.note }

// Precision is the element type of the device's floating-point numbers.
func (d *Device) Precision() Dtype { return d.precision }

// Threads is the number of goroutines that compute; 1 where they do not.
func (d *Device) Threads() int {
	if d.pool == nil {
		return 1
	}
	return d.pool.workers
}

// Allocated is the number of bytes in buffers that Alloc has given out and
// Release did not take back; arenas reuse theirs.
func (d *Device) Allocated() int64 { return d.allocated.Load() }

// isCPU reports whether the fast paths apply; otherwise the reference loops do.
func (d *Device) isCPU() bool { return d.pool != nil }
