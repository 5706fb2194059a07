package optim

import (
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// Each optimizer against its formula, written out a second time as PyTorch
// documents it.
func TestOptimizersFollowTheirFormula(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(q *quadratic) Optimizer
		step func(w, g [5]float64, t int, m, v *[5]float64) [5]float64
	}{
		{"nesterov", func(q *quadratic) Optimizer {
			return &SGD{Params: q.params, LR: .1, Momentum: .9, WeightDecay: 5e-4, Nesterov: true}
		}, func(w, g [5]float64, _ int, m, _ *[5]float64) [5]float64 {
			for i := range w {
				d := g[i] + 5e-4*w[i]
				m[i] = .9*m[i] + d
				w[i] -= .1 * (d + .9*m[i])
			}
			return w
		}},
		{"dampening", func(q *quadratic) Optimizer {
			return &SGD{Params: q.params, LR: .1, Momentum: .9, Dampening: .3}
		}, func(w, g [5]float64, t int, m, _ *[5]float64) [5]float64 {
			for i := range w {
				if t == 1 {
					m[i] = g[i] // PyTorch's first step is undamped
				} else {
					m[i] = .9*m[i] + .7*g[i]
				}
				w[i] -= .1 * m[i]
			}
			return w
		}},
		{"adamw", func(q *quadratic) Optimizer {
			return &AdamW{Params: q.params, LR: .01, Beta1: .9, Beta2: .999, Eps: 1e-8, WeightDecay: .01}
		}, func(w, g [5]float64, t int, m, v *[5]float64) [5]float64 {
			for i := range w {
				w[i] *= 1 - .01*.01
				m[i] = .9*m[i] + .1*g[i]
				v[i] = .999*v[i] + .001*g[i]*g[i]
				mHat, vHat := m[i]/(1-math.Pow(.9, float64(t))), v[i]/(1-math.Pow(.999, float64(t)))
				w[i] -= .01 * mHat / (math.Sqrt(vHat) + 1e-8)
			}
			return w
		}},
	} {
		q := newQuadratic(t)
		got := q.run(&Plain{Params: q.params, Base: c.make(q)}, 5)
		w := origin
		var m, v [5]float64
		for step := 1; step <= 5; step++ {
			_, g := q.at(w[:], Eval{})
			w = c.step(w, g, step, &m, &v)
		}
		if err := kerneltest.Compare(got, w[:], 1e-13, 0); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestNoDecay(t *testing.T) {
	q := newQuadratic(t)
	base := &SGD{Params: q.params, LR: .1, WeightDecay: .5, NoDecay: []bool{false, true}}
	zero := func(Eval) tensor.Scalar { q.params.Grads.Zero(); return q.loss }
	(&Plain{Params: q.params, Base: base}).Step(zero, nil)
	w := q.weights()
	if !(math.Abs(w[0]-origin[0]*.95) <= 1e-15) || w[3] != origin[3] {
		t.Errorf("weights %v from %v: want decay of the first three only", w, origin)
	}
}

// The state of a method, copied to a new one, continues it bit for bit.
func TestStateContinues(t *testing.T) {
	makers := map[string]func(q *quadratic) Minimizer{
		"adamw": func(q *quadratic) Minimizer {
			return &Plain{Params: q.params, Base: &AdamW{Params: q.params, LR: .01, Beta1: .9, Beta2: .999, Eps: 1e-8}}
		},
		"sgd with dampening": func(q *quadratic) Minimizer {
			return &Plain{Params: q.params, Base: &SGD{Params: q.params, LR: .1, Momentum: .9, Dampening: .3}}
		},
		"lookahead sam": func(q *quadratic) Minimizer {
			base := q.sgd()
			return &Lookahead{Params: q.params, Inner: &SAM{Params: q.params, Base: base, Ascent: Ascent{Rho: .05}}, Base: base, K: 3, Alpha: .5, Pull: MomentumInterpolate}
		},
		"lookbehind": func(q *quadratic) Minimizer {
			return &Lookbehind{Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05}, K: 2, Adaptive: true, Reuse: true}
		},
	}
	for name, make := range makers {
		q := newQuadratic(t)
		m := make(q)
		q.run(m, 4)
		saved := quadraticOn(q.params.Device())
		other := make(saved)
		tensor.Copy(saved.params.Weights, q.params.Weights)
		state := other.State()
		for i, s := range m.State() {
			if state[i].Name != s.Name {
				t.Fatalf("%s: state %d is %q, then %q", name, i, s.Name, state[i].Name)
			}
			tensor.Copy(state[i].Value, s.Value)
		}
		if r, ok := other.(interface{ Resume() }); ok {
			r.Resume()
		}
		want := q.run(m, 5)
		if err := kerneltest.Compare(saved.run(other, 5), want, 0, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchedules(t *testing.T) {
	published := MultistepSchedule{Milestones: []float64{50, 100, 150}, Gamma: .1}
	for _, c := range []struct {
		s     Schedule
		epoch float64
		want  float64
	}{
		{Constant{}, 7, 1}, {published, 49.99, 1}, {published, 50, .1}, {published, 150, .001},
		{Cosine{Epochs: 10}, 0, 1}, {Cosine{Epochs: 10}, 5, .5}, {Cosine{Epochs: 10, Final: .1}, 10, .1}, {Cosine{Epochs: 10}, 11, 0},
		{Linear{Epochs: 4}, 1, .75}, {Linear{Epochs: 4, Final: .2}, 9, .2},
		{Warmup{Epochs: 5, Then: Constant{}}, 1, .2}, {Warmup{Epochs: 5, Then: published}, 60, .1},
	} {
		if got := c.s.Factor(c.epoch); !(math.Abs(got-c.want) <= 1e-12) {
			t.Errorf("%+v at %v: %v, want %v", c.s, c.epoch, got, c.want)
		}
	}
}

// A record is the losses on both sides of an ascent and the norm of the gradient
// along which it went.
func TestARecordIsWhatAnAscentMeasured(t *testing.T) {
	q := newQuadratic(t)
	w := q.weights()
	before, grad := q.at(w, Eval{})
	norm := 0.0
	for _, g := range grad {
		norm = math.Hypot(norm, g)
	}
	for i, g := range grad {
		w[i] += .05 * g / norm
	}
	after, _ := q.at(w, Eval{})
	log := NewLog(q.params, 1, 1)
	(&SAM{Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05}}).Step(q.closure, log)
	r := log.Read()[0]
	for i, pair := range [][2]float64{{r.AscentLoss[0], before}, {r.AscentNorm[0], norm}, {r.DescentLoss[0], after}} {
		if !(math.Abs(pair[0]-pair[1]) <= 1e-12) {
			t.Errorf("number %d is %v, want %v", i, pair[0], pair[1])
		}
	}
}

func TestLogKeepsTheLastRows(t *testing.T) {
	q := newQuadratic(t)
	m := &Lookbehind{Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05}, K: 2, Adaptive: true, Reuse: true}
	log := NewLog(q.params, 2, 3)
	var losses []float64
	for range 5 {
		losses = append(losses, m.Step(q.closure, log).Read())
	}
	records := log.Read()
	if len(records) != 3 || len(log.Read()) != 0 {
		t.Fatalf("%d records, want the last 3 once", len(records))
	}
	for i, r := range records {
		if r.AscentLoss[0] != losses[i+2] || r.AscentLoss[1] != r.DescentLoss[0] || !(r.AlphaMin <= r.AlphaMean && r.AlphaMean <= r.AlphaMax && r.AlphaMin > 0) {
			t.Errorf("record %d: %+v, first loss %v", i, r, losses[i+2])
		}
	}
}
