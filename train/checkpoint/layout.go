package checkpoint

import (
	"fmt"

	"lbsam/tensor"
)

// ToTorch returns values of the given shape in PyTorch's layout, and the shape
// there: the weight of a convolution [oc, kh, kw, ic] becomes [oc, ic, kh, kw]
// and a batch of images [n, h, w, c] becomes [n, c, h, w]. What has not four
// dimensions is the same in both layouts.
func ToTorch(shape []int, values []float64) ([]int, []float64) {
	mustFill("ToTorch", shape, values)
	if len(shape) != 4 {
		return shape, values
	}
	return toTorchShape(shape), transpose(values, shape[0], shape[1]*shape[2], shape[3])
}

// FromTorch is the inverse of ToTorch.
func FromTorch(shape []int, values []float64) ([]int, []float64) {
	mustFill("FromTorch", shape, values)
	if len(shape) != 4 {
		return shape, values
	}
	n, c, h, w := shape[0], shape[1], shape[2], shape[3]
	return []int{n, h, w, c}, transpose(values, n, c, h*w)
}

func toTorchShape(shape []int) []int { return []int{shape[0], shape[3], shape[1], shape[2]} }

// transpose returns n matrices x [rows, cols] as [cols, rows].
func transpose(x []float64, n, rows, cols int) []float64 {
	y := make([]float64, len(x))
	for m := range n {
		x, y := x[m*rows*cols:(m+1)*rows*cols], y[m*rows*cols:(m+1)*rows*cols]
		for i := range rows {
			for j := range cols {
				y[j*rows+i] = x[i*cols+j]
			}
		}
	}
	return y
}

func mustFill(op string, shape []int, values []float64) {
	if tensor.Size(shape) != len(values) {
		panic(fmt.Sprintf("checkpoint: %s of %d values as %v", op, len(values), shape))
	}
}
