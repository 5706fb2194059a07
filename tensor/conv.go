package tensor

import "lbsam/kernels"

// Window is how a filter or a pooling window moves over an image.
type Window struct{ Stride, Pad int }

// convolution is the geometry of x [n, h, w, c] and w [oc, kh, kw, c].
func convolution(x, w []int, win Window) kernels.Conv {
	g := kernels.Conv{N: x[0], H: x[1], W: x[2], C: x[3], OC: w[0], KH: w[1], KW: w[2], Stride: win.Stride, Pad: win.Pad}
	return g
}

// convolutionOf is convolution of tensors, whose shapes it checks.
func convolutionOf(op string, x, w *Tensor, win Window) kernels.Conv {
	mustRank(op, "x", x, "[n h w c]", 4)
	mustRank(op, "w", w, "[oc kh kw c]", 4)
	mustShape(op, "w", w, w.Shape[0], w.Shape[1], w.Shape[2], x.Shape[3])
	return convolution(x.Shape, w.Shape, win)
}

// Conv2d returns y [n, oh, ow, oc], the convolution of x [n, h, w, c] with
// w [oc, kh, kw, c], plus b [oc] unless b is nil.
func Conv2d(a *kernels.Arena, x, w, b *Tensor, win Window) *Tensor {
	g := convolutionOf("Conv2d", x, w, win)
	y := Temp(a, g.N, g.OH(), g.OW(), g.OC)
	kernels.Conv2d(y.Data, x.Data, w.Data, b.optional(), g)
	return y
}

// Conv2dBackwardInput returns dx of the given shape [n, h, w, c].
func Conv2dBackwardInput(a *kernels.Arena, shape []int, dy, w *Tensor, win Window) *Tensor {
	g := convolution(shape, w.Shape, win)
	mustShape("Conv2dBackwardInput", "dy", dy, g.N, g.OH(), g.OW(), g.OC)
	dx := Temp(a, shape...)
	kernels.Conv2dBackwardInput(dx.Data, dy.Data, w.Data, g)
	return dx
}

// Conv2dBackwardWeightAdd adds the gradient of the weight to dw.
func Conv2dBackwardWeightAdd(dw, dy, x *Tensor, win Window) {
	g := convolution(x.Shape, dw.Shape, win)
	mustShape("Conv2dBackwardWeightAdd", "dy", dy, g.N, g.OH(), g.OW(), g.OC)
	kernels.Conv2dBackwardWeightAdd(dw.Data, dy.Data, x.Data, g)
}

// A linear layer is a convolution of images of one pixel.
func matrix(x, w []int) kernels.Conv {
	return kernels.Conv{N: x[0], H: 1, W: 1, C: x[1], OC: w[0], KH: 1, KW: 1, Stride: 1}
}

// Linear returns y [n, out] = x wᵀ + b, for x [n, in] and w [out, in]; b [out]
// may be nil.
func Linear(a *kernels.Arena, x, w, b *Tensor) *Tensor {
	mustRank("Linear", "x", x, "[n in]", 2)
	mustRank("Linear", "w", w, "[out in]", 2)
	mustShape("Linear", "w", w, w.Shape[0], x.Shape[1])
	g := matrix(x.Shape, w.Shape)
	y := Temp(a, g.N, g.OC)
	kernels.Conv2d(y.Data, x.Data, w.Data, b.optional(), g)
	return y
}

// LinearBackwardInput returns dx [n, in] = dy w.
func LinearBackwardInput(a *kernels.Arena, dy, w *Tensor) *Tensor {
	dx := Temp(a, dy.Shape[0], w.Shape[1])
	kernels.Conv2dBackwardInput(dx.Data, dy.Data, w.Data, matrix(dx.Shape, w.Shape))
	return dx
}

// LinearBackwardWeightAdd computes dw += dyᵀ x.
func LinearBackwardWeightAdd(dw, dy, x *Tensor) {
	mustShape("LinearBackwardWeightAdd", "dw", dw, dy.Shape[1], x.Shape[1])
	kernels.Conv2dBackwardWeightAdd(dw.Data, dy.Data, x.Data, matrix(x.Shape, dw.Shape))
}

// BiasBackwardAdd adds to db [c] the sum of dy [..., c] over all rows.
func BiasBackwardAdd(db, dy *Tensor) {
	mustShape("BiasBackwardAdd", "db", db, dy.Shape[len(dy.Shape)-1])
	kernels.SumRowsAdd(db.Data, dy.Data)
}

// optional is the buffer of an operand that may be nil.
func (t *Tensor) optional() kernels.Buffer {
	if t == nil {
		return kernels.Buffer{}
	}
	return t.Data
}
