package kernels

import "unsafe"

// bytes is the memory of b, whose elements have the given size.
func bytes(b Buffer, size int) []byte {
	return unsafe.Slice((*byte)(b.host), b.n*size)
}

// addRef is the reference for Add.
func addRef[T Float](y, a, b []T) {
	for i, v := range a {
		y[i] = v + b[i]
	}
}

// addScaledRef is the reference for AddScaled. The product is rounded before
// it is added, on every device.
func addScaledRef[T Float](y, x []T, s T) {
	for i, v := range x {
		y[i] += T(s * v)
	}
}

// scaleRef is the reference for Scale.
func scaleRef[T Float](y, x []T, s T) {
	for i, v := range x {
		y[i] = s * v
	}
}

// reluRef is the reference for ReLU. NaN stays NaN, as in PyTorch.
func reluRef[T Float](y, x []T) {
	for i, v := range x {
		if v <= 0 {
			v = 0
		}
		y[i] = v
	}
}

// reluBackwardRef is the reference for ReLUBackward.
func reluBackwardRef[T Float](dx, dy, y []T) {
	for i, v := range y {
		d := dy[i]
		if v <= 0 {
			d = 0
		}
		dx[i] = d
	}
}

// sumRowsAddRef is the reference for SumRowsAdd. It sums in float64.
func sumRowsAddRef[T Float](sum, x []T) {
	c := len(sum)
	for j := range sum {
		total := 0.0
		for i := j; i < len(x); i += c {
			total += float64(x[i])
		}
		sum[j] += T(total)
	}
}
