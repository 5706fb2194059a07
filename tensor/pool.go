package tensor

import "lbsam/kernels"

// pooling is the geometry of square windows on x [n, h, w, c].
func pooling(x []int, kh, kw int, win Window) kernels.Pool {
	return kernels.Pool{N: x[0], H: x[1], W: x[2], C: x[3], KH: kh, KW: kw, Stride: win.Stride, Pad: win.Pad}
}

// MaxPool2d returns the largest element of each size by size window of x
// [n, h, w, c], and its position, int32.
func MaxPool2d(a *kernels.Arena, x *Tensor, size int, win Window) (y, index *Tensor) {
	mustRank("MaxPool2d", "x", x, "[n h w c]", 4)
	g := pooling(x.Shape, size, size, win)
	y = Temp(a, g.N, g.OH(), g.OW(), g.C)
	index = TempOf(a, kernels.Int32, y.Shape...)
	kernels.MaxPool2d(y.Data, index.Data, x.Data, g)
	return y, index
}

// MaxPool2dBackward returns dx of the given shape.
func MaxPool2dBackward(a *kernels.Arena, shape []int, dy, index *Tensor, size int, win Window) *Tensor {
	dx := Temp(a, shape...)
	kernels.MaxPool2dBackward(dx.Data, dy.Data, index.Data, pooling(shape, size, size, win))
	return dx
}

// AvgPool2d returns the mean of each kh by kw window of x [n, h, w, c], zeros
// of the padding counted.
func AvgPool2d(a *kernels.Arena, x *Tensor, kh, kw int, win Window) *Tensor {
	mustRank("AvgPool2d", "x", x, "[n h w c]", 4)
	g := pooling(x.Shape, kh, kw, win)
	y := Temp(a, g.N, g.OH(), g.OW(), g.C)
	kernels.AvgPool2d(y.Data, x.Data, g)
	return y
}

// AvgPool2dBackward returns dx of the given shape.
func AvgPool2dBackward(a *kernels.Arena, shape []int, dy *Tensor, kh, kw int, win Window) *Tensor {
	dx := Temp(a, shape...)
	kernels.AvgPool2dBackward(dx.Data, dy.Data, pooling(shape, kh, kw, win))
	return dx
}
