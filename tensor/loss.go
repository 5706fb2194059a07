package tensor

import "lbsam/kernels"

// CrossEntropy sets loss to the mean cross-entropy of softmax(logits) [n, c]
// and labels [n], int32, and returns its gradient by the logits, in the
// device's precision.
func CrossEntropy(a *kernels.Arena, loss Scalar, logits, labels *Tensor, smoothing float64) (dlogits *Tensor) {
	return MixedCrossEntropy(a, loss, logits, labels, nil, nil, smoothing)
}

// MixedCrossEntropy is CrossEntropy of rows with two labels each, of the weights
// weight [1] and 1 - weight; others [n] and weight may be nil.
func MixedCrossEntropy(a *kernels.Arena, loss Scalar, logits, labels, others, weight *Tensor, smoothing float64) (dlogits *Tensor) {
	mustRank("CrossEntropy", "logits", logits, "[n c]", 2)
	mustShape("CrossEntropy", "labels", labels, logits.Shape[0])
	var second, share kernels.Buffer
	if others != nil {
		mustShape("CrossEntropy", "others", others, logits.Shape[0])
		mustShape("CrossEntropy", "weight", weight, 1)
		second, share = others.Data, weight.Data
	}
	dlogits = TempExact(a, logits.Shape...)
	kernels.MixedCrossEntropy(loss.Data, dlogits.Data, logits.Data, labels.Data, second, share, logits.Shape[1], smoothing)
	return dlogits
}

// CountCorrect sets count to the number of rows of logits [n, c] whose largest
// element is at the label.
func CountCorrect(count Scalar, logits, labels *Tensor) {
	mustShape("CountCorrect", "labels", labels, logits.Shape[0])
	kernels.CountCorrect(count.Data, logits.Data, labels.Data, logits.Shape[1])
}

// MaskHeads sets the logits [n, c] that do not belong to the head of their row's
// label, so many classes one after the other, to minus infinity.
func MaskHeads(logits, labels *Tensor, head int) {
	mustRank("MaskHeads", "logits", logits, "[n c]", 2)
	mustShape("MaskHeads", "labels", labels, logits.Shape[0])
	kernels.MaskHeads(logits.Data, labels.Data, logits.Shape[1], head)
}
