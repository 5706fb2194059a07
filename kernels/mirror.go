package kernels

import (
	"fmt"
	"unsafe"
)

// Mirror opens a device for copies of what lies on d, in the memory of the
// host: one like ref. Where d is a GPU that memory is pinned, so that Fetch is
// as fast as the bus; it is d's, and goes with it.
func (d *Device) Mirror() *Device { return &Device{name: "ref", precision: d.precision, pinned: d.gpu} }

// allocHost returns zeroed memory of n bytes, on a multiple of 64 unless it is
// pinned.
func (d *Device) allocHost(n int) unsafe.Pointer {
	if d.pinned != nil && n > 0 {
		mem, err := d.pinned.drv.AllocHost(n)
		d.pinned.must(fmt.Sprintf("allocating %d bytes of the host", n), err)
		clear(mem)
		return unsafe.Pointer(unsafe.SliceData(mem))
	}
	mem := make([]byte, n+lineBytes)
	shift := -uintptr(unsafe.Pointer(&mem[0])) % lineBytes
	return unsafe.Pointer(&mem[shift])
}

// Fetch copies src, on any device, to dst, of the same type and length, on one
// that has the memory of the host, such as a Mirror. It waits until the device
// of src has done all its work.
func Fetch(dst, src Buffer) {
	mustMatch("Fetch", src.dtype, src.n, src)
	mustMatch("Fetch", src.dtype, src.n, dst)
	if src.n == 0 {
		return
	}
	size := src.dtype.Size()
	to := bytes(dst, size)
	switch {
	case src.dev.gpu != nil:
		src.dev.gpu.join()
		src.dev.gpu.must("Fetch", src.dev.gpu.drv.CopyOut(0, to, src.ptr))
		src.dev.Sync() // a copy to pinned memory is under way
	case src.dev.isCPU():
		from := bytes(src, size)
		src.dev.pool.ranges(src.n, func(lo, hi int) { copy(to[lo*size:hi*size], from[lo*size:hi*size]) })
	default:
		copy(to, bytes(src, size))
	}
}

// Memory is the elements of b as they lie in the memory of the host, in its
// order of bytes; nil where b's device has memory of its own.
func Memory(b Buffer) []byte {
	if b.dev.gpu != nil {
		return nil
	}
	return bytes(b, b.dtype.Size())
}
