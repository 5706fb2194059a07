// Package kernels computes on flat arrays, on the devices that it opens by
// name: "ref", the reference loops in float32 or float64; "cpu", float32 on all
// cores; "cuda", a GPU; and "ptxsim", an interpreter of the GPU's kernels.
//
// Arrays are row-major. Images are [n, h, w, c] and convolution weights are
// [oc, kh, kw, ic] on every device; only files know PyTorch's order. The
// destination is the first argument and is overwritten unless the name says
// Add. Arguments must not overlap except where stated. A mismatch of lengths,
// element types or devices is a bug of the caller and panics.
//
// A concept is one group of files. conv2d.go holds the exported functions:
// what they compute, the checks, the choice of the device. conv2d_ref.go
// holds the reference loop, generic over the element type and written to be
// read; it is the specification of every other path. conv2d_*_cpu.go holds the
// fast path of the cpu device. conv2d_fma.cuh holds the kernels for GPUs, which
// ./build.sh ptx compiles to ptx/, and conv2d_gpu.go launches them.
//
// Sums run in an order that depends on shapes alone, so that results do not
// depend on the number of threads and two runs agree bit for bit.
package kernels
