package study

import (
	"math"
	"strings"
	"testing"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/optim"
	"lbsam/tensor"
	"lbsam/train"
)

// A bowl is L(w) = ½ Σ curvature·w² - slope·w in two weights.
type bowl struct{ curvature, slope [2]float64 }

// descend does steps of the minimizer of c on a bowl from w and returns where it
// is behind each.
func (b bowl) descend(t *testing.T, c train.Config, w [2]float64, steps int) (path [][]float64) {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: "ref", Precision: kernels.Float64})
	if err != nil {
		t.Fatal(err)
	}
	p := autograd.NewParams([]autograd.Param{{Name: "weight", Var: autograd.NewParam(tensor.From(d, w[:], 2))}})
	base := &optim.SGD{Params: p, LR: c.LR, Momentum: c.Momentum}
	var m optim.Minimizer = &optim.SAM{Params: p, Base: base, Ascent: optim.Ascent{Rho: c.Rho}}
	if c.Minimizer == "LookbehindSAM" {
		m = &optim.Lookbehind{Params: p, Base: base, Ascent: optim.Ascent{Rho: c.Rho}, K: c.K, Alpha: c.Alpha, Reuse: true}
	}
	loss := tensor.NewScalar(d, 0)
	for range steps {
		m.Step(func(optim.Eval) tensor.Scalar {
			w := p.List[0].Value.Floats()
			p.List[0].Grad.SetFloats([]float64{b.curvature[0]*w[0] - b.slope[0], b.curvature[1]*w[1] - b.slope[1]})
			return loss
		}, nil)
		path = append(path, p.List[0].Value.Floats())
	}
	return path
}

func lookbehind(k int, alpha, lr, momentum, rho float64) train.Config {
	c := train.Published()
	c.K, c.Alpha, c.Adaptive, c.LR, c.Momentum, c.Rho = k, alpha, false, lr, momentum, rho
	return c
}

func mustMatch(t *testing.T, c train.Config) train.Config {
	t.Helper()
	m, err := Match(c, c.Alpha)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMatchedSettings(t *testing.T) {
	m := mustMatch(t, lookbehind(2, 0.5, 0.1, 0.9, 0.05))
	want := train.Published()
	want.Minimizer, want.K, want.Alpha, want.Adaptive = "SAM", 2, 0.5, false
	want.LR, want.Momentum, want.Rho = 0.19, 0.81, 0.075 // .5·2·.1·.19/.1
	if err := kerneltest.Compare([]float64{m.LR, m.Momentum, m.Rho}, []float64{want.LR, want.Momentum, want.Rho}, 1e-15, 0); err != nil {
		t.Error(err)
	}
	if what := differ(want, m); m.Minimizer != "SAM" && what != "" {
		t.Error(what)
	}
	if m = mustMatch(t, lookbehind(1, 1, 0.1, 0.9, 0.05)); math.Abs(m.LR-0.1) > 1e-16 || m.Momentum != 0.9 || m.Rho != 0.05 {
		t.Errorf("k 1 is SAM already: lr %v, momentum %v, rho %v", m.LR, m.Momentum, m.Rho)
	}
}

// Along an eigenvector all ascents have one direction, and without momentum a
// step of Lookbehind is one of the matched SAM.
func TestMatchedIsExactWhereAscentsAlign(t *testing.T) {
	b := bowl{curvature: [2]float64{2, 0.5}}
	for k := 1; k <= 5; k++ {
		c := lookbehind(k, 0.4, 0.05, 0, 0.1)
		got, want := b.descend(t, mustMatch(t, c), [2]float64{3, 0}, 1), b.descend(t, c, [2]float64{3, 0}, 1)
		if err := kerneltest.Compare(got[0], want[0], 4e-15, 0); err != nil { // a few roundings of numbers near 3
			t.Errorf("k %d: %v", k, err)
		}
	}
}

// Under a constant gradient both move at the same speed once the momentum is
// there.
func TestMatchedHasTheSameSpeed(t *testing.T) {
	b := bowl{slope: [2]float64{1, -2}}
	c := lookbehind(3, 0.4, 0.05, 0.9, 0.1)
	speed := func(c train.Config) []float64 {
		p := b.descend(t, c, [2]float64{}, 200) // .729²⁰⁰ is 0
		return []float64{p[199][0] - p[198][0], p[199][1] - p[198][1]}
	}
	if err := kerneltest.Compare(speed(mustMatch(t, c)), speed(c), 1e-12, 0); err != nil {
		t.Error(err)
	}
}

// With half the learning rate and twice the steps the ways of both are twice as
// near: they agree to first order. With lr·alpha·k alone they do not.
func TestMatchedAgreesToFirstOrder(t *testing.T) {
	b := bowl{curvature: [2]float64{1, 0.3}, slope: [2]float64{0.2, -0.1}}
	apart := func(lr float64, steps int, control func(train.Config) train.Config) float64 {
		c := lookbehind(2, 0.5, lr, 0.9, 0.001)
		p, q := b.descend(t, c, [2]float64{1, -1}, steps), b.descend(t, control(c), [2]float64{1, -1}, steps)
		return math.Hypot(p[steps-1][0]-q[steps-1][0], p[steps-1][1]-q[steps-1][1])
	}
	match := func(c train.Config) train.Config { return mustMatch(t, c) }
	naive := func(c train.Config) train.Config {
		m := mustMatch(t, c)
		m.LR, m.Momentum = c.Alpha*2*c.LR, c.Momentum
		return m
	}
	if ratio := apart(1e-3, 100, match) / apart(5e-4, 200, match); !(ratio > 1.7 && ratio < 2.3) {
		t.Errorf("half the learning rate brings them %v times as near, want 2", ratio)
	}
	if near, far := apart(5e-4, 200, match), apart(5e-4, 200, naive); !(near < far/5) {
		t.Errorf("the matched control is %v away, that of lr·alpha·k %v", near, far)
	}
}

// A static alpha is a factor of the learning rate: all that Match makes of it.
func TestMatchedHasNothingElseOfAlpha(t *testing.T) {
	a, b := mustMatch(t, lookbehind(4, 0.5, 0.1, 0.9, 0.05)), mustMatch(t, lookbehind(4, 1, 0.05, 0.9, 0.05))
	if a.Alpha = b.Alpha; math.Abs(a.LR-b.LR) > 1e-16 {
		t.Errorf("lr %v and %v", a.LR, b.LR)
	}
	if b.LR = a.LR; differ(a, b) != "" {
		t.Error(differ(a, b))
	}
}

func TestMatchRefuses(t *testing.T) {
	for want, change := range map[string]func(*train.Config){
		"SGD has no matched control":   func(c *train.Config) { c.Minimizer = "SGD" },
		"needs the base optimizer sgd": func(c *train.Config) { c.Optimizer = "adamw" },
		"with new_batches takes 2":     func(c *train.Config) { c.NewBatches = true },
		"needs pull keep: found reset": func(c *train.Config) { c.Pull = "reset" },
		"the mean alpha is 0":          func(c *train.Config) { c.Alpha = 0 },
		"the mean alpha is NaN":        func(c *train.Config) { c.Alpha = math.NaN() },
		"the momentum is 1: a matched": func(c *train.Config) { c.Momentum = 1 },
	} {
		c := train.Published()
		change(&c)
		if _, err := Match(c, c.Alpha); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
