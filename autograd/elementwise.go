package autograd

import "lbsam/tensor"

// ReLU returns max(x, 0).
func (t *Tape) ReLU(x *Var) *Var {
	y := tensor.ReLU(t.arena, x.Value)
	o := t.describe(func() op {
		return op{"relu", []*Var{x}, nil, 1, []int{1}, func(t *Tape, in []*Var) *Var { return t.ReLU(in[0]) }}
	})
	var v *Var
	v = t.record(o, y, func(dy *tensor.Tensor) {
		tensor.ReLUBackward(dy, y) // dx = dy where y > 0
		t.pass(x, v, dy)
	})
	return v
}

// Add returns a + b, of one shape.
func (t *Tape) Add(a, b *Var) *Var {
	o := t.describe(func() op {
		return op{"add", []*Var{a, b}, nil, 1, []int{1, 1}, func(t *Tape, in []*Var) *Var { return t.Add(in[0], in[1]) }}
	})
	var v *Var
	v = t.record(o, tensor.Add(t.arena, a.Value, b.Value), func(dy *tensor.Tensor) {
		db := tensor.Temp(t.arena, dy.Shape...)
		tensor.Copy(db, dy)
		t.add(b, db)     // db = dy
		t.pass(a, v, dy) // da = dy
	})
	return v
}

// Dropout returns x/(1-p) where the draw of key keeps it, else 0. key is an
// int32 tensor {seed, pass, layer}, and must not change before Backward.
func (t *Tape) Dropout(x *Var, key *tensor.Tensor, p float64) *Var {
	o := t.describe(func() op {
		return op{"dropout", []*Var{x}, nil, 1, []int{1}, nil}
	})
	return t.record(o, tensor.Dropout(t.arena, x.Value, key, p), func(dy *tensor.Tensor) {
		t.add(x, tensor.Dropout(t.arena, dy, key, p)) // dx = dy/(1-p) where x was kept
	})
}
