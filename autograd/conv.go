package autograd

import "lbsam/tensor"

// Conv2d returns the convolution of x [n, h, w, c] with w [oc, kh, kw, c],
// plus b [oc] unless b is nil: y [n, oh, ow, oc].
func (t *Tape) Conv2d(x, w, b *Var, win tensor.Window) *Var {
	return t.conv2d(x, w, b, win, tensor.Conv2d(t.arena, x.Value, w.factor(), b.optional(), win))
}

// conv2d records the convolution that gave y.
func (t *Tape) conv2d(x, w, b *Var, win tensor.Window, y *tensor.Tensor) *Var {
	oc, kh, kw, c := w.Shape()[0], w.Shape()[1], w.Shape()[2], w.Shape()[3]
	pixels := y.Len() / oc
	o := t.describe(func() op {
		return op{"conv2d", operands(x, w, b), win, kh * kw * c, []int{kh * kw * oc, pixels, pixels},
			func(t *Tape, in []*Var) *Var { return t.Conv2d(in[0], in[1], third(in), win) }}
	})
	last := t.newest == x // all other uses of x follow, and so Backward comes here last
	return t.record(o, y, func(dy *tensor.Tensor) {
		if b != nil {
			tensor.BiasBackwardAdd(b.Grad, dy)
		}
		if x.needsGrad() && !(last && t.beginNorm(x, dy, w, win)) { // the batch needs none
			t.add(x, tensor.Conv2dBackwardInput(t.arena, x.Shape(), dy, w.factor(), win))
		}
		// Nobody waits for dw. It comes last, so that it runs beside what comes of dx:
		// passes of a normalisation, as a rule, which leave the tensor cores alone.
		t.arena.Aside(func() { tensor.Conv2dBackwardWeightAdd(w.Grad, dy, x.Value, win) }, dy.Data, x.Value.Data)
	})
}

// Linear returns y [n, out] = x wᵀ + b, for x [n, in], w [out, in] and b [out],
// which may be nil.
func (t *Tape) Linear(x, w, b *Var) *Var {
	y := tensor.Linear(t.arena, x.Value, w.factor(), b.optional())
	n, out, in := y.Shape[0], y.Shape[1], x.Shape()[1]
	o := t.describe(func() op {
		return op{"linear", operands(x, w, b), nil, in, []int{out, n, n},
			func(t *Tape, in []*Var) *Var { return t.Linear(in[0], in[1], third(in)) }}
	})
	return t.record(o, y, func(dy *tensor.Tensor) {
		tensor.LinearBackwardWeightAdd(w.Grad, dy, x.Value) // dw += dyᵀ x
		if b != nil {
			tensor.BiasBackwardAdd(b.Grad, dy) // db += sum of dy over n
		}
		if x.needsGrad() {
			t.add(x, tensor.LinearBackwardInput(t.arena, dy, w.factor())) // dx = dy w
		}
	})
}

// factor is what activations are multiplied with: the weight, or its copy in
// their format.
func (v *Var) factor() *tensor.Tensor {
	if v.rounded != nil {
		return v.rounded
	}
	return v.Value
}

// optional is the value of an operand that may be nil.
func (v *Var) optional() *tensor.Tensor {
	if v == nil {
		return nil
	}
	return v.Value
}

// operands lists x, w and, if it is there, b.
func operands(x, w, b *Var) []*Var {
	if b == nil {
		return []*Var{x, w}
	}
	return []*Var{x, w, b}
}

func third(in []*Var) *Var {
	if len(in) < 3 {
		return nil
	}
	return in[2]
}
