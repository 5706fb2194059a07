package nn

import (
	"lbsam/autograd"
	"lbsam/tensor"
)

// MaxPool2d takes the largest element of each Size by Size window.
type MaxPool2d struct {
	Size   int
	Stride int // 0: Size
	Pad    int
	noParams
}

// Forward pools x [n, h, w, c].
func (p MaxPool2d) Forward(t *autograd.Tape, x *autograd.Var, _ Mode) *autograd.Var {
	return t.MaxPool2d(x, p.Size, poolWindow(p.Size, p.Stride, p.Pad))
}

// AvgPool2d takes the mean of each Size by Size window, zeros of the padding
// counted.
type AvgPool2d struct {
	Size   int
	Stride int // 0: Size
	Pad    int
	noParams
}

// Forward pools x [n, h, w, c].
func (p AvgPool2d) Forward(t *autograd.Tape, x *autograd.Var, _ Mode) *autograd.Var {
	return t.AvgPool2d(x, p.Size, poolWindow(p.Size, p.Stride, p.Pad))
}

// GlobalAvgPool2d takes the mean of each channel over the image.
type GlobalAvgPool2d struct{ noParams }

// Forward pools x [n, h, w, c] to [n, 1, 1, c].
func (GlobalAvgPool2d) Forward(t *autograd.Tape, x *autograd.Var, _ Mode) *autograd.Var {
	return t.GlobalAvgPool2d(x)
}

func poolWindow(size, stride, pad int) tensor.Window {
	if stride == 0 {
		stride = size
	}
	return tensor.Window{Stride: stride, Pad: pad}
}
