package cu

import "unsafe"

var procLaunchKernel = need("cuLaunchKernel")

// LaunchKernel launches a kernel. Element i of kernelParams points to the
// value of parameter i. It has the size that the kernel declares: no more is
// read. The values are copied before LaunchKernel returns. What fails on the
// device is the error of a later call.
func LaunchKernel(f Function, gridDimX, gridDimY, gridDimZ int, blockDimX, blockDimY, blockDimZ int, sharedMemBytes int, stream Stream, kernelParams []unsafe.Pointer) {
	grid, block := Dim3{gridDimX, gridDimY, gridDimZ}, Dim3{blockDimX, blockDimY, blockDimZ}
	b := getBlock()
	// kernelParams escapes here, and so do the values that it points to: on the heap they stay where they are.
	r := b.launch(f, grid, block, sharedMemBytes, stream, uintptr(unsafe.Pointer(unsafe.SliceData(kernelParams))), 0)
	putBlock(b)
	mustResult(r)
}

// Launch launches the kernel with its arguments packed in args, each at a
// multiple of its alignment: see [AppendArg]. args is copied before Launch
// returns. What fails on the device is the error of a later call.
func (f Function) Launch(grid, block Dim3, sharedMemBytes int, stream Stream, args []byte) error {
	if len(args) > maxParams {
		return &Error{procLaunchKernel.name, ERROR_INVALID_VALUE}
	}
	b := getBlock()
	r := b.launch(f, grid, block, sharedMemBytes, stream, 0, uintptr(unsafe.Pointer(b.pack(args))))
	putBlock(b)
	return procLaunchKernel.err(r)
}
