package cu

import (
	"fmt"
	"unsafe"
)

// A DevicePtr is an address in a device's memory.
type DevicePtr uintptr

// Sizes of types in bytes.
const (
	SIZEOF_FLOAT32    = 4
	SIZEOF_FLOAT64    = 8
	SIZEOF_COMPLEX64  = 8
	SIZEOF_COMPLEX128 = 16
)

var (
	procMemAlloc           = need("cuMemAlloc_v2")
	procMemFree            = need("cuMemFree_v2")
	procMemGetInfo         = need("cuMemGetInfo_v2")
	procMemGetAddressRange = need("cuMemGetAddressRange_v2")
	procMemAllocAsync      = want("cuMemAllocAsync")
	procMemFreeAsync       = want("cuMemFreeAsync")
	procPointerAttribute   = need("cuPointerGetAttribute")
)

// MemAlloc allocates device memory, aligned to 256 bytes. It is not cleared.
func MemAlloc(bytes int64) DevicePtr {
	var p DevicePtr
	must(procMemAlloc.call(uintptr(unsafe.Pointer(&p)), uintptr(bytes)))
	return p
}

// MemFree frees device memory, after the work that uses it.
func MemFree(p DevicePtr) { must(procMemFree.call(uintptr(p))) }

// Free frees the device memory, after the work that uses it.
func (ptr DevicePtr) Free() { MemFree(ptr) }

// MemGetInfo returns the free and the total number of bytes of the device.
func MemGetInfo() (free, total int64) {
	var f, t uintptr
	must(procMemGetInfo.call(uintptr(unsafe.Pointer(&f)), uintptr(unsafe.Pointer(&t))))
	return int64(f), int64(t)
}

// MemGetAddressRange returns the size and the start of the allocation that ptr
// points into.
func MemGetAddressRange(ptr DevicePtr) (bytes int64, base DevicePtr) {
	var n uintptr
	must(procMemGetAddressRange.call(uintptr(unsafe.Pointer(&base)), uintptr(unsafe.Pointer(&n)), uintptr(ptr)))
	return int64(n), base
}

// GetAddressRange returns the size and the start of the allocation that ptr
// points into.
func (ptr DevicePtr) GetAddressRange() (bytes int64, base DevicePtr) { return MemGetAddressRange(ptr) }

// Bytes returns the size of the allocation that ptr points into.
func (ptr DevicePtr) Bytes() (bytes int64) {
	bytes, _ = MemGetAddressRange(ptr)
	return bytes
}

// String returns the address in hexadecimal digits.
func (p DevicePtr) String() string { return fmt.Sprintf("%#x", uintptr(p)) }

// MemAllocAsync allocates device memory for the work that follows in a stream.
// It needs CUDA 11.2 and a device with MEMORY_POOLS_SUPPORTED.
func MemAllocAsync(bytes int64, stream Stream) (DevicePtr, error) {
	var p DevicePtr
	err := procMemAllocAsync.call(uintptr(unsafe.Pointer(&p)), uintptr(bytes), uintptr(stream))
	return p, err
}

// FreeAsync frees memory from [MemAllocAsync] after the work ahead in a stream.
func (ptr DevicePtr) FreeAsync(stream Stream) error {
	return procMemFreeAsync.call(uintptr(ptr), uintptr(stream))
}

// A MemoryType says where memory is.
type MemoryType uint

// The types of memory.
const (
	MemoryTypeHost    MemoryType = 1
	MemoryTypeDevice  MemoryType = 2
	MemoryTypeArray   MemoryType = 3
	MemoryTypeUnified MemoryType = 4
)

// String returns the name of the type.
func (t MemoryType) String() string {
	switch t {
	case MemoryTypeHost:
		return "MemoryTypeHost"
	case MemoryTypeDevice:
		return "MemoryTypeDevice"
	case MemoryTypeArray:
		return "MemoryTypeArray"
	case MemoryTypeUnified:
		return "MemoryTypeUnified"
	}
	return fmt.Sprintf("MemoryType(%d)", uint(t))
}

const pointerAttributeMemoryType = 2

// PointerGetAttributeMemoryType returns where ptr points to. It does not panic.
func PointerGetAttributeMemoryType(ptr DevicePtr) (t MemoryType, err Result) {
	var v uint32
	err = procPointerAttribute.result(uintptr(unsafe.Pointer(&v)), pointerAttributeMemoryType, uintptr(ptr))
	return MemoryType(v), err
}

// MemoryType returns where ptr points to.
func (ptr DevicePtr) MemoryType() MemoryType {
	t, r := PointerGetAttributeMemoryType(ptr)
	mustResult(r)
	return t
}
