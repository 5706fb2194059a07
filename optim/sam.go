package optim

import (
	"lbsam/autograd"
	"lbsam/tensor"
)

// SAM is sharpness-aware minimization (Foret et al. 2021): one ascent, and a
// step of the base optimizer from the clean weights with the gradient behind
// it. With Ascent.Scaled it is ASAM (Kwon et al. 2021).
//
//	g = ∇L(w)      e = Rho·T²g/‖Tg‖      w -= lr·∇L(w + e)
type SAM struct {
	Params *autograd.Params
	Base   Optimizer
	Ascent Ascent

	climber *climber
	clean   *tensor.Tensor
}

func (m *SAM) init() {
	if m.climber == nil {
		m.climber = newClimber(m.Ascent, m.Params)
		m.clean = arena(m.Params)
	}
}

// Step evaluates two gradients and moves the weights once.
func (m *SAM) Step(loss Closure, log *Log) tensor.Scalar {
	m.init()
	w := m.Params.Weights
	tensor.Copy(m.clean, w)
	m.climber.start()
	m.climber.climb(loss, rise{}, log)
	g := m.climber.descent(loss, rise{})
	log.distance(w, m.clean)
	m.Base.Step(w, m.clean, g)
	log.push()
	return m.climber.before
}

// SetRho changes the radius.
func (m *SAM) SetRho(rho float64) {
	m.init()
	m.climber.rho.Set(rho)
}

// Evals is 2.
func (m *SAM) Evals() int { return 2 }

// Batches is 1.
func (m *SAM) Batches() int { return 1 }

// State is the base optimizer's.
func (m *SAM) State() []State { return m.Base.State() }
