package ptxsim

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"lbsam/kernels/driver"
)

// Limits of a device of compute capability 9.0.
const (
	maxBlock  = 1024      // threads
	maxStatic = 48 << 10  // bytes of static shared memory
	maxShared = 227 << 10 // bytes of shared memory
	maxGridYZ = 65535     // blocks in y and in z
)

// Config holds the options of a Device. The zero Config is a good one.
type Config struct {
	Workers     int    // blocks that run in parallel, 0 for GOMAXPROCS
	Backwards   bool   // blocks start in the opposite order
	MaxBranches uint64 // branches of a warp until it counts as endless, 0 for 2^26
	Memory      int64  // bytes of device memory, 0 for no limit
}

// A Device is an interpreter with memory. It is a driver.Driver. All work is
// done before the call that asks for it returns. After a Fault it can do no
// more work, as a GPU: every call but Close returns the same driver.Lost.
type Device struct {
	mem      memory
	total    int64 // bytes of memory, 0 for no limit
	lost     error // a driver.Lost after a Fault
	workers  int
	backward bool
	limit    uint64
	atomic   sync.Mutex
	counters map[string]*Counters
	host     map[*byte]int // what AllocHost returned
	streams  map[driver.Stream]bool
	events   map[driver.Event]*event
	last     uintptr // stream or event
	capture  *capture
}

var _ driver.Driver = (*Device)(nil)

// New returns a device without any memory in use.
func New(c Config) *Device {
	if c.Workers <= 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.MaxBranches == 0 {
		c.MaxBranches = 1 << 26
	}
	return &Device{
		total: c.Memory, workers: c.Workers, backward: c.Backwards, limit: c.MaxBranches, counters: map[string]*Counters{}, host: map[*byte]int{},
		streams: map[driver.Stream]bool{0: true}, events: map[driver.Event]*event{},
	}
}

// Name returns "ptxsim".
func (d *Device) Name() string { return "ptxsim" }

// Counters returns the work of all launches of a kernel, by its name.
func (d *Device) Counters(kernel string) Counters {
	if c := d.counters[kernel]; c != nil {
		return *c
	}
	return Counters{}
}

// ResetCounters sets all counters to zero.
func (d *Device) ResetCounters() { clear(d.counters) }

// InUse returns the bytes of device memory that are allocated.
func (d *Device) InUse() int { return d.mem.used }

var errCapture = errors.New("not possible inside Capture")

// outside returns an error inside a capture and of a device that is lost.
func (d *Device) outside(what string) error {
	if d.lost != nil {
		return d.lost
	}
	if d.capture != nil {
		return fmt.Errorf("ptxsim: %s: %w", what, errCapture)
	}
	return nil
}

// Alloc returns memory whose reading is an error until it is written. Where
// Config.Memory is not enough the error is a driver.OutOfMemory.
func (d *Device) Alloc(n int) (driver.Ptr, error) {
	if err := d.outside("Alloc"); err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, fmt.Errorf("ptxsim: Alloc of %d bytes", n)
	}
	if free := d.total - int64(d.mem.used); d.total > 0 && int64(n) > free {
		return 0, driver.OutOfMemory{Device: d.Name(), Wanted: int64(n), Free: max(free, 0), Total: d.total}
	}
	return driver.Ptr(d.mem.alloc(n, "").base), nil
}

// Free releases memory. Its address is not used again.
func (d *Device) Free(p driver.Ptr) error {
	if err := d.outside("Free"); err != nil {
		return err
	}
	return d.mem.free(p)
}

// AllocHost returns memory that copies inside a capture can name.
func (d *Device) AllocHost(n int) ([]byte, error) {
	if err := d.outside("AllocHost"); err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, fmt.Errorf("ptxsim: AllocHost of %d bytes", n)
	}
	words := make([]uint64, (n+7)/8)
	b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), n)
	d.host[&b[0]] = n
	return b, nil
}

// FreeHost releases memory that AllocHost returned.
func (d *Device) FreeHost(b []byte) error {
	if err := d.outside("FreeHost"); err != nil {
		return err
	}
	if len(b) == 0 || d.host[&b[0]] == 0 {
		return errors.New("ptxsim: FreeHost: memory is not from AllocHost")
	}
	delete(d.host, &b[0])
	return nil
}

// pinned tells whether b lies in memory that AllocHost returned.
func (d *Device) pinned(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	p := uintptr(unsafe.Pointer(&b[0]))
	for base, n := range d.host {
		if off := p - uintptr(unsafe.Pointer(base)); off < uintptr(n) && len(b) <= n-int(off) {
			return true
		}
	}
	return false
}

// Mark makes a range uninitialised (live) or out of bounds (not live). A range
// that is not in an allocation is a bug of the caller, and so is a stream that
// does not take part in a capture: Mark panics.
func (d *Device) Mark(s driver.Stream, p driver.Ptr, n int, live bool) {
	mark := func() error {
		seg := d.mem.find(uint64(p))
		off := uint64(p) - deviceBase
		if seg != nil {
			off = uint64(p) - seg.base
		}
		if seg == nil || seg.freed || n < 0 || off > seg.size || uint64(n) > seg.size-off {
			panic(fmt.Sprintf("ptxsim: Mark(%#x, %d): not in an allocation%s", p, n, describe(seg, uint64(p))))
		}
		state := byte(stateDead)
		if live {
			state = statePoison
		}
		setBytes(seg.state[off:off+uint64(n)], state)
		setBytes(seg.data[off:off+uint64(n)], poisonByte)
		return nil
	}
	if d.capture == nil {
		mark()
		return
	}
	if err := d.capture.add("Mark", s, mark); err != nil {
		panic(err)
	}
}

// CopyIn copies from the host.
func (d *Device) CopyIn(s driver.Stream, dst driver.Ptr, src []byte) error {
	return d.give("CopyIn", s, src, func() error {
		data, state, err := d.mem.slice(dst, len(src))
		if err != nil {
			return fmt.Errorf("ptxsim: CopyIn: %w", err)
		}
		copy(data, src)
		clear(state)
		return nil
	})
}

// CopyOut copies to the host. Bytes that were never written come as 0xff.
func (d *Device) CopyOut(s driver.Stream, dst []byte, src driver.Ptr) error {
	return d.give("CopyOut", s, dst, func() error {
		data, _, err := d.mem.slice(src, len(dst))
		if err != nil {
			return fmt.Errorf("ptxsim: CopyOut: %w", err)
		}
		copy(dst, data)
		return nil
	})
}

// Copy copies within the device, and with the bytes whether they were ever
// written.
func (d *Device) Copy(s driver.Stream, dst, src driver.Ptr, n int) error {
	return d.give("Copy", s, nil, func() error {
		to, toState, err := d.mem.slice(dst, n)
		if err != nil {
			return fmt.Errorf("ptxsim: Copy: destination: %w", err)
		}
		from, fromState, err := d.mem.slice(src, n)
		if err != nil {
			return fmt.Errorf("ptxsim: Copy: source: %w", err)
		}
		if dst < src+driver.Ptr(n) && src < dst+driver.Ptr(n) {
			return fmt.Errorf("ptxsim: Copy of %d bytes from %#x to %#x: the ranges overlap", n, src, dst)
		}
		copy(to, from)
		copy(toState, fromState)
		return nil
	})
}

// Fill32 sets words.
func (d *Device) Fill32(s driver.Stream, dst driver.Ptr, value uint32, count int) error {
	return d.give("Fill32", s, nil, func() error {
		data, state, err := d.mem.slice(dst, 4*count)
		if err != nil {
			return fmt.Errorf("ptxsim: Fill32: %w", err)
		}
		if dst%4 != 0 {
			return fmt.Errorf("ptxsim: Fill32: address %#x is not a multiple of 4", dst)
		}
		for i := 0; i < len(data); i += 4 {
			store(data[i:], 4, uint64(value))
		}
		clear(state)
		return nil
	})
}

// Close forgets all memory.
func (d *Device) Close() error {
	d.mem = memory{}
	return nil
}
