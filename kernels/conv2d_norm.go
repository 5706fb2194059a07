package kernels

import "fmt"

// Conv2dBatchNormTrain is Conv2d, whose result is z, and BatchNormTrain of that:
//
//	z = x * w + b      y = gamma·(z - mean)/√(variance + Eps) + beta + add
//
// and the ReLU of it if n says so, with the mean and the variance of z, towards
// which the running statistics move. y may alias add. Products on tensor cores
// and on cpu leave the statistics as they go, so that z is read once; else it is
// read as BatchNormTrain does.
func Conv2dBatchNormTrain(y, z, mean, variance, x, w, b, add, gamma, beta Buffer, r BatchNormRunning, g Conv, n BatchNorm) {
	g.checkNorm("Conv2dBatchNormTrain", n)
	if w.dev.gpu != nil {
		if f, ok := g.forwardOnTensorCores(x, w); ok {
			g.check("Conv2dBatchNormTrain", x, w, z, activationType(x))
			mustMatch("Conv2dBatchNormTrain", w.dev.precision, g.OC, b)
			n.check("Conv2dBatchNormTrain", z, mean, variance)
			r.check("Conv2dBatchNormTrain", z, g.OC)
			convEnd{mean: mean, variance: variance, moved: r, norm: n, statistics: true}.run(z, x, w, b, g, f.forwardPlan(g))
			BatchNormApply(y, z, add, gamma, beta, mean, variance, n)
			return
		}
	}
	if w.dev.isCPU() {
		conv2dStatistics(z, mean, variance, x, w, b, r, g, n)
		BatchNormApply(y, z, add, gamma, beta, mean, variance, n)
		return
	}
	Conv2d(z, x, w, b, g)
	BatchNormTrain(y, mean, variance, z, add, gamma, beta, r, n)
}

// conv2dStatistics is Conv2d, whose result is z, and BatchNormStatistics of that,
// on cpu.
func conv2dStatistics(z, mean, variance, x, w, b Buffer, r BatchNormRunning, g Conv, n BatchNorm) {
	defer spanOf(z.dev, "Conv2dStatistics", g, z, mean, variance, x, w, b).end()
	g.check("Conv2dBatchNormTrain", x, w, z, activationType(x))
	mustMatch("Conv2dBatchNormTrain", w.dev.precision, g.OC, b)
	n.check("Conv2dBatchNormTrain", z, mean, variance)
	r.check("Conv2dBatchNormTrain", z, g.OC)
	x, w = factors(x, w, g.C)
	conv2dStatisticsCPU(w.dev.pool, f32(z), f32(mean), f32(variance), f32(x), f32(w), f32(b), g, n)
	r.move(mean, variance, n)
}

// Conv2dBatchNorm computes Conv2d and BatchNormApply of its result, with known
// statistics, for an evaluation:
//
//	y = gamma·(x * w + b - mean)/√(variance + Eps) + beta + add
//
// and the ReLU of it if n says so. y must not alias add. Products on tensor cores
// do all of it on their way to memory, and round to the format of activations
// once; others write what the convolution gives to y first.
func Conv2dBatchNorm(y, x, w, b, add, gamma, beta, mean, variance Buffer, g Conv, n BatchNorm) {
	g.checkNorm("Conv2dBatchNorm", n)
	if w.dev.gpu != nil {
		if f, ok := g.forwardOnTensorCores(x, w); ok {
			g.check("Conv2dBatchNorm", x, w, y, activationType(x))
			mustMatch("Conv2dBatchNorm", y.dtype, y.n, add)
			mustMatch("Conv2dBatchNorm", w.dev.precision, g.OC, b)
			n.check("Conv2dBatchNorm", y, gamma, beta, mean, variance)
			convEnd{add: add, gamma: gamma, beta: beta, mean: mean, variance: variance, norm: n}.run(y, x, w, b, g, f.forwardPlan(g))
			return
		}
	}
	Conv2d(y, x, w, b, g)
	BatchNormApply(y, y, add, gamma, beta, mean, variance, n)
}

// checkNorm checks that n is of the result of g.
func (g Conv) checkNorm(op string, n BatchNorm) {
	if rows := g.N * g.OH() * g.OW(); n.Rows != rows || n.C != g.OC {
		panic(fmt.Sprintf("kernels: %s: a normalisation of [%d, %d] behind a convolution to [%d, %d]", op, n.Rows, n.C, rows, g.OC))
	}
}

// checkInputNorm checks that n is of the input of g.
func (g Conv) checkInputNorm(op string, n BatchNorm) {
	if rows := g.N * g.H * g.W; n.Rows != rows || n.C != g.C {
		panic(fmt.Sprintf("kernels: %s: a normalisation of [%d, %d] before a convolution of [%d, %d]", op, n.Rows, n.C, rows, g.C))
	}
}

// A convEnd is what a convolution on tensor cores does with its sums on their way
// to memory, besides adding a bias: nothing, the normalisation by known
// statistics, with an addend, or the statistics of what it stores.
type convEnd struct {
	add, gamma, beta, mean, variance Buffer
	moved                            BatchNormRunning
	norm                             BatchNorm
	statistics                       bool
}

func (e convEnd) run(y, x, w, b Buffer, g Conv, t gpuPlan) {
	g.mustIndex("Conv2d")
	p, d := g.forwardProduct(), w.dev
	var partial, tickets Buffer
	relu := e.norm.ReLU && !e.statistics // which the normalisation does that follows
	if e.statistics {
		partial = d.sums((tiles(p.m, t.m) + lastSums) * 2 * g.OC)
		tickets = d.tickets(tiles(p.n, t.n) * (lastSums + 1))
	}
	d.gpu.launch("conv2d_"+t.name, t.grid(p, g, w.dtype), y, x, w, b, e.add, relu, e.gamma, e.beta, e.norm.Eps, e.mean, e.variance, e.moved.Mean, e.moved.Var, e.moved.Count,
		float32(e.moved.Momentum), unbias[float32](e.norm), e.moved.Times, partial, tickets, g)
}
