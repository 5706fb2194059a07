package autograd

import "lbsam/tensor"

// Recompute records what f puts on the tape as one operation that keeps nothing
// but its result, that of f's last operation. Backward calls f again and then has
// all that was freed (Chen et al. 2016, "Training deep nets with sublinear memory
// cost"; PyTorch's checkpoint): a forward pass more, for the memory of the largest
// such operation in the place of that of all. The gradients are the same bits if f
// computes the same again, and then leaves alone what it changed on the side:
// running statistics and random numbers.
func (t *Tape) Recompute(f func(again bool) *Var) *Var {
	if t.ForwardOnly || t.check != nil || t.traced {
		return f(false)
	}
	first := len(t.steps)
	y := f(false)
	if n := len(t.steps); n == first || t.steps[n-1].y != y || !y.owned {
		panic("autograd: Recompute: what f returns is not the result of its last operation")
	}
	y.owned = false // but of v, which takes its place
	t.forget(first)
	var v *Var
	v = t.recordExact(op{}, y.Value, func(dy *tensor.Tensor) {
		v.Value.Free(t.arena) // whoever read it is behind us
		v.owned = false
		first := len(t.steps)
		y := f(true)
		y.Grad, y.more = dy, v.more
		v.Grad, v.more = nil, nil
		for i := len(t.steps) - 1; i >= first; i-- {
			t.walk(i)
		}
		t.drop(first)
	})
	v.addsUp = y.addsUp
	return v
}

// forget frees what the steps from the first on keep, and drops them.
func (t *Tape) forget(first int) {
	for i := len(t.steps) - 1; i >= first; i-- {
		t.free(&t.steps[i])
	}
	t.drop(first)
}
