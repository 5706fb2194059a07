package nn

import "lbsam/autograd"

// Sequential applies its layers one after the other.
type Sequential []Child

// Forward returns the result of the last layer.
func (s Sequential) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	for _, child := range s {
		x = child.Forward(t, x, m)
	}
	return x
}

// Params lists the parameters of all layers.
func (s Sequential) Params() []autograd.Param { return Children(s).Params() }

// Buffers lists the buffers of all layers.
func (s Sequential) Buffers() []Buffer { return Children(s).Buffers() }

// Random reports whether a layer draws random numbers.
func (s Sequential) Random() bool { return Children(s).Random() }

// SetDropout sets the probability of every Dropout inside, and reports whether
// there is one.
func (s Sequential) SetDropout(p float64) bool { return Children(s).SetDropout(p) }
