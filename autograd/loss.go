package autograd

import "lbsam/tensor"

// CrossEntropy sets loss to the mean cross-entropy of softmax(logits) [n, c]
// and labels [n], int32, with label smoothing, and returns it as a Var: a
// handle to one number, overwritten by the next call with the same loss.
func (t *Tape) CrossEntropy(loss tensor.Scalar, logits *Var, labels *tensor.Tensor, smoothing float64) *Var {
	dlogits := tensor.CrossEntropy(t.arena, loss, logits.Value, labels, smoothing)
	c := logits.Shape()[1]
	o := t.describe(func() op {
		return op{"crossentropy", []*Var{logits, Input(labels)}, nil, c * labels.Len(), []int{c, 0}, func(t *Tape, in []*Var) *Var {
			return t.CrossEntropy(tensor.NewScalar(t.arena.Device(), 0), in[0], in[1].Value, smoothing)
		}}
	})
	v := t.recordExact(o, loss.Tensor, func(dy *tensor.Tensor) {
		t.add(logits, tensor.Scale(t.arena, dlogits, tensor.Scalar{Tensor: dy})) // dy is 1 at the end of a pass
	}, dlogits)
	v.owned = false
	return v
}
