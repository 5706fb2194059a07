package nn

import (
	"lbsam/autograd"
	"lbsam/kernels"
)

// Linear is a fully connected layer: y = x Weightᵀ + Bias.
type Linear struct {
	Weight *autograd.Var // [out, in]
	Bias   *autograd.Var // [out], or nil
}

// NewLinear draws weight and bias from U(-1/√in, 1/√in), PyTorch's default.
func NewLinear(d *kernels.Device, r *Stream, in, out int) *Linear {
	return &Linear{Weight: uniform(d, r, in, out, in), Bias: uniform(d, r, in, out)}
}

// Forward returns y [n, out] for x [n, in].
func (l *Linear) Forward(t *autograd.Tape, x *autograd.Var, _ Mode) *autograd.Var {
	return t.Linear(x, l.Weight, l.Bias)
}

// Params lists weight and bias.
func (l *Linear) Params() []autograd.Param { return weightAndBias(l.Weight, l.Bias) }
