package nn

import "lbsam/autograd"

// Sequential applies its layers one after the other.
type Sequential []Child

// Forward returns the result of the last layer. A convolution and the
// normalisation behind it are one operation.
func (s Sequential) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	for i := 0; i < len(s); i++ {
		if c, ok := s[i].Layer.(*Conv2d); ok && i+1 < len(s) {
			if b, ok := s[i+1].Layer.(*BatchNorm2d); ok {
				x = b.behind(c, t, x, nil, m, false)
				i++
				continue
			}
		}
		x = s[i].Forward(t, x, m)
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
