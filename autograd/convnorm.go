package autograd

import "lbsam/tensor"

// Conv2dBatchNorm is BatchNorm of Conv2d(x, w, b), the same operations with the
// same gradients, in fewer passes over the activations: in training the
// convolution leaves the statistics of its result, and on a tape that is
// ForwardOnly it normalises by the running ones as it goes. What a device cannot
// do so it does one after the other.
func (t *Tape) Conv2dBatchNorm(x, w, b *Var, win tensor.Window, gamma, beta, add *Var, r Running, g BatchNorm) *Var {
	switch {
	case t.oneByOne() || !g.Train && !t.ForwardOnly:
		return t.BatchNorm(t.Conv2d(x, w, b, win), gamma, beta, add, r, g)
	case !g.Train:
		return t.record(op{}, tensor.Conv2dBatchNorm(t.arena, x.Value, w.factor(), b.optional(), win,
			add.optional(), gamma.Value, beta.Value, r.Mean, r.Var, g.Eps, g.ReLU), nil)
	}
	z, y, mean, variance := tensor.Conv2dBatchNormTrain(t.arena, x.Value, w.factor(), b.optional(), win,
		add.optional(), gamma.Value, beta.Value, g.moved(r), g.Momentum, g.Updates, g.Eps, g.ReLU)
	return t.batchNorm(t.conv2d(x, w, b, win, z), gamma, beta, add, r, g, y, mean, variance)
}

// oneByOne reports whether every operation must show its own result: to
// Lockstep, to Trace, or to be rounded.
func (t *Tape) oneByOne() bool {
	return t.check != nil || t.traced || t.arena.Device().EmulatesStorage()
}
