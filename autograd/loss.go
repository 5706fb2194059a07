package autograd

import "lbsam/tensor"

// CrossEntropy sets loss to the mean cross-entropy of softmax(logits) [n, c]
// and labels [n], int32, with label smoothing, and returns it as a Var: a
// handle to one number, overwritten by the next call with the same loss.
func (t *Tape) CrossEntropy(loss tensor.Scalar, logits *Var, labels *tensor.Tensor, smoothing float64) *Var {
	return t.MixedCrossEntropy(loss, logits, labels, nil, nil, smoothing)
}

// MixedCrossEntropy is CrossEntropy of rows with two labels each: weight [1]
// times that of labels and 1 - weight times that of others [n]. The last two may
// be nil.
func (t *Tape) MixedCrossEntropy(loss tensor.Scalar, logits *Var, labels, others, weight *tensor.Tensor, smoothing float64) *Var {
	dlogits := tensor.MixedCrossEntropy(t.arena, loss, logits.Value, labels, others, weight, smoothing)
	c := logits.Shape()[1]
	o := t.describe(func() op {
		in, grads := []*Var{logits, Input(labels)}, []int{c, 0}
		if others != nil {
			in, grads = append(in, Input(others), Input(weight)), append(grads, 0, 0)
		}
		return op{"crossentropy", in, nil, c * labels.Len(), grads, func(t *Tape, in []*Var) *Var {
			var others, weight *tensor.Tensor
			if len(in) > 2 {
				others, weight = in[2].Value, in[3].Value
			}
			return t.MixedCrossEntropy(tensor.NewScalar(t.arena.Device(), 0), in[0], in[1].Value, others, weight, smoothing)
		}}
	})
	v := t.recordExact(o, loss.Tensor, func(dy *tensor.Tensor) {
		t.add(logits, tensor.Scale(t.arena, dlogits, tensor.Scalar{Tensor: dy})) // dy is 1 at the end of a pass
	}, dlogits)
	v.owned = false
	return v
}
