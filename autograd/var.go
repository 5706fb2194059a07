// Package autograd computes gradients in reverse mode. A Tape records what a
// forward pass does; Backward walks it from the end. Each operation is one
// function that holds its forward pass and its gradient.
package autograd

import (
	"lbsam/kernels"
	"lbsam/tensor"
)

// A Var is a tensor in a computation, with its gradient.
type Var struct {
	Value *tensor.Tensor

	// Grad is the gradient of a parameter: it exists before the pass, and
	// backward adds to it. An intermediate result has one only during
	// Backward; an input has none.
	Grad *tensor.Tensor

	// rounded is a copy of a parameter in the format of activations, where that
	// is another one; see Params.Round.
	rounded *tensor.Tensor

	// more is another part of the gradient, of a result whose operation adds
	// the two parts up while it reads them.
	more   *tensor.Tensor
	addsUp bool

	// normed is the batch normalisation that gave the value, if its gradient may
	// begin with that of a convolution that reads it; piece is what such a
	// normalisation ends, and is computed again.
	normed *normed
	piece  *piece

	result bool // of an operation: the tape owns Value and Grad
	owned  bool // Value is memory of the arena, not a view of another Var's
}

// NewParam returns a parameter with a zero gradient.
func NewParam(value *tensor.Tensor) *Var {
	return &Var{Value: value, Grad: tensor.NewOf(value.Device(), value.Data.Dtype(), value.Shape...)}
}

// Input returns a Var that needs no gradient: a batch of images.
func Input(value *tensor.Tensor) *Var { return &Var{Value: value} }

// needsGrad reports whether backward must compute the gradient of v.
func (v *Var) needsGrad() bool { return v.result || v.Grad != nil }

// Shape is the shape of the value.
func (v *Var) Shape() []int { return v.Value.Shape }

// Device is the device of the value.
func (v *Var) Device() *kernels.Device { return v.Value.Device() }
