package nn

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// Conv2d is a convolution of images [n, h, w, ic].
type Conv2d struct {
	Weight        *autograd.Var // [oc, kh, kw, ic]
	Bias          *autograd.Var // [oc], or nil
	tensor.Window               // Stride, Pad
}

// NewConv2d draws the weight [oc, size, size, ic] from U(-1/√fan, 1/√fan) with
// fan = ic·size², PyTorch's default. It has no bias; WithBias adds one.
func NewConv2d(d *kernels.Device, r *Stream, ic, oc, size int, win tensor.Window) *Conv2d {
	return &Conv2d{Weight: uniform(d, r, ic*size*size, oc, size, size, ic), Window: win}
}

// WithBias draws a bias like the weight and returns c.
func (c *Conv2d) WithBias(r *Stream) *Conv2d {
	w := c.Weight.Value
	oc := w.Shape[0]
	c.Bias = uniform(w.Device(), r, w.Len()/oc, oc)
	return c
}

// Forward returns the convolution of x [n, h, w, ic]: [n, oh, ow, oc].
func (c *Conv2d) Forward(t *autograd.Tape, x *autograd.Var, _ Mode) *autograd.Var {
	return t.Conv2d(x, c.Weight, c.Bias, c.Window)
}

// Params lists weight and bias.
func (c *Conv2d) Params() []autograd.Param { return weightAndBias(c.Weight, c.Bias) }
