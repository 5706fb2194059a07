package train

import (
	"fmt"
	"strings"

	"lbsam/autograd"
	"lbsam/optim"
	"lbsam/tensor"
)

// Minimizers are the methods by name.
func Minimizers() []string {
	return []string{
		"SGD", "SAM", "ASAM", "Lookahead", "LookaheadSAM", "LookaheadASAM",
		"MultistepSAM", "MultistepASAM", "PathMeanSAM", "PathMeanASAM", "LookbehindSAM", "LookbehindASAM",
	}
}

// A method is a minimizer with its base optimizer.
type method struct {
	optim.Minimizer
	base  optim.Optimizer
	inner int // ascents per step

	projection *optim.Projection // of the descents, off
	descents   int               // per step; of PathMean, gradients of its mean
}

// setRho changes the radius, where the method has one.
func (m method) setRho(rho float64) {
	if r, ok := m.Minimizer.(interface{ SetRho(float64) }); ok {
		r.SetRho(rho)
	}
}

// evals is the number of gradient evaluations of a step on batches of those
// sizes, of which one more than the method takes is a reference.
func (m method) evals(sizes []int) int {
	if len(sizes) > m.Batches() {
		return m.Evals() + m.descents
	}
	return m.Evals()
}

// guard keeps steps of the base optimizer from changing anything where skip is
// not 0, and reports whether a step of the method changes weights and moments
// nowhere else: where it starts its only step of the base optimizer from the
// weights that it was given.
func (m method) guard(skip *tensor.Tensor) bool {
	switch m.Minimizer.(type) {
	case *optim.Plain, *optim.SAM, *optim.Multistep, *optim.PathMean:
	default:
		return false
	}
	switch b := m.base.(type) {
	case *optim.SGD:
		b.Skip = skip
	case *optim.AdamW:
		b.Skip = skip
	}
	return true
}

// newMethod builds the minimizer of c for the parameters p. random says that
// the model's forward pass draws random numbers.
func newMethod(c Config, p *autograd.Params, random bool) method {
	base := newBase(c, p)
	ascent := newAscent(c, p)
	inner := strings.TrimPrefix(c.Minimizer, "Lookahead")
	m := method{base: base, inner: 1, projection: &optim.Projection{}, descents: 1}
	ascent.Projection = m.projection
	switch strings.TrimSuffix(strings.TrimSuffix(inner, "ASAM"), "SAM") {
	case "Multistep":
		m.Minimizer, m.inner = &optim.Multistep{Params: p, Base: base, Ascent: ascent, K: c.K, Radius: index[optim.RadiusPolicy](c.Radius, "step", "budget", "projected")}, c.K
	case "PathMean":
		m.Minimizer, m.inner = &optim.PathMean{Params: p, Base: base, Ascent: ascent, K: c.K}, c.K
		m.descents = c.K
	case "Lookbehind":
		m.Minimizer, m.inner = &optim.Lookbehind{
			Params: p, Base: base, Ascent: ascent, K: c.K, Alpha: c.Alpha, Adaptive: c.Adaptive,
			Scope: index[optim.AlphaScope](c.AlphaScope, "tensor", "global"),
			Reuse: c.Reuse && !random, NewBatches: c.NewBatches, Pull: pullPolicy(c),
		}, c.K
		m.descents = c.K
	case "":
		m.Minimizer = &optim.SAM{Params: p, Base: base, Ascent: ascent}
		if inner == "" { // Lookahead around the base optimizer
			m.Minimizer = plain(c, p, base, m.projection)
		}
	default:
		m.Minimizer = plain(c, p, base, m.projection)
	}
	if strings.HasPrefix(c.Minimizer, "Lookahead") {
		m.Minimizer = &optim.Lookahead{Params: p, Inner: m.Minimizer, Base: base, K: c.LookaheadK, Alpha: c.LookaheadAlpha, Pull: pullPolicy(c)}
	}
	return m
}

func plain(c Config, p *autograd.Params, base optim.Optimizer, projection *optim.Projection) optim.Minimizer {
	return &optim.Plain{Params: p, Base: base, Clip: c.Clip, Micro: c.micro(), Projection: projection}
}

// micro is the number of micro-batches of a full batch.
func (c Config) micro() int {
	if c.SAMMicro > 0 && strings.HasSuffix(c.Minimizer, "SAM") {
		return (c.Batch + c.SAMMicro - 1) / c.SAMMicro
	}
	return c.Accumulate
}

func newBase(c Config, p *autograd.Params) optim.Optimizer {
	var noDecay []bool
	if c.NoDecayNorm {
		noDecay = marks(p, isNormOrBias)
	}
	if c.Optimizer == "adamw" {
		return &optim.AdamW{Params: p, LR: c.LR, Beta1: c.Beta1, Beta2: c.Beta2, Eps: c.Eps, WeightDecay: c.WeightDecay, NoDecay: noDecay}
	}
	return &optim.SGD{Params: p, LR: c.LR, Momentum: c.Momentum, Dampening: c.Dampening, WeightDecay: c.WeightDecay, Nesterov: c.Nesterov, NoDecay: noDecay}
}

func newAscent(c Config, p *autograd.Params) optim.Ascent {
	a := optim.Ascent{
		Rho: c.Rho, Eta: c.Eta, Clip: c.Clip, Micro: c.micro(), PerMicro: c.SAMMicro > 0,
		Stats: index[optim.StatPolicy](c.BNStats, "published", "first", "none"),
	}
	if strings.HasSuffix(c.Minimizer, "ASAM") {
		a.Scaled = marks(p, isWeight)
	}
	if c.NoPerturbNorm {
		a.Frozen = marks(p, isNormOrBias)
	}
	return a
}

// isWeight is the published rule of what ASAM scales: the name says weight,
// so that BatchNorm's is scaled too.
func isWeight(p autograd.Param) bool { return strings.Contains(p.Name, "weight") }

// isNormOrBias is true of parameters of one dimension.
func isNormOrBias(p autograd.Param) bool { return len(p.Shape()) == 1 }

// ScaledByASAM marks the parameters that ASAM scales: those whose name says
// weight, so that BatchNorm's are too.
func ScaledByASAM(p *autograd.Params) []bool { return marks(p, isWeight) }

func marks(p *autograd.Params, is func(autograd.Param) bool) []bool {
	list := make([]bool, len(p.List))
	for i, param := range p.List {
		list[i] = is(param)
	}
	return list
}

func pullPolicy(c Config) optim.MomentumPolicy {
	return index[optim.MomentumPolicy](c.Pull, "keep", "reset", "interpolate")
}

// index is the position of name among names, which Validate has checked.
func index[T ~int](name string, names ...string) T {
	for i, n := range names {
		if n == name {
			return T(i)
		}
	}
	panic(fmt.Sprintf("train: %q is none of %v", name, names))
}

// newSchedule is the schedule called name over a run of the given length in
// epochs.
func newSchedule(c Config, name string, epochs float64) optim.Schedule {
	switch name {
	case "multistep":
		return optim.MultistepSchedule{Milestones: c.Milestones, Gamma: c.Gamma}
	case "cosine":
		return optim.Cosine{Epochs: epochs}
	case "linear":
		return optim.Linear{Epochs: epochs}
	}
	return optim.Constant{}
}

// Notes are the remarks on c that a user should read before a run starts.
func (c Config) Notes(random bool) []string {
	var notes []string
	lookbehind := strings.HasPrefix(c.Minimizer, "Lookbehind")
	if lookbehind && c.Reuse && random {
		notes = append(notes, "gradient reuse is off: dropout makes two passes at one point differ; a step takes 2k gradient evaluations")
	}
	if lookbehind && c.Reuse && c.NewBatches {
		notes = append(notes, "gradient reuse is off: each inner step has a batch of its own; a step takes 2k gradient evaluations")
	}
	if c.Precision == "bf16" && strings.HasSuffix(c.Minimizer, "SAM") {
		notes = append(notes, "bf16 rounds most of SAM's perturbation of the weights away; fp16 and tf32 keep nearly all of it")
	}
	if c.EMA > 0 {
		notes = append(notes, fmt.Sprintf("what is evaluated and exported is the moving average of the weights, with decay %v; the state has both", c.EMA))
	}
	geometry := strings.HasSuffix(c.Minimizer, "SAM") && !strings.HasSuffix(c.Minimizer, "ASAM")
	if geometry && c.Rho == 0.5 {
		notes = append(notes, "rho 0.5 is the published default, but the published README passes --rho 0.05 with SAM; 0.5 is its value for ASAM")
	}
	return notes
}
