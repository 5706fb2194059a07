package autograd

import (
	"fmt"
	"slices"

	"lbsam/tensor"
)

// Custom records an operation of the caller's own, whose result y was made of in
// and lies in the tape's arena, and returns y as a Var. backward gets dy, the
// gradient of y, and returns that of each operand, nil for none. A gradient is
// memory of the arena that the tape takes over (tensor.Temp), or dy itself, which
// one operand may have and backward may overwrite. saved is memory of the arena
// that backward reads: it is freed behind it.
func (t *Tape) Custom(in []*Var, y *tensor.Tensor, backward func(dy *tensor.Tensor) []*tensor.Tensor, saved ...*tensor.Tensor) *Var {
	o := t.describe(func() op { return op{"custom", in, nil, 1, make([]int, len(in)), nil} })
	var v *Var
	v = t.record(o, y, func(dy *tensor.Tensor) {
		grads := backward(dy)
		if len(grads) != len(in) {
			panic(fmt.Sprintf("autograd: Custom: %d gradients of %d operands", len(grads), len(in)))
		}
		for i, g := range grads {
			switch {
			case g == nil:
			case !slices.Equal(g.Shape, in[i].Shape()):
				panic(fmt.Sprintf("autograd: Custom: the gradient of operand %d is %v, want %v", i, g.Shape, in[i].Shape()))
			case g.Data == dy.Data:
				t.pass(in[i], v, dy)
			default:
				t.add(in[i], g)
			}
		}
	}, saved...)
	return v
}
