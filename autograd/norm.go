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
	var v *Var
	o := t.describe(func() op { return batchNormOp(x, gamma, beta, add, r, g) })
	v = t.record(o, y, func(dy *tensor.Tensor) {
		grads := tensor.BatchNormGrads{Gamma: gamma.Grad, Beta: beta.Grad}
		more := v.more
		v.more = nil
		alone := beta.Value // y is what comes of x alone, and dz nobody wants
		if add != nil || t.replaced {
			alone = nil
		}
		dx := tensor.BatchNormBackward(t.arena, grads, dy, more, y, x.Value, gamma.Value, alone, mean, variance, g.Eps, g.ReLU, !g.Train)
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
	return v
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
