// Package optim moves weights: base optimizers (SGD, AdamW), the minimizers
// built on them (SAM, ASAM, Lookahead, Multistep-SAM, the path mean,
// Lookbehind-SAM), and schedules.
//
// Weights, gradients and every copy of them are arenas of a whole model (see
// autograd.Params), so that a method is a few passes over arrays. A step
// never waits for the device: losses, norms, alphas and learning rates stay
// in its memory.
package optim

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// An Optimizer moves weights by a gradient.
type Optimizer interface {
	// Step sets w to from, moved by the gradient g: arenas, of which w may be from.
	Step(w, from, g *tensor.Tensor)
	// SetLR changes the learning rate.
	SetLR(lr float64)
	// Moments are the arenas that the optimizer remembers from step to step:
	// what a pull-back of the weights may reset or interpolate.
	Moments() []*tensor.Tensor
	// State is all that an exact resume needs.
	State() []State
}

// State is a tensor that a checkpoint keeps, and its name.
type State struct {
	Name  string
	Value *tensor.Tensor
}

// segments describes the parameters of p to the kernels. A nil list marks no
// parameter.
func segments(p *autograd.Params, scaled, frozen, noDecay []bool) *kernels.Segments {
	list := make([]kernels.Segment, len(p.List))
	for i := range list {
		list[i] = kernels.Segment{
			Offset: p.Offsets[i], Len: p.Lens[i],
			Scaled: marked(scaled, i), Frozen: marked(frozen, i), NoDecay: marked(noDecay, i),
		}
	}
	return kernels.NewSegments(p.Device(), p.Size(), list)
}

func marked(list []bool, i int) bool { return list != nil && list[i] }

// arena returns a new arena of zeros like the weights.
func arena(p *autograd.Params) *tensor.Tensor { return tensor.New(p.Device(), p.Size()) }

// buffer is the data of a tensor that may be nil.
func buffer(t *tensor.Tensor) kernels.Buffer {
	if t == nil {
		return kernels.Buffer{}
	}
	return t.Data
}
