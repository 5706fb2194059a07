package tensor

import "lbsam/kernels"

// rows is the geometry of batch normalisation of x [..., c].
func rows(x *Tensor, eps float64, relu bool) kernels.BatchNorm {
	c := x.Shape[len(x.Shape)-1]
	return kernels.BatchNorm{Rows: x.Len() / c, C: c, Eps: eps, ReLU: relu}
}

// A Running is the running statistics of a batch normalisation, [c] each, and
// the number of their updates, int32 [1].
type Running struct{ Mean, Var, Count *Tensor }

// BatchNormTrain is BatchNorm with the mean and the biased variance [c] of each
// channel of x, which it returns too. It moves the running statistics towards
// them, times times one after the other, and counts that; with 0 they may be
// absent.
func BatchNormTrain(a *kernels.Arena, x, add, gamma, beta *Tensor, r Running, momentum float64, times int, eps float64, relu bool) (y, mean, variance *Tensor) {
	if add != nil {
		mustShape("BatchNormTrain", "add", add, x.Shape...)
	}
	g := rows(x, eps, relu)
	mean, variance = TempExact(a, g.C), TempExact(a, g.C)
	y = Temp(a, x.Shape...)
	kernels.BatchNormTrain(y.Data, mean.Data, variance.Data, x.Data, add.optional(), gamma.Data, beta.Data, r.moved(momentum, times), g)
	return y, mean, variance
}

// moved is r as kernels want it.
func (r Running) moved(momentum float64, times int) kernels.BatchNormRunning {
	return kernels.BatchNormRunning{
		Mean: r.Mean.optional(), Var: r.Var.optional(), Count: r.Count.optional(), Momentum: momentum, Times: times,
	}
}

// BatchNorm returns gamma·(x - mean)/√(variance + eps) + beta, plus add of the
// shape of x unless add is nil, and then the ReLU of it if relu is set.
func BatchNorm(a *kernels.Arena, x, add, gamma, beta, mean, variance *Tensor, eps float64, relu bool) *Tensor {
	if add != nil {
		mustShape("BatchNorm", "add", add, x.Shape...)
	}
	y := Temp(a, x.Shape...)
	kernels.BatchNormApply(y.Data, x.Data, add.optional(), gamma.Data, beta.Data, mean.Data, variance.Data, rows(x, eps, relu))
	return y
}

// BatchNormGrads are the gradients of the parameters, to which
// BatchNormBackward adds.
type BatchNormGrads struct{ Gamma, Beta *Tensor }

// BatchNormBackward returns dx, adds to the gradients of gamma and beta and
// overwrites dy with dz, the gradient of the addend: dy, plus dyMore unless it
// is nil, and with relu where y > 0. dx takes over the memory of dyMore. beta says
// that there was no addend; without dyMore dx is dy then. If constant is set the
// statistics are constants (evaluation), else those of x.
func BatchNormBackward(a *kernels.Arena, d BatchNormGrads, dy, dyMore, y, x, gamma, beta, mean, variance *Tensor, eps float64, relu, constant bool) *Tensor {
	dx := dyMore
	switch {
	case dx == nil && beta != nil:
		dx = dy
	case dx == nil:
		dx = Temp(a, x.Shape...)
	}
	g := rows(x, eps, relu)
	if constant {
		kernels.BatchNormBackwardEval(dx.Data, d.Gamma.Data, d.Beta.Data, dy.Data, dyMore.optional(), y.Data, x.Data, gamma.Data, mean.Data, variance.Data, g)
		return dx
	}
	kernels.BatchNormBackward(dx.Data, d.Gamma.Data, d.Beta.Data, dy.Data, dyMore.optional(), y.Data, x.Data, gamma.Data, beta.optional(), mean.Data, variance.Data, g)
	return dx
}

// BatchNormBackwardMeans returns dx from dz and means, from Conv2dBackwardInputNorm.
// Where nobody wants dz any more dx takes over its memory.
func BatchNormBackwardMeans(a *kernels.Arena, dz, x, gamma, mean, variance, means *Tensor, eps float64, wanted bool) *Tensor {
	dx := dz
	if wanted {
		dx = Temp(a, x.Shape...)
	}
	kernels.BatchNormBackwardMeans(dx.Data, dz.Data, x.Data, gamma.Data, mean.Data, variance.Data, means.Data, rows(x, eps, false))
	return dx
}
