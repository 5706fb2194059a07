package kernels

import "fmt"

// BatchNorm is the geometry of batch normalisation: x is [Rows, C], Rows being
// images times pixels, and every statistic is [C].
type BatchNorm struct {
	Rows, C int
	Eps     float64
	ReLU    bool // max(·, 0) after the normalisation and the addition
}

func (g BatchNorm) check(op string, x Buffer, channels ...Buffer) {
	if g.Rows < 1 || g.C < 1 {
		panic(fmt.Sprintf("kernels: %s of no elements: %+v", op, g))
	}
	mustMatch(op, x.dev.precision, g.Rows*g.C, x)
	mustMatch(op, x.dev.precision, g.C, channels...)
	mustShare(op, x, channels[0])
}

func (g BatchNorm) checkBackward(op string, dx, dgamma, dbeta, dy, y, x, gamma, mean, variance Buffer) {
	g.check(op, x, gamma, mean, variance, dgamma, dbeta)
	mustMatch(op, x.dev.precision, x.n, x, dx, dy, y)
	if g.ReLU && y.IsNil() {
		panic(fmt.Sprintf("kernels: %s with ReLU needs y, the forward output", op))
	}
}

// BatchNormStatistics computes the mean and the biased variance of each
// channel of x: variance = mean of (x - mean)², over Rows.
func BatchNormStatistics(mean, variance, x Buffer, g BatchNorm) {
	g.check("BatchNormStatistics", x, mean, variance)
	switch {
	case x.dev.gpu != nil:
		batchNormStatisticsGPU(mean, variance, x, g)
	case x.dev.isCPU():
		batchNormStatisticsCPU(x.dev.pool, f32(mean), f32(variance), f32(x), g)
	case x.dtype == Float64:
		batchNormStatisticsRef(f64(mean), f64(variance), f64(x), g)
	default:
		batchNormStatisticsRef(f32(mean), f32(variance), f32(x), g)
	}
}

// BatchNormUpdate moves the running statistics towards those of the batch,
// times times one after the other:
//
//	running = (1-momentum)·running + momentum·batch
//
// with the unbiased variance, variance·Rows/(Rows-1), as PyTorch does. It
// adds times to count[0], an int32.
func BatchNormUpdate(runningMean, runningVar, count, mean, variance Buffer, momentum float64, times int, g BatchNorm) {
	mustMatch("BatchNormUpdate", mean.dev.precision, g.C, mean, variance, runningMean, runningVar)
	mustMatch("BatchNormUpdate", Int32, 1, count)
	mustShare("BatchNormUpdate", mean, count)
	if mean.dev.gpu != nil {
		m := float32(momentum)
		mean.dev.gpu.launch("batch_norm_update", ones(g.C), runningMean, runningVar, count, mean, variance, m, unbias[float32](g), times, g.C)
		return
	}
	i32(count)[0] += int32(times)
	if mean.dtype == Float64 {
		batchNormUpdateRef(f64(runningMean), f64(runningVar), f64(mean), f64(variance), momentum, times, g)
		return
	}
	batchNormUpdateRef(f32(runningMean), f32(runningVar), f32(mean), f32(variance), float32(momentum), times, g)
}

// BatchNormApply computes
//
//	y = gamma·(x - mean)/√(variance + Eps) + beta + add
//
// and max(y, 0) if ReLU is set. add [Rows, C] may be absent. In training the
// statistics are those of the batch, in evaluation the running ones. y may
// alias x or add.
func BatchNormApply(y, x, add, gamma, beta, mean, variance Buffer, g BatchNorm) {
	g.check("BatchNormApply", x, gamma, beta, mean, variance)
	mustMatch("BatchNormApply", x.dev.precision, x.n, x, y, add)
	switch {
	case x.dev.gpu != nil:
		batchNormApplyGPU(y, x, add, gamma, beta, mean, variance, g)
	case x.dev.isCPU():
		batchNormApplyCPU(x.dev.pool, f32(y), f32(x), f32(add), f32(gamma), f32(beta), f32(mean), f32(variance), g)
	case x.dtype == Float64:
		batchNormApplyRef(f64(y), f64(x), f64(add), f64(gamma), f64(beta), f64(mean), f64(variance), g)
	default:
		batchNormApplyRef(f32(y), f32(x), f32(add), f32(gamma), f32(beta), f32(mean), f32(variance), g)
	}
}

// BatchNormBackward is the gradient of BatchNormApply with the statistics of
// the batch, which depend on x. With r = 1/√(variance + Eps), x̂ = (x-mean)·r
// and dz the gradient before the ReLU, dy where y > 0:
//
//	dbeta += sum of dz      dgamma += sum of dz·x̂
//	dx = gamma·r·(dz - (sum of dz)/Rows - x̂·(sum of dz·x̂)/Rows)
//
// If ReLU is set dy is overwritten with dz, which is the gradient of the
// addend too; otherwise y is not read and may be absent. dx may alias x.
func BatchNormBackward(dx, dgammaAdd, dbetaAdd, dy, y, x, gamma, mean, variance Buffer, g BatchNorm) {
	g.checkBackward("BatchNormBackward", dx, dgammaAdd, dbetaAdd, dy, y, x, gamma, mean, variance)
	switch {
	case x.dev.gpu != nil:
		batchNormBackwardGPU(dx, dgammaAdd, dbetaAdd, dy, y, x, gamma, mean, variance, g, false)
	case x.dev.isCPU():
		batchNormBackwardCPU(x.dev.pool, f32(dx), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(y), f32(x), f32(gamma), f32(mean), f32(variance), g, false)
	case x.dtype == Float64:
		batchNormBackwardRef(f64(dx), f64(dgammaAdd), f64(dbetaAdd), f64(dy), f64(y), f64(x), f64(gamma), f64(mean), f64(variance), g)
	default:
		batchNormBackwardRef(f32(dx), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(y), f32(x), f32(gamma), f32(mean), f32(variance), g)
	}
}

// BatchNormBackwardEval is the gradient of BatchNormApply with statistics
// that are constants: dx = gamma·r·dz, the rest as in BatchNormBackward.
func BatchNormBackwardEval(dx, dgammaAdd, dbetaAdd, dy, y, x, gamma, mean, variance Buffer, g BatchNorm) {
	g.checkBackward("BatchNormBackwardEval", dx, dgammaAdd, dbetaAdd, dy, y, x, gamma, mean, variance)
	switch {
	case x.dev.gpu != nil:
		batchNormBackwardGPU(dx, dgammaAdd, dbetaAdd, dy, y, x, gamma, mean, variance, g, true)
	case x.dev.isCPU():
		batchNormBackwardCPU(x.dev.pool, f32(dx), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(y), f32(x), f32(gamma), f32(mean), f32(variance), g, true)
	case x.dtype == Float64:
		batchNormBackwardEvalRef(f64(dx), f64(dgammaAdd), f64(dbetaAdd), f64(dy), f64(y), f64(x), f64(gamma), f64(mean), f64(variance), g)
	default:
		batchNormBackwardEvalRef(f32(dx), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(y), f32(x), f32(gamma), f32(mean), f32(variance), g)
	}
}
