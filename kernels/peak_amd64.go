//go:build !noasm

package kernels

import "strings"

// fmaPeak is a loop of n rounds of FMAs on registers, for the instruction set of
// the fastest microkernel, and fmaPeakFlops what one round computes.
var fmaPeak, fmaPeakFlops = func() (func(n int), float64) {
	switch name := microkernels()[0][0].name; {
	case strings.HasSuffix(name, "AVX512"):
		return fmaPeakAVX512, 2 * 12 * 16
	case strings.HasSuffix(name, "AVX2"):
		return fmaPeakAVX2, 2 * 12 * 8
	}
	return func(int) {}, 0
}()
