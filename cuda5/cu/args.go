package cu

import "unsafe"

// AppendArg appends an argument of a kernel to the packed arguments args,
// after as many zero bytes as its alignment needs. T has the size of the
// kernel's parameter: int32 for an int, float32, uint64 or [DevicePtr] for a
// pointer, a struct with the same fields. It holds no Go pointers.
//
// To launch often without allocating, reuse args: args = AppendArg(args[:0], x).
func AppendArg[T any](args []byte, value T) []byte {
	args = AlignArgs(args, int(unsafe.Alignof(value)))
	return append(args, unsafe.Slice((*byte)(unsafe.Pointer(&value)), unsafe.Sizeof(value))...)
}

// AlignArgs appends zero bytes up to a multiple of n, for an argument that is
// aligned more strictly than the same type in Go: 16 for float4, 64 for
// [TensorMap].
func AlignArgs(args []byte, n int) []byte {
	for len(args)%n != 0 {
		args = append(args, 0)
	}
	return args
}
