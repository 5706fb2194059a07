package optim

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// PathMean is SAM with the mean gradient of its path (compare Kim et al. 2023,
// arXiv 2302.10181): the K ascents of Lookbehind, then one step of the base
// optimizer from the clean weights w with the mean of the gradients behind the
// ascents. With Ascent.Scaled it climbs as ASAM does.
//
//	w₀ = w
//	for i = 1..K:
//		wᵢ = wᵢ₋₁ + Rho·T²g/‖Tg‖      g = ∇L(wᵢ₋₁)
//	w -= lr·(∇L(w₁) + ... + ∇L(w_K))/K
//
// K = 1 is SAM. With plain SGD it is Lookbehind with Alpha = 1/K; with momentum
// the buffer moves once per batch here, K times there.
type PathMean struct {
	Params *autograd.Params
	Base   Optimizer
	Ascent Ascent
	K      int

	climber *climber
	clean   *tensor.Tensor
	mean    *tensor.Tensor // of the gradients
	loss    tensor.Scalar
}

func (m *PathMean) init() {
	if m.climber != nil {
		return
	}
	m.climber = newClimber(m.Ascent, m.Params)
	m.clean, m.mean = arena(m.Params), arena(m.Params)
	m.loss = tensor.NewScalar(m.Params.Device(), 0)
}

// SetRho changes the radius of an ascent.
func (m *PathMean) SetRho(rho float64) {
	m.init()
	m.climber.rho.Set(rho)
}

// Step evaluates K+1 gradients and moves the weights once.
func (m *PathMean) Step(loss Closure, log *Log) tensor.Scalar {
	m.init()
	w := m.Params.Weights
	tensor.Copy(m.clean, w)
	m.mean.Zero()
	m.climber.start()
	for i := range m.K {
		r := rise{from: i, known: i > 0}
		m.climber.climb(loss, r, log)
		kernels.AddScaled(m.mean.Data, m.climber.projected(loss, r).Data, 1/float64(m.K))
		if i == 0 {
			tensor.Copy(m.loss.Tensor, m.climber.before.Tensor)
		}
	}
	log.distance(w, m.clean)
	m.Base.Step(w, m.clean, m.climber.gradient.clipped(m.mean))
	log.push()
	return m.loss
}

// Evals is K+1.
func (m *PathMean) Evals() int { return m.K + 1 }

// Batches is 1.
func (m *PathMean) Batches() int { return 1 }

// State is the base optimizer's.
func (m *PathMean) State() []State { return m.Base.State() }

// Validate reports the first field that is out of range.
func (m *PathMean) Validate() error {
	if m.K < 1 {
		return fmt.Errorf("optim: k is %d, want 1 or more", m.K)
	}
	return m.Ascent.Validate()
}
