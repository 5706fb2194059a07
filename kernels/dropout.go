package kernels

import (
	"fmt"

	"lbsam/internal/rng"
)

// Dropout sets y[i] = x[i]/(1-p) with probability 1-p and 0 otherwise, for p
// in [0, 1).
//
// Whether element i is kept depends on key, an int32 array {seed, pass,
// layer}, and i alone: Philox with key seed and counter (i/4, pass, layer,
// rng.Dropout), whose word i mod 4 is compared with p·2^32. So the same key in
// the backward pass draws the same mask, and the gradient is the same function:
// dx from dy. y may alias x.
func Dropout(y, x, key Buffer, p float64) {
	defer y.dev.span("Dropout", y, x, key).end()
	mustMatch("Dropout", activationType(x), x.n, x, y)
	mustMatch("Dropout", Int32, 3, key)
	mustShare("Dropout", x, key)
	if !(p >= 0 && p < 1) {
		panic(fmt.Sprintf("kernels: Dropout with probability %v, want 0 or more and less than 1", p))
	}
	switch {
	case x.dev.gpu != nil:
		x.dev.gpu.launch("dropout"+x.dtype.suffix(), wides(x), y, x, key, uint32(p*(1<<32)), float32(1/(1-p)), x.n)
	case x.dev.isCPU(): // pieces start at multiples of grain, so of 4
		x.dev.pool.ranges(x.n, func(lo, hi int) { dropoutRef(f32(y)[lo:hi], f32(x)[lo:hi], i32(key), lo/4, p) })
	case x.dtype == Float64:
		dropoutRef(f64(y), f64(x), i32(key), 0, p)
	default:
		dropoutRef(f32(y), f32(x), i32(key), 0, p)
	}
}

// dropoutRef is the reference for Dropout of the elements from 4·first on.
func dropoutRef[T Float](y, x []T, key []int32, first int, p float64) {
	threshold := uint32(p * (1 << 32))
	scale := T(1 / (1 - p))
	for lo := 0; lo < len(x); lo += 4 {
		words := rng.Philox(uint64(uint32(key[0])), [4]uint32{uint32(first + lo/4), uint32(key[1]), uint32(key[2]), rng.Dropout})
		for i := lo; i < min(lo+4, len(x)); i++ {
			v := T(0)
			if words[i-lo] >= threshold {
				v = scale * x[i]
			}
			y[i] = v
		}
	}
}
