package kernels

import "math"

// unscaleRef is the reference for Unscale, and reports whether an element of the
// result is not finite.
func unscaleRef[T Float](x []T, factor T) (overflow bool) {
	for i, v := range x {
		x[i] = v * factor
		overflow = overflow || !(math.Abs(float64(x[i])) <= math.MaxFloat64)
	}
	return overflow
}
