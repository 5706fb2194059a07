package cuda

import (
	"unsafe"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// CopyIn copies from the host. Pinned memory is read when the stream gets
// there; other memory on return, after all earlier work of the stream.
func (d *Device) CopyIn(s driver.Stream, dst driver.Ptr, src []byte) error {
	return d.transfer("CopyIn", s, src, func(q cu.Stream) {
		cu.MemcpyHtoDAsync(cu.DevicePtr(dst), unsafe.Pointer(&src[0]), int64(len(src)), q)
	})
}

// CopyOut copies to the host. Pinned memory is written when the stream gets
// there; other memory on return.
func (d *Device) CopyOut(s driver.Stream, dst []byte, src driver.Ptr) error {
	return d.transfer("CopyOut", s, dst, func(q cu.Stream) {
		cu.MemcpyDtoHAsync(unsafe.Pointer(&dst[0]), cu.DevicePtr(src), int64(len(dst)), q)
	})
}

// transfer copies between host and device. For memory that is not pinned the
// driver may block, so it is called when all earlier work is done.
func (d *Device) transfer(what string, s driver.Stream, host []byte, f func(cu.Stream)) error {
	q, err := d.on(what, s)
	if err != nil || len(host) == 0 {
		return err
	}
	if d.pinned(host) {
		if err := d.try(what, func() { f(q.stream) }); err != nil {
			return err
		}
		return d.given(what, q, 1)
	}
	if d.capture != nil {
		return d.errorf("%s: host memory is not from AllocHost: %w", what, errCapture)
	}
	if err := d.wait(what, q); err != nil {
		return err
	}
	if err := d.try(what, func() { f(q.stream) }); err != nil {
		return err
	}
	return d.wait(what, q)
}

// Copy copies within the device.
func (d *Device) Copy(s driver.Stream, dst, src driver.Ptr, bytes int) error {
	q, err := d.on("Copy", s)
	if err != nil || bytes == 0 {
		return err
	}
	if bytes < 0 || (dst < src+driver.Ptr(bytes) && src < dst+driver.Ptr(bytes)) {
		return d.errorf("Copy of %d bytes from %#x to %#x: the ranges overlap", bytes, uint64(src), uint64(dst))
	}
	err = d.try("Copy", func() { cu.MemcpyDtoDAsync(cu.DevicePtr(dst), cu.DevicePtr(src), int64(bytes), q.stream) })
	if err != nil {
		return err
	}
	return d.given("Copy", q, 1)
}

// Fill32 sets words.
func (d *Device) Fill32(s driver.Stream, dst driver.Ptr, value uint32, count int) error {
	q, err := d.on("Fill32", s)
	if err != nil || count == 0 {
		return err
	}
	if count < 0 || dst%4 != 0 {
		return d.errorf("Fill32 of %d words at %#x: want an address that is a multiple of 4", count, uint64(dst))
	}
	if err := d.try("Fill32", func() { cu.MemsetD32Async(cu.DevicePtr(dst), value, int64(count), q.stream) }); err != nil {
		return err
	}
	return d.given("Fill32", q, 1)
}
