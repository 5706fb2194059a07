package autograd

import "lbsam/tensor"

// MaxPool2d returns the largest element of each size by size window of x
// [n, h, w, c].
func (t *Tape) MaxPool2d(x *Var, size int, win tensor.Window) *Var {
	y, index := tensor.MaxPool2d(t.arena, x.Value, size, win)
	o := t.describe(func() op {
		return op{"maxpool2d", []*Var{x}, Pool{size, size, win}, 1, []int{size * size},
			func(t *Tape, in []*Var) *Var { return t.MaxPool2d(in[0], size, win) }}
	})
	return t.record(o, y, func(dy *tensor.Tensor) {
		t.add(x, tensor.MaxPool2dBackward(t.arena, x.Shape(), dy, index, size, win)) // dx = dy at the winner
	}, index)
}

// AvgPool2d returns the mean of each size by size window of x [n, h, w, c].
func (t *Tape) AvgPool2d(x *Var, size int, win tensor.Window) *Var {
	return t.avgPool(x, size, size, win)
}

// GlobalAvgPool2d returns the mean of each channel of x [n, h, w, c] over the
// image: [n, 1, 1, c].
func (t *Tape) GlobalAvgPool2d(x *Var) *Var {
	return t.avgPool(x, x.Shape()[1], x.Shape()[2], tensor.Window{Stride: 1})
}

func (t *Tape) avgPool(x *Var, kh, kw int, win tensor.Window) *Var {
	o := t.describe(func() op {
		return op{"avgpool2d", []*Var{x}, Pool{kh, kw, win}, kh * kw, []int{kh * kw},
			func(t *Tape, in []*Var) *Var { return t.avgPool(in[0], kh, kw, win) }}
	})
	return t.record(o, tensor.AvgPool2d(t.arena, x.Value, kh, kw, win), func(dy *tensor.Tensor) {
		t.add(x, tensor.AvgPool2dBackward(t.arena, x.Shape(), dy, kh, kw, win)) // dx = dy/(kh·kw), summed
	})
}
