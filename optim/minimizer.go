package optim

import (
	"lbsam/autograd"
	"lbsam/tensor"
)

// An Eval says which gradient a minimizer asks for.
type Eval struct {
	Inner       int // how many ascents lie behind the weights: 0 are the clean ones
	Batch       int // which batch of the step
	Micro       int // which micro-batch of that batch
	StatUpdates int // how often the pass moves BatchNorm's running statistics
}

// A Closure zeroes the gradients, runs forward and backward at the current
// weights and returns the loss: a handle to one number in device memory,
// overwritten by the next call. A micro-batch counts as its part of the mean
// over the batch, in the loss and in the gradients.
type Closure func(Eval) tensor.Scalar

// A Minimizer updates the parameters once. It calls loss as often as its
// method needs and returns the loss at the weights that it was given. It
// never waits for the device. log may be nil.
type Minimizer interface {
	Step(loss Closure, log *Log) tensor.Scalar
	// Evals is the number of gradient evaluations of one step.
	Evals() int
	// Batches is the number of batches that one step takes.
	Batches() int
	// State is all that an exact resume needs.
	State() []State
}

// Plain is the base optimizer alone: one gradient, one step.
type Plain struct {
	Params *autograd.Params
	Base   Optimizer
	Clip   float64 // largest norm of the gradient; 0: any
	Micro  int     // micro-batches per batch, accumulated; 0 means 1

	Projection *Projection // of the gradient; nil: none

	gradient gradient
	loss     tensor.Scalar
}

// Step does one step of the base optimizer.
func (m *Plain) Step(loss Closure, log *Log) tensor.Scalar {
	if m.gradient.params == nil {
		m.gradient = gradient{params: m.Params, clip: m.Clip, micro: max(m.Micro, 1), project: m.Projection}
		m.loss = tensor.NewScalar(m.Params.Device(), 0)
	}
	e := Eval{StatUpdates: 1}
	m.gradient.evaluate(loss, e, m.loss)
	log.descent(m.loss)
	w := m.Params.Weights
	m.Base.Step(w, w, m.gradient.descent(loss, e, m.Params.Grads))
	log.push()
	return m.loss
}

// Evals is 1.
func (m *Plain) Evals() int { return 1 }

// Batches is 1.
func (m *Plain) Batches() int { return 1 }

// State is the base optimizer's.
func (m *Plain) State() []State { return m.Base.State() }
