package cu

var (
	procMemsetD8       = need("cuMemsetD8_v2")
	procMemsetD8Async  = need("cuMemsetD8Async")
	procMemsetD16      = need("cuMemsetD16_v2")
	procMemsetD16Async = need("cuMemsetD16Async")
	procMemsetD32      = need("cuMemsetD32_v2")
	procMemsetD32Async = need("cuMemsetD32Async")
)

// MemsetD8 sets N bytes to value.
func MemsetD8(deviceptr DevicePtr, value uint8, N int64) {
	mustResult(procMemsetD8.fast(uintptr(deviceptr), uintptr(value), uintptr(N), 0, 0))
}

// MemsetD8Async is [MemsetD8] in a stream.
func MemsetD8Async(deviceptr DevicePtr, value uint8, N int64, stream Stream) {
	mustResult(procMemsetD8Async.fast(uintptr(deviceptr), uintptr(value), uintptr(N), uintptr(stream), 0))
}

// MemsetD32 sets N words of 32 bits to value.
func MemsetD32(deviceptr DevicePtr, value uint32, N int64) {
	mustResult(procMemsetD32.fast(uintptr(deviceptr), uintptr(value), uintptr(N), 0, 0))
}

// MemsetD32Async is [MemsetD32] in a stream.
func MemsetD32Async(deviceptr DevicePtr, value uint32, N int64, stream Stream) {
	mustResult(procMemsetD32Async.fast(uintptr(deviceptr), uintptr(value), uintptr(N), uintptr(stream), 0))
}

// MemsetD16 sets n words of 16 bits to value.
func MemsetD16(p DevicePtr, value uint16, n int64) error {
	return procMemsetD16.err(procMemsetD16.fast(uintptr(p), uintptr(value), uintptr(n), 0, 0))
}

// MemsetD16Async is [MemsetD16] in a stream.
func MemsetD16Async(p DevicePtr, value uint16, n int64, stream Stream) error {
	return procMemsetD16Async.err(procMemsetD16Async.fast(uintptr(p), uintptr(value), uintptr(n), uintptr(stream), 0))
}
