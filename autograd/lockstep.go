package autograd

import (
	"fmt"
	"math"

	"lbsam/kernels"
	"lbsam/tensor"
)

// Lockstep checks a device operation by operation. It belongs to a tape on
// the reference device: it hands the operands of each operation, rounded, to
// the other device, and compares what that computes, forward and backward.
// Errors do not add up from one operation to the next, so that a deep network
// is judged as strictly as a shallow one.
type Lockstep struct {
	Compared int     // results and gradients
	Worst    string  // the operation with the largest error
	Ratio    float64 // that error, as a part of what is allowed

	tape  *Tape   // on the device under test
	twins []*twin // one per step of the reference's tape
}

// A twin is the other device's side of a step: its operands and the step. It
// is nil for an operation that cannot be done again.
type twin struct {
	in []*Var
	step
}

// perTerm is the error allowed to a float32 sum, per term and relative to the
// largest magnitude in the result.
const perTerm = 4e-7

// NewLockstep makes t, an empty tape on the reference device, check device d.
func NewLockstep(t *Tape, d *kernels.Device) *Lockstep {
	t.check = &Lockstep{tape: NewTape(kernels.NewArena(d))}
	t.check.tape.replaced = true
	return t.check
}

// forward does s again on the other device and compares the results.
func (l *Lockstep) forward(s *step) {
	if s.again == nil {
		l.twins = append(l.twins, nil)
		return
	}
	copies := map[*Var]*Var{} // an operand used twice is one operand
	tw := &twin{}
	for _, v := range s.in {
		if copies[v] == nil {
			copies[v] = l.operand(v)
		}
		tw.in = append(tw.in, copies[v])
	}
	s.again(l.tape, tw.in)
	tw.step = l.tape.steps[len(l.tape.steps)-1]
	l.twins = append(l.twins, tw)
	l.compare(s.name, tw.y.Value, s.y.Value, s.terms)
}

// operand copies v to the other device, as a parameter if it needs a gradient.
func (l *Lockstep) operand(v *Var) *Var {
	c := Input(tensor.TempOf(l.tape.arena, l.dtype(v.Value), v.Shape()...))
	l.round(c.Value, v.Value)
	if v.needsGrad() {
		c.Grad = tensor.Temp(l.tape.arena, v.Shape()...)
		c.Grad.Zero()
	}
	return c
}

func (l *Lockstep) dtype(t *tensor.Tensor) kernels.Dtype {
	if t.Data.Dtype() == kernels.Int32 {
		return kernels.Int32
	}
	return l.tape.arena.Device().Precision()
}

// round copies src, on the reference device, to dst, on the other.
func (l *Lockstep) round(dst, src *tensor.Tensor) {
	if src.Data.Dtype() == kernels.Int32 {
		numbers := make([]int32, src.Len())
		kernels.Download(numbers, src.Data)
		kernels.Upload(dst.Data, numbers)
		return
	}
	dst.SetFloats(src.Floats())
}

// backward walks step number i on both devices and compares the gradients
// that reach each operand.
func (l *Lockstep) backward(t *Tape, i int) {
	s, tw := &t.steps[i], l.twins[i]
	if tw == nil {
		s.backward(s.y.Grad)
		return
	}
	// The other device gets the reference's result too, so that the mask of
	// a ReLU is the same where the result is all but zero.
	l.round(tw.y.Value, s.y.Value)
	tw.y.Grad = tensor.Temp(l.tape.arena, s.y.Shape()...)
	l.round(tw.y.Grad, s.y.Grad)
	tw.backward(tw.y.Grad)

	before, dy := isolate(t, s.in), largest(s.y.Grad.Floats())
	s.backward(s.y.Grad)
	for j, v := range s.in {
		if v.Grad == nil || tw.in[j].Grad == nil {
			continue
		}
		scale := largest(v.Grad.Floats())
		if j == bias {
			scale = math.Max(scale, dy)
		}
		l.hold(fmt.Sprintf("%s, gradient of operand %d", s.name, j), tw.in[j].Grad, v.Grad, perTerm*float64(s.grads[j])*scale)
	}
	restore(t, before)
}

// bias is the operand that every operation with three of them adds to its
// result. Its gradient is the sum of dy and may vanish, as it does in front of
// a batch normalisation. An error is then relative to the terms: rounding dy
// alone moves a sum of so many by up to 6e-8·terms of the largest.
const bias = 2

// isolate takes away the gradients that in has so far, so that what one step
// adds can be seen.
func isolate(t *Tape, in []*Var) map[*Var]*tensor.Tensor {
	before := map[*Var]*tensor.Tensor{}
	for _, v := range in {
		if _, done := before[v]; done || v.Grad == nil {
			continue
		}
		before[v] = v.Grad
		v.Grad = nil
		if !v.result { // a parameter must have one
			v.Grad = tensor.TempExact(t.arena, v.Shape()...)
			v.Grad.Zero()
		}
	}
	return before
}

// restore adds what the step added to the gradients from before it.
func restore(t *Tape, before map[*Var]*tensor.Tensor) {
	for v, old := range before {
		if v.Grad != nil {
			tensor.AddTo(old, v.Grad)
			v.Grad.Free(t.arena)
		}
		v.Grad = old
	}
}

// compare holds got, on the other device, to want, a result of sums of so many
// terms.
func (l *Lockstep) compare(name string, got, want *tensor.Tensor, terms int) {
	l.hold(name, got, want, perTerm*float64(terms)*largest(want.Floats()))
}

// hold measures the error of got as a part of what is allowed.
func (l *Lockstep) hold(name string, got, want *tensor.Tensor, allowed float64) {
	g, w := got.Floats(), want.Floats()
	for i := range w {
		g[i] -= w[i]
	}
	worst := largest(g)
	ratio := worst / allowed
	if worst == 0 {
		ratio = 0
	}
	if math.IsNaN(ratio) {
		ratio = math.Inf(1) // so that no later operation hides it
	}
	l.Compared++
	if !(ratio <= l.Ratio) {
		l.Ratio, l.Worst = ratio, fmt.Sprintf("%s %v", name, want.Shape)
	}
}

// largest is the largest magnitude in x, NaN if there is one.
func largest(x []float64) (m float64) {
	for _, v := range x {
		m = math.Max(m, math.Abs(v))
	}
	return m
}

func (l *Lockstep) clear() {
	l.twins = l.twins[:0]
	l.tape.Reset()
}
