package cu

import "unsafe"

var (
	procMemcpy          = need("cuMemcpy")
	procMemcpyAsync     = need("cuMemcpyAsync")
	procMemcpyHtoD      = need("cuMemcpyHtoD_v2")
	procMemcpyHtoDAsync = need("cuMemcpyHtoDAsync_v2")
	procMemcpyDtoH      = need("cuMemcpyDtoH_v2")
	procMemcpyDtoHAsync = need("cuMemcpyDtoHAsync_v2")
	procMemcpyDtoD      = need("cuMemcpyDtoD_v2")
	procMemcpyDtoDAsync = need("cuMemcpyDtoDAsync_v2")
	procMemcpyPeer      = need("cuMemcpyPeer")
	procMemcpyPeerAsync = need("cuMemcpyPeerAsync")
)

// Memcpy copies bytes between any two addresses, those of pinned host memory
// included.
func Memcpy(dst, src DevicePtr, bytes int64) {
	mustResult(procMemcpy.fast(uintptr(dst), uintptr(src), uintptr(bytes), 0, 0))
}

// MemcpyAsync is [Memcpy] in a stream.
func MemcpyAsync(dst, src DevicePtr, bytes int64, stream Stream) {
	mustResult(procMemcpyAsync.fast(uintptr(dst), uintptr(src), uintptr(bytes), uintptr(stream), 0))
}

// MemcpyHtoD copies bytes from the host to the device.
func MemcpyHtoD(dst DevicePtr, src unsafe.Pointer, bytes int64) {
	mustResult(procMemcpyHtoD.fast(uintptr(dst), uintptr(src), uintptr(bytes), 0, 0))
}

// MemcpyHtoDAsync is [MemcpyHtoD] in a stream. src is read after the call has
// returned: it must be from [HostAlloc] or [MemAllocHost].
func MemcpyHtoDAsync(dst DevicePtr, src unsafe.Pointer, bytes int64, stream Stream) {
	mustResult(procMemcpyHtoDAsync.fast(uintptr(dst), uintptr(src), uintptr(bytes), uintptr(stream), 0))
}

// MemcpyDtoH copies bytes from the device to the host.
func MemcpyDtoH(dst unsafe.Pointer, src DevicePtr, bytes int64) {
	mustResult(procMemcpyDtoH.fast(uintptr(dst), uintptr(src), uintptr(bytes), 0, 0))
}

// MemcpyDtoHAsync is [MemcpyDtoH] in a stream. dst is written after the call
// has returned: it must be from [HostAlloc] or [MemAllocHost].
func MemcpyDtoHAsync(dst unsafe.Pointer, src DevicePtr, bytes int64, stream Stream) {
	mustResult(procMemcpyDtoHAsync.fast(uintptr(dst), uintptr(src), uintptr(bytes), uintptr(stream), 0))
}

// MemcpyDtoD copies bytes on the device.
func MemcpyDtoD(dst, src DevicePtr, bytes int64) {
	mustResult(procMemcpyDtoD.fast(uintptr(dst), uintptr(src), uintptr(bytes), 0, 0))
}

// MemcpyDtoDAsync is [MemcpyDtoD] in a stream.
func MemcpyDtoDAsync(dst, src DevicePtr, bytes int64, stream Stream) {
	mustResult(procMemcpyDtoDAsync.fast(uintptr(dst), uintptr(src), uintptr(bytes), uintptr(stream), 0))
}

// MemcpyPeer copies bytes from the device of one context to that of another.
func MemcpyPeer(dst DevicePtr, dstCtx Context, src DevicePtr, srcCtx Context, bytes int64) {
	mustResult(procMemcpyPeer.fast(uintptr(dst), uintptr(dstCtx), uintptr(src), uintptr(srcCtx), uintptr(bytes)))
}

// MemcpyPeerAsync is [MemcpyPeer] in a stream.
func MemcpyPeerAsync(dst DevicePtr, dstCtx Context, src DevicePtr, srcCtx Context, bytes int64, stream Stream) {
	mustResult(procMemcpyPeerAsync.result(uintptr(dst), uintptr(dstCtx), uintptr(src), uintptr(srcCtx), uintptr(bytes),
		uintptr(stream)))
}
