//go:build !amd64 || noasm

package kernels

// Without assembly there is no loop to measure against.
const fmaPeakFlops = 0.0

func fmaPeak(int) {}
