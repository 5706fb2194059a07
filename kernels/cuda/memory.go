package cuda

import (
	"errors"
	"slices"
	"unsafe"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// Alloc returns device memory. Where too little is left the error is a
// driver.OutOfMemory.
func (d *Device) Alloc(bytes int) (driver.Ptr, error) {
	if err := d.idle("Alloc"); err != nil {
		return 0, err
	}
	if bytes <= 0 {
		return 0, d.errorf("Alloc of %d bytes", bytes)
	}
	var p cu.DevicePtr
	err := cu.Try(func() { p = cu.MemAlloc(int64(bytes)) })
	if errors.Is(err, cu.ERROR_OUT_OF_MEMORY) {
		oom := driver.OutOfMemory{Device: d.name, Wanted: int64(bytes), Total: d.info.Memory}
		if err := d.try("Alloc", func() { oom.Free, oom.Total = cu.MemGetInfo() }); err != nil {
			return 0, err
		}
		return 0, oom
	}
	if err != nil {
		return 0, d.check("Alloc", err)
	}
	d.memory[driver.Ptr(p)] = bytes
	d.used += int64(bytes)
	return driver.Ptr(p), nil
}

// Free releases device memory, after all work of all streams.
func (d *Device) Free(p driver.Ptr) error {
	if err := d.idle("Free"); err != nil {
		return err
	}
	bytes, ok := d.memory[p]
	if !ok {
		return d.errorf("Free(%#x): not the start of an allocation, or freed before", uint64(p))
	}
	delete(d.memory, p)
	d.used -= int64(bytes)
	return d.try("Free", cu.DevicePtr(p).Free)
}

// InUse returns the bytes of device memory that Alloc returned and Free did not
// take back.
func (d *Device) InUse() int64 { return d.used }

// AllocHost returns pinned host memory. It is the driver's: after FreeHost or
// Close no slice of it may be used.
func (d *Device) AllocHost(bytes int) ([]byte, error) {
	if err := d.idle("AllocHost"); err != nil {
		return nil, err
	}
	if bytes <= 0 {
		return nil, d.errorf("AllocHost of %d bytes", bytes)
	}
	b, err := cu.HostAlloc(int64(bytes), 0)
	if err != nil {
		return nil, d.check("AllocHost of "+driver.Size(int64(bytes)), err)
	}
	d.host = append(d.host, b)
	return b, nil
}

// FreeHost releases pinned memory, after all work of all streams.
func (d *Device) FreeHost(mem []byte) error {
	if err := d.idle("FreeHost"); err != nil {
		return err
	}
	start := unsafe.SliceData(mem)
	i := slices.IndexFunc(d.host, func(b []byte) bool { return unsafe.SliceData(b) == start })
	if i < 0 {
		return d.errorf("FreeHost: memory is not from AllocHost, or freed before")
	}
	b := d.host[i]
	d.host = slices.Delete(d.host, i, i+1)
	return d.check("FreeHost", cu.HostFree(b))
}

// pinned tells whether b lies in memory that AllocHost returned.
func (d *Device) pinned(b []byte) bool {
	p := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	for _, h := range d.host {
		if off := p - uintptr(unsafe.Pointer(&h[0])); off < uintptr(len(h)) && len(b) <= len(h)-int(off) {
			return true
		}
	}
	return false
}

// Mark does nothing: a GPU does not check its memory.
func (d *Device) Mark(driver.Stream, driver.Ptr, int, bool) {}
