package autograd

import "lbsam/tensor"

// A BatchNorm is how a batch normalisation is done.
type BatchNorm struct {
	Eps, Momentum float64
	ReLU          bool // max(·, 0) at the end, fused
	Train         bool // with the statistics of the batch, else the running ones
	Updates       int  // how often the running statistics move, when training
}

// Running is the running statistics of a batch normalisation.
type Running = tensor.Running

// BatchNorm returns gamma·(x - mean)/√(variance + Eps) + beta, per channel of
// x [n, h, w, c]; plus add, of the shape of x, unless it is nil; and the ReLU
// of that if wanted (Ioffe and Szegedy 2015; PyTorch's BatchNorm2d).
func (t *Tape) BatchNorm(x, gamma, beta, add *Var, r Running, g BatchNorm) *Var {
	if g.Train {
		y, mean, variance := tensor.BatchNormTrain(t.arena, x.Value, add.optional(), gamma.Value, beta.Value, g.moved(r), g.Momentum, g.Updates, g.Eps, g.ReLU)
		return t.batchNorm(x, gamma, beta, add, r, g, y, mean, variance)
	}
	y := tensor.BatchNorm(t.arena, x.Value, add.optional(), gamma.Value, beta.Value, r.Mean, r.Var, g.Eps, g.ReLU)
	return t.batchNorm(x, gamma, beta, add, r, g, y, r.Mean, r.Var)
}

// moved is what a pass moves of the running statistics: all or nothing.
func (g BatchNorm) moved(r Running) Running {
	if g.Updates == 0 {
		return Running{}
	}
	return r
}

// batchNorm records the normalisation that gave y. Statistics of the batch are
// memory of the arena.
func (t *Tape) batchNorm(x, gamma, beta, add *Var, r Running, g BatchNorm, y, mean, variance *tensor.Tensor) *Var {
	var saved []*tensor.Tensor
	if g.Train {
		saved = []*tensor.Tensor{mean, variance}
	}
	n := &normed{x, gamma, beta, add, mean, variance, g, nil}
	var v *Var
	o := t.describe(func() op { return batchNormOp(x, gamma, beta, add, r, g) })
	v = t.record(o, y, func(dy *tensor.Tensor) {
		dx := n.backward(t, v, dy)
		if dx == dy {
			t.pass(x, v, dx)
			return
		}
		t.add(x, dx)
		if add != nil {
			t.pass(add, v, dy) // dz, in place
		}
	}, saved...)
	v.addsUp = true
	if g.Train && !t.oneByOne() && !t.replaced {
		v.normed = n
	}
	return v
}

// A normed is the batch normalisation that gave a result.
type normed struct {
	x, gamma, beta, add *Var
	mean, variance      *tensor.Tensor
	BatchNorm
	means *tensor.Tensor // unless nil: the gradient of the result is dz, whose means these are
}

// backward returns the gradient of x from dy, that of the result v, which becomes
// dz.
func (n *normed) backward(t *Tape, v *Var, dy *tensor.Tensor) *tensor.Tensor {
	if means := n.means; means != nil {
		n.means = nil
		defer means.Free(t.arena)
		return tensor.BatchNormBackwardMeans(t.arena, dy, n.x.Value, n.gamma.Value, n.mean, n.variance, means, n.Eps, n.add != nil)
	}
	more := v.more
	v.more = nil
	return tensor.BatchNormBackward(t.arena, n.grads(), dy, more, v.Value, n.x.Value, n.gamma.Value, n.alone(t), n.mean, n.variance, n.Eps, n.ReLU, !n.Train)
}

func (n *normed) grads() tensor.BatchNormGrads {
	return tensor.BatchNormGrads{Gamma: n.gamma.Grad, Beta: n.beta.Grad}
}

// alone is beta where the result is what comes of x alone, and dz nobody wants,
// else nil.
func (n *normed) alone(t *Tape) *tensor.Tensor {
	if n.add != nil || t.replaced {
		return nil
	}
	return n.beta.Value
}

// beginNorm begins the gradient of the normalisation that gave v, which a convolution
// with w read: from dy, the gradient of the convolution's result, and from what v
// has of its own gradient, it makes dz and its means. No other part of the gradient
// may follow. It reports whether it did; if not it does nothing.
func (t *Tape) beginNorm(v *Var, dy *tensor.Tensor, w *Var, win tensor.Window) bool {
	if v.more != nil || v.normed == nil && v.piece == nil {
		return false
	}
	var x *tensor.Tensor
	if v.normed != nil {
		x = v.normed.x.Value
	}
	if !tensor.NormsInput(dy, w.factor(), win, v.Grad, v.Value, x) {
		return false
	}
	n := v.norm(t)
	v.Grad, n.means = tensor.Conv2dBackwardInputNorm(t.arena, n.grads(), dy, w.factor(), win, v.Grad, v.Value, n.x.Value, n.gamma.Value, n.alone(t), n.mean, n.variance, n.Eps, n.ReLU)
	return true
}

// norm is the normalisation that gave v, computed again if need be.
func (v *Var) norm(t *Tape) *normed {
	if v.piece == nil {
		return v.normed
	}
	y := v.piece.bring(t)
	n := y.norm(t)
	v.Value = y.Value
	return n
}

// batchNormOp describes BatchNorm. Done again it leaves the running
// statistics alone.
func batchNormOp(x, gamma, beta, add *Var, r Running, g BatchNorm) op {
	in := []*Var{x, gamma, beta}
	if add != nil {
		in = append(in, add)
	}
	rows := x.Value.Len() / gamma.Value.Len()
	return op{"batchnorm", in, Norm{g, r}, rows, []int{rows, rows, rows, 1}, func(t *Tape, in []*Var) *Var {
		g.Updates = 0
		var add *Var
		if len(in) > 3 {
			add = in[3]
		}
		return t.BatchNorm(in[0], in[1], in[2], add, r, g)
	}}
}
