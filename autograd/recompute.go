package autograd

import (
	"slices"

	"lbsam/tensor"
)

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
	first, before := len(t.steps), t.newest
	y := f(false)
	if n := len(t.steps); n == first || t.steps[n-1].y != y || !y.owned {
		panic("autograd: Recompute: what f returns is not the result of its last operation")
	}
	y.owned = false // but of v, which takes its place
	t.forget(first)
	p := &piece{f: f, before: before}
	p.v = t.recordExact(op{}, y.Value, func(dy *tensor.Tensor) {
		y := p.bring(t)
		y.Grad, y.more = dy, p.v.more
		p.v.Grad, p.v.more = nil, nil
		for i := len(p.steps) - 1; i >= 0; i-- {
			t.walk(&p.steps[i], i)
		}
	})
	p.v.addsUp = y.addsUp
	if y.normed != nil || y.piece != nil {
		p.v.piece = p
	}
	return p.v
}

// A piece is what is computed again: f, whose result v was.
type piece struct {
	f         func(again bool) *Var
	v, before *Var // before is the result of the operation before f
	steps     []step
}

// bring calls f again, once, and returns its result, which takes the place of v's:
// when Backward comes to v, or before, when a convolution that reads v begins the
// gradient of the normalisation at the end of f.
func (p *piece) bring(t *Tape) *Var {
	if p.steps == nil {
		p.v.Value.Free(t.arena)
		p.v.owned = false // but of the last step
		first, newest := len(t.steps), t.newest
		t.newest = p.before
		p.v.Value = p.f(true).Value
		p.steps, t.newest = slices.Clone(t.steps[first:]), newest
		t.drop(first)
	}
	return p.steps[len(p.steps)-1].y
}

// forget frees what the steps from the first on keep, and drops them.
func (t *Tape) forget(first int) {
	for i := len(t.steps) - 1; i >= first; i-- {
		t.free(&t.steps[i])
	}
	t.drop(first)
}
