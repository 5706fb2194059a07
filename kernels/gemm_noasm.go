//go:build !amd64 || noasm

package kernels

// microkernels returns what this processor can run, the fastest first.
func microkernels() [][]microkernel { return [][]microkernel{{gemmGeneric}} }
