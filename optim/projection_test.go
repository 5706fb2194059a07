package optim

import (
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// against is the batch of the reference: one whose gradient points away from
// that of batch 0 near the latter's minimum.
const against = -6

// gradientOf is the gradient of a batch of q at w.
func (q *quadratic) gradientOf(w []float64, batch int) []float64 {
	_, g := q.at(w, Eval{Batch: batch})
	return g[:]
}

func inner(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// plus is a + s·b.
func plus(a []float64, s float64, b []float64) []float64 {
	c := make([]float64, len(a))
	for i, v := range a {
		c[i] = v + s*b[i]
	}
	return c
}

// projected is equation 11 of the A-GEM paper, for the gradients at w.
func (q *quadratic) projected(w []float64, conflicts *int) []float64 {
	g, r := q.gradientOf(w, 0), q.gradientOf(w, against)
	if inner(g, r) >= 0 {
		return g
	}
	*conflicts++
	return plus(g, -inner(g, r)/inner(r, r), r)
}

// The methods written out for plain SGD with learning rate lr, each descent with
// the projected gradient at its own weights, each ascent with the batch's own.
func TestProjectionOfEveryDescent(t *testing.T) {
	const lr, rho, k, steps = .1, .05, 3, 12
	climb := func(q *quadratic, w []float64) []float64 {
		g := q.gradientOf(w, 0)
		return plus(w, rho/math.Sqrt(inner(g, g)), g)
	}
	for _, c := range []struct {
		name string
		make func(q *quadratic, p *Projection) Minimizer
		step func(q *quadratic, w []float64, conflicts *int) []float64
	}{
		{"SGD", func(q *quadratic, p *Projection) Minimizer {
			return &Plain{Params: q.params, Base: q.plainSGD(lr), Projection: p}
		}, func(q *quadratic, w []float64, n *int) []float64 { return plus(w, -lr, q.projected(w, n)) }},
		{"SAM", func(q *quadratic, p *Projection) Minimizer {
			return &SAM{Params: q.params, Base: q.plainSGD(lr), Ascent: Ascent{Rho: rho, Projection: p}}
		}, func(q *quadratic, w []float64, n *int) []float64 { return plus(w, -lr, q.projected(climb(q, w), n)) }},
		{"Multistep", func(q *quadratic, p *Projection) Minimizer {
			return &Multistep{Params: q.params, Base: q.plainSGD(lr), Ascent: Ascent{Rho: rho, Projection: p}, K: k}
		}, func(q *quadratic, w []float64, n *int) []float64 {
			up := w
			for range k {
				up = climb(q, up)
			}
			return plus(w, -lr, q.projected(up, n))
		}},
		{"PathMean", func(q *quadratic, p *Projection) Minimizer {
			return &PathMean{Params: q.params, Base: q.plainSGD(lr), Ascent: Ascent{Rho: rho, Projection: p}, K: k}
		}, func(q *quadratic, w []float64, n *int) []float64 {
			up, next := w, w
			for range k {
				up = climb(q, up)
				next = plus(next, -lr/k, q.projected(up, n))
			}
			return next
		}},
		{"Lookbehind", func(q *quadratic, p *Projection) Minimizer {
			return &Lookbehind{Params: q.params, Base: q.plainSGD(lr), Ascent: Ascent{Rho: rho, Projection: p}, K: k, Alpha: .5, Reuse: true}
		}, func(q *quadratic, w []float64, n *int) []float64 {
			up, fast := w, w
			for range k {
				up = climb(q, up)
				fast = plus(fast, -lr, q.projected(up, n))
			}
			return plus(w, .5, plus(fast, -1, w))
		}},
	} {
		q, conflicts := newQuadratic(t), 0
		m := c.make(q, &Projection{Batch: against})
		got := q.run(m, steps)
		want := origin[:]
		for range steps {
			want = c.step(q, want, &conflicts)
		}
		if err := kerneltest.Compare(got, want, 1e-12, 0); err != nil {
			t.Errorf("%s: weights: %v", c.name, err)
		}
		if most := len(q.evals) - steps*m.Evals(); conflicts == 0 || conflicts == most {
			t.Errorf("%s: %d of %d descents had a conflict, want some and not all", c.name, conflicts, most)
		}
		free, same := newQuadratic(t), newQuadratic(t)
		if err := kerneltest.Compare(free.run(c.make(free, &Projection{}), 5), same.run(c.make(same, nil), 5), 0, 0); err != nil {
			t.Errorf("%s: a projection without a reference: %v", c.name, err)
		}
	}
}

// With and without reuse of gradients: the projection leaves the ascents alone.
func TestProjectionAllowsReuse(t *testing.T) {
	run := func(reuse bool) []float64 {
		q := newQuadratic(t)
		return q.run(&Lookbehind{
			Params: q.params, Base: q.sgd(), Ascent: Ascent{Rho: .05, Clip: .3, Projection: &Projection{Batch: against}}, K: 4, Adaptive: true, Reuse: reuse,
		}, 6)
	}
	if err := kerneltest.Compare(run(true), run(false), 0, 0); err != nil {
		t.Error(err)
	}
}
