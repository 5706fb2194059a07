// Package cu binds the CUDA driver API.
//
// The driver library, libcuda.so.1 or nvcuda.dll, is opened when a function first
// needs it: programs build without CUDA headers and without cgo, and start where
// there is no GPU. On systems other than Linux on amd64 and arm64 and Windows on
// amd64, and with the build tag nocuda, the package compiles and every call says
// that there is no library.
//
// The package has two parts. The first is compatible with programs written for
// the package cu of 2017: its functions panic with a [Result]. [Try] turns
// that panic into an error. The second part is what came to CUDA since, or was
// left out: events, graphs, the log of the PTX compiler, launches with packed
// arguments, occupancy, primary contexts. Its functions return errors, which
// are an [*Error] that names the driver's function.
//
// A context is current to an OS thread, not to a goroutine. The goroutine that
// uses a device calls runtime.LockOSThread before it makes a context current,
// or [OwnThread], which does both, and hands no work to other goroutines.
//
// Copies named Async read and write host memory after they returned: use
// memory from [HostAlloc] or [MemAllocHost], never a Go slice.
package cu
