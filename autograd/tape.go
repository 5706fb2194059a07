package autograd

import (
	"lbsam/kernels"
	"lbsam/tensor"
)

// A Tape records the operations of a forward pass, in order, so that no graph
// and no sort is needed. Results live in the arena: Backward frees each where
// it is last used, Reset frees all.
type Tape struct {
	// LossScale multiplies all gradients, so that those of activations in 16
	// bits are not too small for the format; 0 means 1. Whoever sets it divides
	// the gradients of the parameters by it.
	LossScale float64

	// ForwardOnly says that no Backward follows: an operation need not keep what
	// its gradient would want.
	ForwardOnly bool

	arena  *kernels.Arena
	steps  []step
	newest *Var // the result of the last operation
	check  *Lockstep
	traced bool

	// replaced says that results become others before Backward: Lockstep wants
	// the mask of a ReLU taken from them.
	replaced bool
}

// A step is one recorded operation.
type step struct {
	op
	y        *Var
	backward func(dy *tensor.Tensor)
	saved    []*tensor.Tensor // memory that only this step's backward uses
}

// An op describes an operation for Trace and Lockstep: its operands, what else
// its method takes, how long its sums are, forward and in the gradient of each
// operand, and how to do it again on another tape.
type op struct {
	name  string
	in    []*Var
	how   any
	terms int
	grads []int
	again func(t *Tape, in []*Var) *Var
}

// NewTape returns an empty tape whose results live in a.
func NewTape(a *kernels.Arena) *Tape {
	return &Tape{arena: a}
}

// Arena is where results live.
func (t *Tape) Arena() *kernels.Arena { return t.arena }

// describe returns what f says of an operation, if anybody wants to know: a
// plain tape allocates nothing for it.
func (t *Tape) describe(f func() op) op {
	if t.check == nil && !t.traced {
		return op{}
	}
	return f()
}

// record appends an operation whose result is y. backward gets dy, the
// gradient of y, and hands the gradients of the operands to add; saved is
// freed after it.
func (t *Tape) record(o op, y *tensor.Tensor, backward func(dy *tensor.Tensor), saved ...*tensor.Tensor) *Var {
	t.store(y)
	return t.recordExact(o, y, backward, saved...)
}

// recordExact is record for a result that no device rounds: the loss.
func (t *Tape) recordExact(o op, y *tensor.Tensor, backward func(dy *tensor.Tensor), saved ...*tensor.Tensor) *Var {
	v := &Var{Value: y, result: true, owned: true}
	t.steps = append(t.steps, step{o, v, backward, saved})
	t.newest = v
	if t.check != nil {
		t.check.forward(&t.steps[len(t.steps)-1])
	}
	return v
}

// store rounds what a GPU would store in 16 bits, on a device that emulates one.
func (t *Tape) store(v *tensor.Tensor) {
	if t.arena.Device().EmulatesStorage() {
		kernels.Cast(v.Data, v.Data)
	}
}

// add adds g to the gradient of v. It takes g over: the caller must not use
// it again.
func (t *Tape) add(v *Var, g *tensor.Tensor) {
	t.store(g)
	switch {
	case !v.needsGrad():
		g.Free(t.arena)
	case v.Grad == nil:
		v.Grad = g
	case v.addsUp && v.more == nil && t.check == nil:
		v.more = g // which saves a pass over both
	default:
		if !v.result {
			t.arena.Join() // a product may be adding to it
		}
		if v.more != nil { // first come, first added
			v.more, g = g, v.more
		}
		tensor.AddTo(v.Grad, g)
		t.store(v.Grad)
		g.Free(t.arena)
	}
}

// pass hands on dy, the gradient of the step being walked, to v:
// after it the step no longer owns dy.
func (t *Tape) pass(v *Var, y *Var, dy *tensor.Tensor) {
	if y.Grad == nil || y.Grad.Data != dy.Data {
		panic("autograd: pass of a gradient that was passed before")
	}
	y.Grad = nil
	t.add(v, dy)
}

// Backward adds the gradient of loss, a tensor of one element, to the Grad of
// every parameter that led to it, frees the results and empties the tape.
func (t *Tape) Backward(loss *Var) { t.BackwardScaled(loss, 1) }

// BackwardScaled is Backward for scale·loss, and multiplies the value of loss
// by scale: the part that a micro-batch has in the mean of its batch.
func (t *Tape) BackwardScaled(loss *Var, scale float64) {
	if t.ForwardOnly {
		panic("autograd: Backward of a tape that is ForwardOnly")
	}
	loss.Grad = tensor.TempExact(t.arena, loss.Value.Shape...)
	if scale != 1 {
		loss.Grad.Fill(scale)
		kernels.Scale(loss.Value.Data, loss.Value.Data, loss.Grad.Data)
	}
	loss.Grad.Fill(scale * t.lossScale())
	for i := len(t.steps) - 1; i >= 0; i-- {
		t.walk(&t.steps[i], i)
	}
	t.arena.Join()
	t.clear()
}

func (t *Tape) lossScale() float64 {
	if t.LossScale == 0 {
		return 1
	}
	return t.LossScale
}

// walk does a step of Backward, number i of a checked tape. Every use of the step's
// result lies behind it, so that its memory can go.
func (t *Tape) walk(s *step, i int) {
	y := s.y
	if y.Grad != nil {
		if t.check != nil {
			t.check.backward(t, i)
		} else {
			s.backward(y.Grad)
		}
	}
	if y.Grad != nil {
		y.Grad.Free(t.arena)
		y.Grad = nil
	}
	t.free(s)
}

// free frees the result of s and what it saved.
func (t *Tape) free(s *step) {
	if s.y.owned {
		s.y.Value.Free(t.arena)
	}
	for _, saved := range s.saved {
		saved.Free(t.arena)
	}
}

// Reset frees all results and empties the tape: the end of a pass without
// gradients.
func (t *Tape) Reset() {
	t.arena.Reset()
	t.clear()
}

func (t *Tape) clear() {
	t.drop(0)
	t.newest = nil
	if t.check != nil {
		t.check.clear()
	}
}

// drop takes the steps from the first on off the tape.
func (t *Tape) drop(first int) {
	clear(t.steps[first:]) // so that nothing is kept alive
	t.steps = t.steps[:first]
}
