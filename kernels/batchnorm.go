package kernels

import "fmt"

// BatchNorm is the geometry of batch normalisation: x is [Rows, C], Rows being
// images times pixels, and every statistic is [C]. All arrays [Rows, C] have the
// type of x; what is computed from one that a function writes is computed from
// the numbers that it holds.
type BatchNorm struct {
	Rows, C int
	Eps     float64
	ReLU    bool // max(·, 0) after the normalisation and the addition
}

// Shape is a short name of the geometry.
func (g BatchNorm) Shape() string { return fmt.Sprintf("[%d %d]", g.Rows, g.C) }

func (g BatchNorm) check(op string, x Buffer, channels ...Buffer) {
	if g.Rows < 1 || g.C < 1 {
		panic(fmt.Sprintf("kernels: %s of no elements: %+v", op, g))
	}
	mustMatch(op, activationType(x), g.Rows*g.C, x)
	mustMatch(op, x.dev.precision, g.C, channels...)
	mustShare(op, x, channels[0])
}

func (g BatchNorm) checkBackward(op string, dx, dgamma, dbeta, dy, dyMore, y, x, gamma, mean, variance Buffer) {
	g.check(op, x, gamma, mean, variance, dgamma, dbeta)
	mustMatch(op, x.dtype, x.n, x, dx, dy, dyMore, y)
	if g.ReLU && y.IsNil() {
		panic(fmt.Sprintf("kernels: %s with ReLU needs y, the forward output", op))
	}
}

// A BatchNormRunning is the running statistics of a batch normalisation, which
// evaluation takes in the place of those of a batch, and how they move. The
// zero value stands for none.
type BatchNormRunning struct {
	Mean, Var Buffer // [C]
	Count     Buffer // int32 [1]: how often they moved
	Momentum  float64
	Times     int // how often they move now
}

func (r BatchNormRunning) check(op string, x Buffer, c int) {
	mustMatch(op, x.dev.precision, c, r.Mean, r.Var)
	mustMatch(op, Int32, 1, r.Count)
	mustShare(op, x, r.Mean, r.Count)
	if r.Times != 0 && (r.Mean.IsNil() || r.Var.IsNil() || r.Count.IsNil()) {
		panic(fmt.Sprintf("kernels: %s moves running statistics %d times, but they are absent", op, r.Times))
	}
}

// BatchNormStatistics computes the mean and the biased variance of each
// channel of x: variance = mean of (x - mean)², over Rows. It moves the running
// statistics towards them, r.Times times one after the other:
//
//	running = (1-Momentum)·running + Momentum·batch
//
// with the unbiased variance, variance·Rows/(Rows-1), as PyTorch does, and
// adds r.Times to r.Count. It reads x once; on ref twice.
func BatchNormStatistics(mean, variance, x Buffer, r BatchNormRunning, g BatchNorm) {
	defer spanOf(mean.dev, "BatchNormStatistics", g, mean, variance, x).end()
	g.check("BatchNormStatistics", x, mean, variance)
	r.check("BatchNormStatistics", x, g.C)
	switch {
	case x.dev.gpu != nil:
		batchNormStatisticsGPU(mean, variance, x, r, g)
		return
	case x.dev.isCPU():
		batchNormStatisticsCPU(x.dev.pool, f32(mean), f32(variance), f32(x), g)
	case x.dtype == Float64:
		batchNormStatisticsRef(f64(mean), f64(variance), f64(x), g)
	default:
		batchNormStatisticsRef(f32(mean), f32(variance), f32(x), g)
	}
	r.move(mean, variance, g)
}

// move moves the running statistics, on memory of the host.
func (r BatchNormRunning) move(mean, variance Buffer, g BatchNorm) {
	switch {
	case r.Times == 0:
		return
	case mean.dtype == Float64:
		batchNormUpdateRef(f64(r.Mean), f64(r.Var), f64(mean), f64(variance), r.Momentum, r.Times, g)
	default:
		batchNormUpdateRef(f32(r.Mean), f32(r.Var), f32(mean), f32(variance), float32(r.Momentum), r.Times, g)
	}
	i32(r.Count)[0] += int32(r.Times)
}

// BatchNormTrain is BatchNormStatistics and then BatchNormApply with what it
// computes. y may alias x or add. It reads x twice, add once, and writes y once;
// on a device that runs PTX it reads x once where there are few rows, as in the
// last stage of a residual network.
func BatchNormTrain(y, mean, variance, x, add, gamma, beta Buffer, r BatchNormRunning, g BatchNorm) {
	defer spanOf(y.dev, "BatchNormTrain", g, y, mean, variance, x, add, gamma, beta).again(x).end()
	if x.dev.gpu == nil {
		BatchNormStatistics(mean, variance, x, r, g)
		BatchNormApply(y, x, add, gamma, beta, mean, variance, g)
		return
	}
	g.check("BatchNormTrain", x, mean, variance, gamma, beta)
	mustMatch("BatchNormTrain", x.dtype, x.n, x, y, add)
	r.check("BatchNormTrain", x, g.C)
	batchNormTrainGPU(y, mean, variance, x, add, gamma, beta, r, g)
}

// BatchNormApply computes
//
//	y = gamma·(x - mean)/√(variance + Eps) + beta + add
//
// and max(y, 0) if ReLU is set. add [Rows, C] may be absent. In training the
// statistics are those of the batch, in evaluation the running ones. y may
// alias x or add. It reads x and add once and writes y once.
func BatchNormApply(y, x, add, gamma, beta, mean, variance Buffer, g BatchNorm) {
	defer spanOf(y.dev, "BatchNormApply", g, y, x, add, gamma, beta, mean, variance).end()
	g.check("BatchNormApply", x, gamma, beta, mean, variance)
	mustMatch("BatchNormApply", x.dtype, x.n, x, y, add)
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
// the batch, which depend on x. The gradient of y may come in two parts, dy and
// dyMore, which may be absent. With r = 1/√(variance + Eps), x̂ = (x-mean)·r and
// dz the gradient before the ReLU, dy + dyMore where y > 0:
//
//	dbeta += sum of dz      dgamma += sum of dz·x̂
//	dx = gamma·r·(dz - (sum of dz)/Rows - x̂·(sum of dz·x̂)/Rows)
//
// dy is overwritten with dz, which is the gradient of the addend too. Without
// ReLU y is not read and may be absent. dx may alias x or dyMore, and dy if nobody
// wants dz.
//
// beta may be absent. To give it says that there was no addend, and that dz is
// not wanted: what dy holds in the end is then undefined, unless it is dx. That
// leaves it to the device where it takes the mask of the ReLU from.
//
// It goes through the activations twice: the sums read dy, x and, where they
// are wanted, y and dyMore, and write dz unless it is dy; then dx is computed
// from dz and x. With ReLU that is 5 reads and 2 writes, without 4 and 1; dyMore
// costs one read, and without ReLU one write. With beta, and no dyMore, cpu and
// devices that run PTX compute the mask anew from x, in both passes: 4 reads and
// 1 write. With few rows the latter read dz and x once.
func BatchNormBackward(dx, dgammaAdd, dbetaAdd, dy, dyMore, y, x, gamma, beta, mean, variance Buffer, g BatchNorm) {
	s := spanOf(x.dev, "BatchNormBackward", g, dx, dgammaAdd, dbetaAdd, dy, dyMore, y, x, gamma, beta, mean, variance)
	if beta.IsNil() || !dyMore.IsNil() {
		defer s.again(dy, dy, x).end()
	} else {
		s.Bytes -= size64([]Buffer{y})
		defer s.again(dy, x).end()
	}
	g.checkBackward("BatchNormBackward", dx, dgammaAdd, dbetaAdd, dy, dyMore, y, x, gamma, mean, variance)
	mustMatch("BatchNormBackward", x.dev.precision, g.C, beta)
	if x.dev.EmulatesStorage() {
		beta = Buffer{} // y was rounded since
	}
	switch {
	case x.dev.gpu != nil:
		batchNormBackwardGPU(dx, dgammaAdd, dbetaAdd, dy, dyMore, y, x, gamma, beta, mean, variance, g, false)
	case x.dev.isCPU():
		batchNormBackwardCPU(x.dev.pool, f32(dx), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(dyMore), f32(y), f32(x), f32(gamma), f32(beta), f32(mean), f32(variance), g, false)
	case x.dtype == Float64:
		batchNormBackwardRef(f64(dx), f64(dgammaAdd), f64(dbetaAdd), f64(dy), f64(dyMore), f64(y), f64(x), f64(gamma), f64(mean), f64(variance), g)
	default:
		batchNormBackwardRef(f32(dx), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(dyMore), f32(y), f32(x), f32(gamma), f32(mean), f32(variance), g)
	}
}

// BatchNormBackwardMeans is the second pass of BatchNormBackward, with dz and means
// from Conv2dBackwardInputNorm:
//
//	dx = gamma·r·(dz - means[0] - x̂·means[1])
//
// dx may alias dz or x. It reads dz and x once and writes dx once.
func BatchNormBackwardMeans(dx, dz, x, gamma, mean, variance, means Buffer, g BatchNorm) {
	const op = "BatchNormBackwardMeans"
	defer spanOf(x.dev, op, g, dx, dz, x, gamma, mean, variance, means).end()
	g.check(op, x, gamma, mean, variance)
	mustMatch(op, x.dtype, x.n, x, dx, dz)
	mustMatch(op, Float64, 2*g.C, means)
	switch {
	case x.dev.gpu != nil:
		batchNormBackwardMeansGPU(dx, dz, x, gamma, mean, variance, means, g)
	case x.dtype == Float64:
		batchNormBackwardMeansRef(f64(dx), f64(dz), f64(x), f64(gamma), f64(mean), f64(variance), f64(means), g)
	default:
		batchNormBackwardMeansRef(f32(dx), f32(dz), f32(x), f32(gamma), f32(mean), f32(variance), f64(means), g)
	}
}

// BatchNormBackwardEval is the gradient of BatchNormApply with statistics
// that are constants: dx = gamma·r·dz, the rest as in BatchNormBackward without
// beta. On a
// device that runs PTX it goes through the activations once: it reads x, dy,
// dyMore and y, and writes dx and dz.
func BatchNormBackwardEval(dx, dgammaAdd, dbetaAdd, dy, dyMore, y, x, gamma, mean, variance Buffer, g BatchNorm) {
	defer spanOf(x.dev, "BatchNormBackwardEval", g, dx, dgammaAdd, dbetaAdd, dy, dyMore, y, x, gamma, mean, variance).again(dy).end()
	g.checkBackward("BatchNormBackwardEval", dx, dgammaAdd, dbetaAdd, dy, dyMore, y, x, gamma, mean, variance)
	switch {
	case x.dev.gpu != nil:
		batchNormBackwardGPU(dx, dgammaAdd, dbetaAdd, dy, dyMore, y, x, gamma, Buffer{}, mean, variance, g, true)
	case x.dev.isCPU():
		batchNormBackwardCPU(x.dev.pool, f32(dx), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(dyMore), f32(y), f32(x), f32(gamma), nil, f32(mean), f32(variance), g, true)
	case x.dtype == Float64:
		batchNormBackwardEvalRef(f64(dx), f64(dgammaAdd), f64(dbetaAdd), f64(dy), f64(dyMore), f64(y), f64(x), f64(gamma), f64(mean), f64(variance), g)
	default:
		batchNormBackwardEvalRef(f32(dx), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(dyMore), f32(y), f32(x), f32(gamma), f32(mean), f32(variance), g)
	}
}
