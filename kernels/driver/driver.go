// Package driver is the seam between the code that launches kernels and the
// device that runs them. Package cuda implements it with NVIDIA's driver
// library, package ptxsim with an interpreter of the same PTX, package dry
// without doing any work; everything above the seam is the same code for all.
//
// A Driver belongs to one goroutine. Work is given to a stream and done in
// the order of the stream; an error of the work may be returned by the call
// itself or by a later one, at the latest by Sync. It is a Lost, and the end of
// the device: all later calls but Close return it too.
package driver

import (
	"fmt"
	"time"
)

// A Ptr is an address in device memory. Arithmetic on it is in bytes.
type Ptr uint64

// A Stream is a queue of work. The zero Stream exists from the start.
type Stream uintptr

// An Event is a point in a stream that other streams and the host can wait
// for.
type Event uintptr

// Dim3 is the extent of a grid in blocks or of a block in threads.
type Dim3 struct{ X, Y, Z uint32 }

// Size returns the number of elements of d.
func (d Dim3) Size() int { return int(d.X) * int(d.Y) * int(d.Z) }

// String returns d as (x,y,z).
func (d Dim3) String() string { return fmt.Sprintf("(%d,%d,%d)", d.X, d.Y, d.Z) }

// A Kernel is an entry of a loaded module.
type Kernel interface {
	// Name returns the name of the entry.
	Name() string
	// Params returns the layout of its arguments. The caller must not change
	// it.
	Params() []Param
}

// A Module is one loaded PTX text.
type Module interface {
	// Kernel returns the entry with the given name.
	Kernel(name string) (Kernel, error)
	// Names returns the names of all entries, sorted.
	Names() []string
}

// A Graph is a step recorded by Capture. Its pointers and arguments are those
// of the capture: whatever changes from step to step is in device memory.
type Graph interface {
	// Launch gives the whole step to s.
	Launch(s Stream) error
	// Free releases the graph.
	Free() error
}

// A Driver allocates device memory, moves data and runs kernels.
//
// Load, Alloc, Free, AllocHost, FreeHost, Sync and Elapsed fail inside
// Capture, and so does a copy whose host memory is not from AllocHost.
type Driver interface {
	// Name returns the name the device is opened by, as "ptxsim" or "cuda:0".
	Name() string

	// Load compiles PTX text.
	Load(ptx string) (Module, error)
	// Launch runs a kernel with the given bytes of dynamic shared memory.
	// args holds the arguments as Args packs them; its length must be that of
	// the kernel's parameters. args is copied before Launch returns.
	Launch(s Stream, k Kernel, grid, block Dim3, shared int, args []byte) error

	// Alloc returns device memory, aligned to 256 bytes, with any contents. An
	// OutOfMemory leaves the device usable.
	Alloc(bytes int) (Ptr, error)
	// Free releases memory that Alloc returned, after all work has finished.
	Free(p Ptr) error
	// AllocHost returns host memory that copies can use asynchronously and
	// that graphs may name.
	AllocHost(bytes int) ([]byte, error)
	// FreeHost releases memory that AllocHost returned.
	FreeHost(mem []byte) error
	// Mark tells that at the present end of s the range at p starts (live) or ends
	// (not live) being a tensor. It is a hint: a GPU ignores it, a checking driver
	// treats a range that became live as uninitialised, and one that is not live
	// as out of bounds.
	Mark(s Stream, p Ptr, bytes int, live bool)

	// CopyIn copies src to the device. src must stay unchanged until the copy
	// is done; for memory that is not from AllocHost it is done on return.
	CopyIn(s Stream, dst Ptr, src []byte) error
	// CopyOut copies from the device. dst is valid after Sync; for memory that
	// is not from AllocHost on return.
	CopyOut(s Stream, dst []byte, src Ptr) error
	// Copy copies within the device. The ranges must not overlap.
	Copy(s Stream, dst, src Ptr, bytes int) error
	// Fill32 sets count 32-bit words at dst.
	Fill32(s Stream, dst Ptr, value uint32, count int) error

	// NewStream returns a stream that does not wait for the zero Stream, and
	// whose blocks of threads come behind those of that where both could begin.
	NewStream() (Stream, error)
	// FreeStream releases a stream that NewStream returned.
	FreeStream(s Stream) error
	// Sync waits until all work of s is done.
	Sync(s Stream) error

	// NewEvent returns an event that is not recorded yet.
	NewEvent() (Event, error)
	// FreeEvent releases e.
	FreeEvent(e Event) error
	// Record sets e to the present end of s.
	Record(e Event, s Stream) error
	// Wait makes all later work of s wait for e.
	Wait(s Stream, e Event) error
	// Elapsed waits for two events and returns the device time between them.
	// Both must have been recorded, and outside Capture: a GPU takes no time in
	// a graph.
	Elapsed(from, to Event) (time.Duration, error)

	// Capture calls step and records the work it gives to s, and to streams
	// that wait for events of s, instead of doing it.
	Capture(s Stream, step func() error) (Graph, error)

	// Close releases the device and all that was made by it.
	Close() error
}
