package autograd

import "lbsam/tensor"

// Flatten returns x [n, h, w, c] as [n, c·h·w], in PyTorch's order (c, h, w). Where
// that is x's own order the result is a view.
func (t *Tape) Flatten(x *Var) *Var {
	o := t.describe(func() op {
		return op{"flatten", []*Var{x}, nil, 1, []int{1}, func(t *Tape, in []*Var) *Var { return t.Flatten(in[0]) }}
	})
	if s := x.Shape(); len(s) == 4 && min(s[1]*s[2], s[3]) == 1 {
		var v *Var
		v = t.record(o, x.Value.View(s[0], s[1]*s[2]*s[3]), func(dy *tensor.Tensor) {
			t.pass(x, v, dy.View(s...))
		})
		v.owned = false
		return v
	}
	return t.record(o, tensor.Flatten(t.arena, x.Value), func(dy *tensor.Tensor) {
		t.add(x, tensor.FlattenBackward(t.arena, x.Shape(), dy))
	})
}

// PadShortcut returns every stride-th pixel of x [n, h, w, c] with channels of
// zeros on both sides, oc in all: the parameter-free shortcut (option A) of
// He et al. 2016.
func (t *Tape) PadShortcut(x *Var, oc, stride int) *Var {
	o := t.describe(func() op {
		return op{"padshortcut", []*Var{x}, Shortcut{oc, stride}, 1, []int{1},
			func(t *Tape, in []*Var) *Var { return t.PadShortcut(in[0], oc, stride) }}
	})
	return t.record(o, tensor.PadShortcut(t.arena, x.Value, oc, stride), func(dy *tensor.Tensor) {
		t.add(x, tensor.PadShortcutBackward(t.arena, x.Shape(), dy, oc, stride))
	})
}
