// Package cuda runs kernels on an NVIDIA GPU: a driver.Driver on top of
// NVIDIA's driver library, which is opened at run time.
//
// A Device belongs to the goroutine that opens it. That goroutine stays on one
// OS thread, to which CUDA's context is bound, until Close.
//
// No call waits for the GPU without a limit. Where the driver library could
// block, the package first asks whether the work is done, again and again; a
// GPU that gets nothing done for Config.Timeout is a driver.Lost.
package cuda
