package optim

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// Lookbehind is Lookbehind-SAM (Mordido et al., ICML 2024, algorithm 1): k
// steps back, 1 step forward. With Ascent.Scaled it is Lookbehind-ASAM. From
// slow weights φ, with T as in kernels.ScaledNorm:
//
//	φ'₀ = φ₀ = φ
//	for i = 1..K:
//		φ'ᵢ = φ'ᵢ₋₁ + Rho·T²g/‖Tg‖      g = ∇L(φ'ᵢ₋₁): climbs on, never returns
//		φᵢ = φᵢ₋₁ - lr·∇L(φ'ᵢ)         by the base optimizer
//	φ += Alpha·(φ_K - φ)
//
// The gradient at φ'ᵢ, taken for descent i, is the direction of ascent i+1:
// with Reuse it is computed once, K+1 evaluations for the published 2K, and
// every weight and statistic is the same bit for bit. (With several
// micro-batches per batch the statistics move in another order.)
//
// Between steps the weights are the slow ones, so that an evaluation needs no
// swap.
type Lookbehind struct {
	Params   *autograd.Params
	Base     Optimizer
	Ascent   Ascent
	K        int
	Alpha    float64    // the part of the way from slow to fast, unless Adaptive
	Adaptive bool       // (1 + cos of the first and the total displacement)/2
	Scope    AlphaScope // of the adaptive Alpha
	Reuse    bool       // of gradients; off where the forward pass is random
	// NewBatches takes another batch for each inner step: K batches a step,
	// and nothing to reuse.
	NewBatches bool
	Pull       MomentumPolicy

	climber           *climber
	slow, fast, first *tensor.Tensor
	alpha             *tensor.Tensor // [parameters]
	loss              tensor.Scalar
	moments           pulled
}

// An AlphaScope says over what the adaptive alpha takes its angle.
type AlphaScope int

const (
	AlphaPerTensor AlphaScope = iota // of each parameter, as the published code does
	AlphaGlobal                      // of all weights, as the formula reads
)

func (m *Lookbehind) init() {
	if m.climber != nil {
		return
	}
	p := m.Params
	m.climber = newClimber(m.Ascent, p)
	m.slow, m.fast = arena(p), arena(p)
	m.first = m.fast
	if m.Adaptive && m.K > 1 { // which compares the two
		m.first = arena(p)
	}
	m.alpha = tensor.New(p.Device(), len(p.List))
	m.alpha.Fill(m.Alpha)
	m.loss = tensor.NewScalar(p.Device(), 0)
	m.moments = newPulled(m.Pull, m.Base)
}

// reuses reports whether the gradient behind an ascent serves the next one.
func (m *Lookbehind) reuses() bool { return m.Reuse && !m.NewBatches }

// Step climbs K times, descends K times and goes part of the way back.
func (m *Lookbehind) Step(loss Closure, log *Log) tensor.Scalar {
	m.init()
	w := m.Params.Weights
	tensor.Copy(m.slow, w)
	m.moments.keep()
	m.climber.start()
	from := m.slow
	for i := range m.K {
		r := rise{from: i, known: m.reuses() && i > 0, twice: m.reuses() && i+1 < m.K}
		if m.NewBatches {
			r.batch = i
		}
		m.climber.climb(loss, r, log)
		to := m.fast
		if i == 0 {
			to = m.first
			tensor.Copy(m.loss.Tensor, m.climber.before.Tensor)
		}
		m.Base.Step(to, from, m.climber.descent(loss, r)) // the gradient at w moves the fast weights
		from = to
	}
	log.distance(w, m.slow)
	m.pull(log)
	log.push()
	return m.loss
}

// pull sets the weights to slow + alpha·(fast - slow).
func (m *Lookbehind) pull(log *Log) {
	if m.Adaptive {
		kernels.Alignment(m.alpha.Data, m.slow.Data, m.first.Data, m.fast.Data, m.climber.table, m.Scope == AlphaGlobal)
	}
	kernels.Interpolate(m.Params.Weights.Data, m.slow.Data, m.fast.Data, m.alpha.Data, m.climber.table)
	m.moments.pull(m.alpha, m.climber.table)
	log.alphas(m.alpha)
}

// Slow is the weights from which a step starts, until the next one.
func (m *Lookbehind) Slow() *tensor.Tensor {
	m.init()
	return m.slow
}

// SetRho changes the radius of an ascent.
func (m *Lookbehind) SetRho(rho float64) {
	m.init()
	m.climber.rho.Set(rho)
}

// Alphas is the alpha of each parameter in the last step.
func (m *Lookbehind) Alphas() *tensor.Tensor {
	m.init()
	return m.alpha
}

// Evals is K+1 with reuse of gradients and 2K without.
func (m *Lookbehind) Evals() int {
	if m.reuses() {
		return m.K + 1
	}
	return 2 * m.K
}

// Batches is 1, or K with NewBatches.
func (m *Lookbehind) Batches() int {
	if m.NewBatches {
		return m.K
	}
	return 1
}

// State is the base optimizer's: fast, slow and perturbed weights all meet at
// the end of a step.
func (m *Lookbehind) State() []State { return m.Base.State() }

// Validate reports the first field that is out of range.
func (m *Lookbehind) Validate() error {
	switch {
	case m.K < 1:
		return fmt.Errorf("optim: k is %d, want 1 or more", m.K)
	case !m.Adaptive && !(m.Alpha >= 0 && m.Alpha <= 1):
		return fmt.Errorf("optim: alpha is %v, want a number from 0 to 1, or adaptive", m.Alpha)
	}
	return m.Ascent.Validate()
}
