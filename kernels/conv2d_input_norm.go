package kernels

import (
	"fmt"
	"slices"
)

// Conv2dBackwardInputNorm is Conv2dBackwardInput where a batch normalisation of x
// in training gave the input of the convolution, y, and the first of the two passes
// of BatchNormBackward, in one pass over the activations. With r = 1/√(variance +
// Eps) and x̂ = (x-mean)·r:
//
//	dz = (gradient of y from dy and w) + dzMore, where y > 0 if n.ReLU is set, else 0
//	dbeta += sum of dz      dgamma += sum of dz·x̂
//
// and means [2, C], float64, become these sums over n.Rows, for
// BatchNormBackwardMeans. dzMore, another part of the gradient of y, may be absent,
// and dz may alias it. To give beta says that there was no addend: y is not read
// then, and the mask of the ReLU computed anew from x.
//
// The device must be one that can: see NormsInput. In 16 bits dz is rounded once.
func Conv2dBackwardInputNorm(dz, means, dgammaAdd, dbetaAdd, dy, w, dzMore, y, x, gamma, beta, mean, variance Buffer, g Conv, n BatchNorm) {
	const op = "Conv2dBackwardInputNorm"
	defer spanOf(dz.dev, op, g, dz, means, dgammaAdd, dbetaAdd, dy, w, dzMore, y, x, gamma, mean, variance).end()
	if !g.NormsInput(dy, w, dz, dzMore, y, x) {
		panic(fmt.Sprintf("kernels: %s: %s cannot do that: %+v", op, w.dev.name, g))
	}
	g.check(op, dz, w, dy, activationType(dy))
	g.checkInputNorm(op, n)
	n.checkBackward(op, dz, dgammaAdd, dbetaAdd, dz, dzMore, y, x, gamma, mean, variance)
	mustMatch(op, w.dev.precision, g.C, beta)
	mustMatch(op, Float64, 2*g.C, means)
	dy, w = factors(dy, w, g.C, g.OC)
	switch plan, ok := g.inputNormPlan(dy, w, dz, dzMore, y, x); {
	case ok:
		inputEnd{
			means: means, dgamma: dgammaAdd, dbeta: dbetaAdd, more: dzMore, y: y, x: x,
			gamma: gamma, beta: beta, mean: mean, variance: variance, norm: n,
		}.run(dz, dy, w, g, plan)
	case w.dtype == Float64:
		conv2dBackwardInputNormRef(f64(dz), f64(means), f64(dgammaAdd), f64(dbetaAdd), f64(dy), f64(w), f64(dzMore), f64(y), f64(x), f64(mean), f64(variance), g, n)
	default:
		conv2dBackwardInputNormRef(f32(dz), f64(means), f32(dgammaAdd), f32(dbetaAdd), f32(dy), f32(w), f32(dzMore), f32(y), f32(x), f32(mean), f32(variance), g, n)
	}
}

// NormsInput reports whether Conv2dBackwardInputNorm can do with dy, w and the other
// activations that it gets: ref can, and products on tensor cores, which do all of
// it on their way to memory.
func (g Conv) NormsInput(dy, w Buffer, others ...Buffer) bool {
	if w.dev.gpu == nil {
		return !w.dev.isCPU()
	}
	_, ok := g.inputNormPlan(dy, w, others...)
	return ok
}

// conv2dBackwardInputNormRef is the reference for Conv2dBackwardInputNorm.
func conv2dBackwardInputNormRef[T Float](dz []T, means []float64, dgamma, dbeta, dy, w, dzMore, y, x, mean, variance []T, g Conv, n BatchNorm) {
	more := slices.Clone(dzMore) // which may be dz
	conv2dBackwardInputRef(dz, dy, w, g)
	for c := range n.C {
		sum, dot := batchNormSumsRef(dz, more, y, x, mean[c], invStd(variance[c], n.Eps), c, n)
		dbeta[c] += T(sum)
		dgamma[c] += T(dot)
		means[c], means[n.C+c] = sum/float64(n.Rows), dot/float64(n.Rows)
	}
}

// inputNormPlan is the plan of a gradient of an input by a tile that normalises, if
// tensor cores multiply and all can be read 16 bytes at a time.
func (g Conv) inputNormPlan(dy, w Buffer, others ...Buffer) (t gpuPlan, ok bool) {
	f, ok := formatOf(w)
	rows := []int{g.C, g.OC}
	if !ok || w.dev.gpu == nil || !inRuns(f.width(), rows, dy, w) || !inRuns(f.width(), rows, others...) {
		return t, false
	}
	candidates := slices.DeleteFunc(f.inputTiles(g), func(t gpuTile) bool { return !t.normalises() })
	return f.kernel(g.inputProduct().plan(candidates, false)), true
}

// normalises reports whether a tile on tensor cores can end with a normalisation.
// One of 8 warps keeps half of its sums in registers while it stores the others:
// what is left does not suffice for the rows on their way.
func (t gpuTile) normalises() bool { return t.threads == 128 }

// An inputEnd is what the gradient of an input on tensor cores does on its way to
// memory: nothing, without x, or what begins the gradient of a normalisation.
type inputEnd struct {
	means, dgamma, dbeta, more, y, x, gamma, beta, mean, variance Buffer
	norm                                                          BatchNorm
}

func (e inputEnd) run(dz, dy, w Buffer, g Conv, t gpuPlan) {
	g.mustIndex("Conv2dBackwardInput")
	s, args := t.grid(g.inputProduct(), g, w.dtype), []any{dz, dy, w}
	if t.normalises() {
		if !e.x.IsNil() {
			s.behind = size64([]Buffer{e.more, e.mask(), e.x})
		}
		args = append(args, e.args(g, t)...)
	}
	if !t.halo {
		args = append(args, phases(g))
	}
	w.dev.gpu.launch("conv2d_backward_input_"+t.name, s, append(args, g)...)
}

// mask is y, where the mask of a ReLU comes of it.
func (e inputEnd) mask() Buffer {
	if !e.norm.ReLU || !e.beta.IsNil() {
		return Buffer{}
	}
	return e.y
}

// args are the parameters NORM of the kernels.
func (e inputEnd) args(g Conv, t gpuPlan) []any {
	var partial, tickets Buffer
	if d := e.x.dev; d != nil {
		p := g.inputProduct()
		partial = d.sums((p.phases*tiles(p.m, t.m) + lastSums) * 2 * g.C)
		tickets = d.tickets(tiles(p.n, t.n) * (lastSums + 1))
	}
	beta := e.beta
	if !e.norm.ReLU {
		beta = Buffer{}
	}
	return []any{e.more, e.mask(), e.x, e.gamma, beta, e.mean, e.variance, e.norm.Eps, e.means, e.dgamma, e.dbeta, partial, tickets}
}
