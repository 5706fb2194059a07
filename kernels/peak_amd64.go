//go:build !noasm

package kernels

// fmaPeak is a loop of n rounds of FMAs on registers, for the instruction set of
// the fastest microkernel, and fmaPeakFlops what one round computes.
var fmaPeak, fmaPeakFlops = func() (func(n int), float64) {
	switch Instructions() {
	case "AVX512":
		return fmaPeakAVX512, 2 * 12 * 16
	case "AVX2":
		return fmaPeakAVX2, 2 * 12 * 8
	}
	return func(int) {}, 0
}()
