package cu

import "unsafe"

var (
	procMemAllocHost     = need("cuMemAllocHost_v2")
	procMemFreeHost      = need("cuMemFreeHost")
	procMemHostAlloc     = need("cuMemHostAlloc")
	procMemHostRegister  = want("cuMemHostRegister_v2")
	procMemHostUnreg     = want("cuMemHostUnregister")
	procMemHostDevicePtr = want("cuMemHostGetDevicePointer_v2")
)

// MemAllocHost allocates pinned host memory, which copies named Async need.
func MemAllocHost(bytes int64) unsafe.Pointer {
	var p unsafe.Pointer
	must(procMemAllocHost.call(uintptr(unsafe.Pointer(&p)), uintptr(bytes)))
	return p
}

// MemFreeHost frees memory from [MemAllocHost].
func MemFreeHost(ptr unsafe.Pointer) { must(procMemFreeHost.call(uintptr(ptr))) }

// A HostAllocFlag is an option of [HostAlloc]; options are added.
type HostAllocFlag uint

// The options of [HostAlloc].
const (
	MEMHOSTALLOC_PORTABLE      HostAllocFlag = 1 // pinned for all contexts
	MEMHOSTALLOC_DEVICEMAP     HostAllocFlag = 2 // kernels can use it: see MemHostGetDevicePointer
	MEMHOSTALLOC_WRITECOMBINED HostAllocFlag = 4 // fast for the device, slow to read by the host
)

// HostAlloc allocates pinned host memory, which copies named Async need. It is
// memory of the driver, unknown to the garbage collector: after [HostFree] no
// slice of it may be used.
func HostAlloc(bytes int64, flags HostAllocFlag) ([]byte, error) {
	var p *byte
	err := procMemHostAlloc.call(uintptr(unsafe.Pointer(&p)), uintptr(bytes), uintptr(flags))
	if err != nil {
		return nil, err
	}
	return unsafe.Slice(p, bytes), nil
}

// HostFree frees memory from [HostAlloc].
func HostFree(b []byte) error {
	return procMemFreeHost.call(uintptr(unsafe.Pointer(unsafe.SliceData(b))))
}

// A MemHostRegisterFlag is an option of [MemHostRegister]; options are added.
type MemHostRegisterFlag int

// The options of [MemHostRegister].
const (
	MEMHOSTREGISTER_PORTABLE  MemHostRegisterFlag = 1 // pinned for all contexts
	MEMHOSTREGISTER_DEVICEMAP MemHostRegisterFlag = 2 // kernels can use it
	MEMHOSTREGISTER_READ_ONLY MemHostRegisterFlag = 8 // the device only reads it
)

// MemHostRegister pins host memory that was not allocated by Go, such as a
// mapped file, until [MemHostUnregister].
func MemHostRegister(ptr unsafe.Pointer, bytes int64, flags MemHostRegisterFlag) error {
	return procMemHostRegister.call(uintptr(ptr), uintptr(bytes), uintptr(flags))
}

// MemHostUnregister undoes [MemHostRegister].
func MemHostUnregister(ptr unsafe.Pointer) error { return procMemHostUnreg.call(uintptr(ptr)) }

// MemHostGetDevicePointer returns the address by which the device knows pinned
// host memory.
func MemHostGetDevicePointer(ptr unsafe.Pointer) (DevicePtr, error) {
	var p DevicePtr
	err := procMemHostDevicePtr.call(uintptr(unsafe.Pointer(&p)), uintptr(ptr), 0)
	return p, err
}
