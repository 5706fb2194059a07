package optim

import (
	"fmt"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// sgd is the base optimizer of the published recipe on q.
func (q *quadratic) sgd() *SGD {
	return &SGD{Params: q.params, LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4}
}

func (q *quadratic) plainSGD(lr float64) *SGD { return &SGD{Params: q.params, LR: lr} }

var scaled = []bool{true, false} // ASAM's rule: parameters named weight

// The numbers come from a float64 re-derivation that agrees with the
// published lookbehind.py to 9e-15: loss and weights after three batches. Those
// of PathMean, which that code does not have, come from numpy.
func TestPublishedTrajectories(t *testing.T) {
	sam, asam, asam0 := Ascent{Rho: .05}, Ascent{Rho: .5, Eta: .01, Scaled: scaled}, Ascent{Rho: .5, Scaled: scaled}
	lookbehind := func(a Ascent, k int, alpha float64, scope AlphaScope, reuse bool) func(q *quadratic) Minimizer {
		return func(q *quadratic) Minimizer {
			return &Lookbehind{Params: q.params, Base: q.sgd(), Ascent: a, K: k, Alpha: alpha, Adaptive: alpha < 0, Scope: scope, Reuse: reuse}
		}
	}
	pathMean := func(a Ascent, k int) func(q *quadratic) Minimizer {
		return func(q *quadratic) Minimizer {
			return &PathMean{Params: q.params, Base: q.sgd(), Ascent: a, K: k}
		}
	}
	for _, c := range []struct {
		name  string
		make  func(q *quadratic) Minimizer
		evals int
		loss  float64
		want  []float64
	}{
		{"SGD", func(q *quadratic) Minimizer { return &Plain{Params: q.params, Base: q.sgd()} }, 3, -0.008100384604,
			[]float64{0.227576001607, -0.749266289597, 0.565541430890, 0.072886431212, -0.103594691187}},
		{"SAM", func(q *quadratic) Minimizer { return &SAM{Params: q.params, Base: q.sgd(), Ascent: sam} }, 6, -0.023261896556,
			[]float64{0.203336763680, -0.739021322710, 0.570572871044, 0.068730837029, -0.090107271149}},
		{"ASAM", func(q *quadratic) Minimizer { return &SAM{Params: q.params, Base: q.sgd(), Ascent: asam} }, 6, -0.139442871040,
			[]float64{0.141784910087, -0.611008246441, 0.597786235230, 0.034402377295, 0.051104130374}},
		{"ASAM eta 0", func(q *quadratic) Minimizer { return &SAM{Params: q.params, Base: q.sgd(), Ascent: asam0} }, 6, -0.139221463368,
			[]float64{0.144029056596, -0.612472879475, 0.597171677441, 0.034317744544, 0.051633370858}},
		{"PathMean k 2", pathMean(sam, 2), 9, -0.030303824791,
			[]float64{0.191139727565, -0.733927619456, 0.573081661322, 0.066658296029, -0.083404252567}},
		{"PathMean k 5", pathMean(sam, 5), 18, -0.049270323020,
			[]float64{0.154419346655, -0.718706996405, 0.580588616099, 0.060483033615, -0.063434823113}},
		{"PathMean-ASAM k 2", pathMean(asam, 2), 9, -0.188685754109,
			[]float64{0.098648684460, -0.518828175014, 0.617960336829, 0.017303717892, 0.126649795498}},
		{"Lookbehind k 1", lookbehind(sam, 1, 1, 0, true), 6, -0.023261896556,
			[]float64{0.203336763680, -0.739021322710, 0.570572871044, 0.068730837029, -0.090107271149}},
		{"Lookbehind k 1 adaptive", lookbehind(sam, 1, -1, 0, true), 6, -0.023261896556,
			[]float64{0.203336763680, -0.739021322710, 0.570572871044, 0.068730837029, -0.090107271149}},
		{"Lookbehind k 2", lookbehind(sam, 2, .5, 0, false), 12, -0.184356830339,
			[]float64{-0.041033937779, -0.536043952677, 0.664789394894, -0.001499340060, 0.193961623709}},
		{"Lookbehind k 2 reuse", lookbehind(sam, 2, .5, 0, true), 9, -0.184356830339,
			[]float64{-0.041033937779, -0.536043952677, 0.664789394894, -0.001499340060, 0.193961623709}},
		{"Lookbehind k 2 adaptive", lookbehind(sam, 2, -1, AlphaPerTensor, true), 9, 0.014052003789,
			[]float64{-0.370988172816, -0.086747873255, 0.864874121568, -0.139716970962, 0.819825741901}},
		{"Lookbehind k 2 adaptive global", lookbehind(sam, 2, -1, AlphaGlobal, true), 9, 0.014351622842,
			[]float64{-0.371425421024, -0.086069907900, 0.865172560806, -0.139446116013, 0.818580312573}},
		{"Lookbehind k 5", lookbehind(sam, 5, .2, 0, false), 30, -0.080861847499,
			[]float64{-0.302461763051, -0.150867432886, 0.832782807147, -0.112044025701, 0.712062786650}},
		{"Lookbehind k 5 adaptive reuse", lookbehind(sam, 5, -1, 0, true), 18, 5.999276801706,
			[]float64{2.451704314892, -0.290490438645, 0.782315563529, -0.299856088907, 1.976781481169}},
		{"Lookbehind-ASAM k 2", lookbehind(asam, 2, .5, 0, true), 9, -0.203050317513,
			[]float64{-0.156333757601, -0.236895496994, 0.726308078358, -0.067438281000, 0.511272104754}},
		{"Lookbehind-ASAM k 2 adaptive", lookbehind(asam, 2, -1, 0, true), 9, 0.457129433843,
			[]float64{-0.404359785821, 0.326129074589, 0.927434262706, -0.137795821562, 1.291685363943}},
	} {
		q := newQuadratic(t)
		got := q.run(c.make(q), 3)
		if err := kerneltest.Compare(got, c.want, 1e-11, 0); err != nil { // the table has 12 decimals
			t.Errorf("%s: weights: %v", c.name, err)
		}
		if loss, _ := q.at(got, Eval{}); !(math.Abs(loss-c.loss) <= 1e-11) {
			t.Errorf("%s: loss %.12f, want %.12f", c.name, loss, c.loss)
		}
		if len(q.evals) != c.evals {
			t.Errorf("%s: %d gradient evaluations, want %d", c.name, len(q.evals), c.evals)
		}
	}
}

// Special cases are exactly, or up to rounding, the simpler method.
func TestIdentities(t *testing.T) {
	a := Ascent{Rho: .05}
	lookbehind := func(l Lookbehind) func(q *quadratic, base Optimizer) Minimizer {
		return func(q *quadratic, base Optimizer) Minimizer {
			l := l
			l.Params, l.Base = q.params, base
			return &l
		}
	}
	sam := func(a Ascent) func(q *quadratic, base Optimizer) Minimizer {
		return func(q *quadratic, base Optimizer) Minimizer {
			return &SAM{Params: q.params, Base: base, Ascent: a}
		}
	}
	published := func(q *quadratic) Optimizer { return q.sgd() }
	lr := func(v, momentum float64) func(q *quadratic) Optimizer {
		return func(q *quadratic) Optimizer { return &SGD{Params: q.params, LR: v, Momentum: momentum} }
	}
	for _, c := range []struct {
		name      string
		tolerance float64
		a         func(q *quadratic, base Optimizer) Minimizer
		baseA     func(q *quadratic) Optimizer
		b         func(q *quadratic, base Optimizer) Minimizer
		baseB     func(q *quadratic) Optimizer
		microA    int
	}{
		{"SAM with rho 0 is SGD", 0, sam(Ascent{}), published,
			func(q *quadratic, base Optimizer) Minimizer { return &Plain{Params: q.params, Base: base} }, published, 1},
		{"Lookbehind with k 1, alpha 1 is SAM", 1e-15, lookbehind(Lookbehind{Ascent: a, K: 1, Alpha: 1}), published, sam(a), published, 1},
		{"Multistep with k 1 is SAM", 0, func(q *quadratic, base Optimizer) Minimizer {
			return &Multistep{Params: q.params, Base: base, Ascent: a, K: 1}
		}, published, sam(a), published, 1},
		{"PathMean with k 1 is SAM", 0, func(q *quadratic, base Optimizer) Minimizer {
			return &PathMean{Params: q.params, Base: base, Ascent: a, K: 1}
		}, published, sam(a), published, 1},
		{"PathMean is Lookbehind with alpha 1/k and plain SGD", 1e-15, func(q *quadratic, base Optimizer) Minimizer {
			return &PathMean{Params: q.params, Base: base, Ascent: a, K: 4}
		}, lr(.1, 0), lookbehind(Lookbehind{Ascent: a, K: 4, Alpha: .25, Reuse: true}), lr(.1, 0), 1},
		{"Lookahead with alpha 1 is its inner method", 1e-15, func(q *quadratic, base Optimizer) Minimizer {
			return &Lookahead{Params: q.params, Inner: sam(a)(q, base), Base: base, K: 2, Alpha: 1}
		}, published, sam(a), published, 1},
		{"alpha a, lr l is alpha 1, lr a·l without weight decay", 1e-14, lookbehind(Lookbehind{Ascent: a, K: 3, Alpha: .25, Reuse: true}), lr(.1, .9),
			lookbehind(Lookbehind{Ascent: a, K: 3, Alpha: 1, Reuse: true}), lr(.025, .9), 1},
		{"rho 0, adaptive, SGD is SGD at k·lr", 1e-15, lookbehind(Lookbehind{K: 3, Adaptive: true}), lr(.1, 0),
			func(q *quadratic, base Optimizer) Minimizer { return &Plain{Params: q.params, Base: base} }, lr(.3, 0), 1},
		{"the gradient of micro-batches adds up to the batch's", 1e-15, func(q *quadratic, base Optimizer) Minimizer {
			return &Plain{Params: q.params, Base: base, Micro: 2}
		}, published, func(q *quadratic, base Optimizer) Minimizer { return &Plain{Params: q.params, Base: base} }, published, 2},
		{"accumulation does not change Lookbehind", 1e-14, lookbehind(Lookbehind{Ascent: Ascent{Rho: .05, Micro: 2}, K: 2, Alpha: .5, Reuse: true}), published,
			lookbehind(Lookbehind{Ascent: a, K: 2, Alpha: .5}), published, 2},
	} {
		qa, qb := newQuadratic(t), newQuadratic(t)
		qa.micro = c.microA
		got := qa.run(c.a(qa, c.baseA(qa)), 6)
		want := qb.run(c.b(qb, c.baseB(qb)), 6)
		if err := kerneltest.Compare(got, want, c.tolerance, 0); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// With plain SGD and alpha 1/k a step of Lookbehind is the mean gradient over the
// path.
func TestLookbehindIsThePathMean(t *testing.T) {
	q := newQuadratic(t)
	const k, lr = 4, 0.1
	var mean [5]float64
	var path [][5]float64
	m := &Lookbehind{Params: q.params, Base: q.plainSGD(lr), Ascent: Ascent{Rho: .05}, K: k, Alpha: 1.0 / k}
	m.Step(func(e Eval) (loss tensor.Scalar) {
		loss = q.closure(e)
		if e.Inner > 0 && (len(path) < e.Inner) { // behind ascent e.Inner, for the descent
			_, g := q.at(q.weights(), e)
			path = append(path, g)
		}
		return loss
	}, nil)
	for _, g := range path {
		for i := range mean {
			mean[i] += g[i] / k
		}
	}
	var want []float64
	for i := range mean {
		want = append(want, origin[i]-lr*mean[i])
	}
	if err := kerneltest.Compare(q.weights(), want, 1e-15, 0); err != nil {
		t.Error(err)
	}
}

// Reuse gives the same weights bit for bit, and the same number of updates of
// the running statistics, in k+1 evaluations.
func TestReuseIsExact(t *testing.T) {
	for _, k := range []int{1, 2, 5} {
		for _, ascent := range []Ascent{{Rho: .05}, {Rho: .5, Eta: .01, Scaled: scaled}, {Rho: .05, Clip: .1}, {Rho: .05, Micro: 2, PerMicro: true}} {
			run := func(reuse bool) (*quadratic, []float64) {
				q := newQuadratic(t)
				q.micro = max(ascent.Micro, 1)
				m := &Lookbehind{Params: q.params, Base: q.sgd(), Ascent: ascent, K: k, Adaptive: true, Reuse: reuse}
				if want := map[bool]int{true: k + 1, false: 2 * k}[reuse]; m.Evals() != want {
					t.Errorf("k %d: Evals is %d, want %d", k, m.Evals(), want)
				}
				return q, q.run(m, 4)
			}
			with, got := run(true)
			without, want := run(false)
			if err := kerneltest.Compare(got, want, 0, 0); err != nil {
				t.Errorf("k %d, %+v: %v", k, ascent, err)
			}
			if n := 4 * (k + 1) * with.micro; len(with.evals) != n {
				t.Errorf("k %d: %d evaluations with reuse, want %d", k, len(with.evals), n)
			}
			if with.stats != without.stats || with.stats != 4*2*k*with.micro {
				t.Errorf("k %d: %d updates of the statistics with reuse, %d without, want %d", k, with.stats, without.stats, 4*2*k*with.micro)
			}
		}
	}
}

func TestStatPolicies(t *testing.T) {
	for _, c := range []struct {
		policy StatPolicy
		want   int
	}{{StatsPublished, 6}, {StatsFirst, 1}, {StatsNone, 0}} {
		for _, reuse := range []bool{true, false} {
			q := newQuadratic(t)
			q.run(&Lookbehind{Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05, Stats: c.policy}, K: 3, Reuse: reuse}, 1)
			if q.stats != c.want {
				t.Errorf("policy %d, reuse %v: %d updates, want %d", c.policy, reuse, q.stats, c.want)
			}
		}
	}
}

func TestRadiusPolicies(t *testing.T) {
	for _, c := range []struct {
		policy   RadiusPolicy
		from, to float64
	}{{RadiusPerStep, .149, .15}, {RadiusBudget, .0499, .05}, {RadiusProjected, .04999999, .05}} {
		q := newQuadratic(t)
		m := &Multistep{Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05}, K: 3, Radius: c.policy}
		log := NewLog(q.params, 3, 2)
		log.Distances = true
		m.Step(q.closure, log)
		if d := log.Read()[0].Distance; !(d >= c.from && d <= c.to*(1+1e-12)) {
			t.Errorf("policy %d went %v far, want %v to %v", c.policy, d, c.from, c.to)
		}
		if len(q.evals) != 4 {
			t.Errorf("policy %d: %d evaluations, want 4", c.policy, len(q.evals))
		}
	}
}

func TestEndpointRadius(t *testing.T) {
	for k, want := range map[int]float64{1: .05, 2: .0999972, 5: .2499483, 10: .4996171} {
		q := newQuadratic(t)
		log := NewLog(q.params, k, 1)
		log.Distances = true
		(&Lookbehind{Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05}, K: k, Adaptive: true, Reuse: true}).Step(q.closure, log)
		if d := log.Read()[0].Distance; !(math.Abs(d-want) <= 5e-8) { // seven decimals known
			t.Errorf("k %d ends %v from the start, want %v", k, d, want)
		}
	}
}

// m-sharpness: each micro-batch climbs along its own gradient.
func TestPerMicroChains(t *testing.T) {
	const rho, lr = .05, .1
	q := newQuadratic(t)
	q.micro = 2
	got := q.run(&SAM{Params: q.params, Base: q.plainSGD(lr), Ascent: Ascent{Rho: rho, Micro: 2, PerMicro: true}}, 1)
	want := append([]float64{}, origin[:]...)
	for micro := range 2 {
		_, g := q.at(origin[:], Eval{Micro: micro})
		norm := 0.0
		for _, v := range g {
			norm += v * v
		}
		up := append([]float64{}, origin[:]...)
		for i, v := range g {
			up[i] += rho * v / math.Sqrt(norm)
		}
		_, g = q.at(up, Eval{Micro: micro})
		for i, v := range g {
			want[i] -= lr * v
		}
	}
	if err := kerneltest.Compare(got, want, 1e-15, 0); err != nil {
		t.Error(err)
	}
}

func TestNewBatches(t *testing.T) {
	q := newQuadratic(t)
	m := &Lookbehind{Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05}, K: 3, Reuse: true, NewBatches: true}
	m.Step(q.closure, nil)
	var batches []int
	for _, e := range q.evals {
		batches = append(batches, e.Batch)
	}
	if got, want := fmt.Sprint(batches), "[0 0 1 1 2 2]"; got != want || m.Batches() != 3 || m.Evals() != 6 {
		t.Errorf("batches %s, want %s; Batches %d, Evals %d", got, want, m.Batches(), m.Evals())
	}
}

func TestAlphaZeroKeepsWeightsOnly(t *testing.T) {
	q := newQuadratic(t)
	base := q.sgd()
	got := q.run(&Lookbehind{Params: q.params, Base: base, Ascent: Ascent{Rho: .05}, K: 2, Reuse: true}, 2)
	if err := kerneltest.Compare(got, origin[:], 0, 0); err != nil {
		t.Error(err)
	}
	if base.Moments()[0].Floats()[0] == 0 {
		t.Error("the momentum did not move")
	}
}

func TestFrozenParameters(t *testing.T) {
	q := newQuadratic(t)
	m := &Lookbehind{Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05, Frozen: []bool{false, true}}, K: 2, Alpha: 1, Reuse: true}
	m.Step(func(e Eval) tensor.Scalar {
		if w := q.weights(); w[3] != origin[3] || w[4] != origin[4] {
			t.Errorf("pass %d perturbs the frozen parameter: %v", e.Inner, w)
		}
		return q.closure(e)
	}, nil)
	if w := q.weights(); w[3] == origin[3] {
		t.Error("the frozen parameter was not trained")
	}
}

func TestMomentumPolicies(t *testing.T) {
	moments := func(policy MomentumPolicy) []float64 {
		q := newQuadratic(t)
		base := q.sgd()
		q.run(&Lookbehind{Params: q.params, Base: base, Ascent: Ascent{Rho: .05}, K: 2, Alpha: .5, Pull: policy}, 1)
		return q.gather(base.Moments()[0])
	}
	keep, reset, half := moments(MomentumKeep), moments(MomentumReset), moments(MomentumInterpolate)
	for i, v := range keep {
		if reset[i] != 0 || !(math.Abs(half[i]-v/2) <= 1e-15) || v == 0 {
			t.Errorf("momentum %d: keep %v, reset %v, interpolate %v", i, v, reset[i], half[i])
		}
	}
}

func TestValidate(t *testing.T) {
	for _, m := range []interface{ Validate() error }{
		&Lookbehind{K: 0}, &Lookbehind{K: 1, Alpha: 1.5}, &Lookbehind{K: 1, Alpha: math.NaN()},
		&Lookbehind{K: 1, Ascent: Ascent{Rho: -1}}, &Multistep{K: 0}, &PathMean{K: 0}, &PathMean{K: 1, Ascent: Ascent{Rho: -1}}, &Multistep{K: 1, Ascent: Ascent{Rho: math.Inf(1)}},
		&Lookahead{K: 0}, &Lookahead{K: 1, Alpha: -1}, Ascent{Eta: math.NaN()}, Ascent{Clip: -1},
	} {
		if m.Validate() == nil {
			t.Errorf("%+v is accepted", m)
		}
	}
}
