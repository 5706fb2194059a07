package optim

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// Multistep is Multistep-SAM: K ascents, then one step of the base optimizer
// from the clean weights with the last gradient. With Ascent.Scaled it is
// Multistep-ASAM. K = 1 is SAM. (The baseline of the Lookbehind paper; its
// radius is not stated there, so that it is a policy.)
type Multistep struct {
	Params *autograd.Params
	Base   Optimizer
	Ascent Ascent
	K      int
	Radius RadiusPolicy

	climber  *climber
	clean    *tensor.Tensor
	away     tensor.Scalar // distance from the clean weights
	boundary tensor.Scalar // Rho, where the ascent is projected
	loss     tensor.Scalar
}

// A RadiusPolicy says how Rho is spent over the ascents of Multistep.
type RadiusPolicy int

const (
	RadiusPerStep   RadiusPolicy = iota // each ascent has radius Rho
	RadiusBudget                        // each has radius Rho/K
	RadiusProjected                     // each has radius Rho, and the weights are pulled back to the ball of radius Rho
)

func (m *Multistep) init() {
	if m.climber != nil {
		return
	}
	m.climber = newClimber(m.Ascent, m.Params)
	m.clean = arena(m.Params)
	m.away = tensor.NewScalar(m.Params.Device(), 0)
	m.boundary = tensor.NewScalar(m.Params.Device(), 0)
	m.loss = tensor.NewScalar(m.Params.Device(), 0)
	m.SetRho(m.Ascent.Rho)
}

// SetRho changes the radius.
func (m *Multistep) SetRho(rho float64) {
	m.init()
	m.boundary.Set(rho)
	if m.Radius == RadiusBudget {
		rho /= float64(m.K)
	}
	m.climber.rho.Set(rho)
}

// Step evaluates K+1 gradients and moves the weights once.
func (m *Multistep) Step(loss Closure, log *Log) tensor.Scalar {
	m.init()
	w := m.Params.Weights
	tensor.Copy(m.clean, w)
	m.climber.start()
	r := rise{}
	if m.Radius == RadiusProjected {
		r.then = m.project
	}
	for r.from = range m.K {
		r.known = r.from > 0
		m.climber.climb(loss, r, log)
		if r.from == 0 {
			tensor.Copy(m.loss.Tensor, m.climber.before.Tensor)
		}
	}
	g := m.climber.descent(loss, r)
	log.distance(w, m.clean)
	m.Base.Step(w, m.clean, g)
	log.push()
	return m.loss
}

// project pulls the weights back to the ball around the clean ones.
func (m *Multistep) project() {
	c := m.climber
	w, clean := m.Params.Weights.Data, m.clean.Data
	kernels.ScaledDistance(m.away.Data, w, clean, c.table, c.Eta)
	kernels.Project(w, clean, m.away.Data, m.boundary.Data, c.table)
}

// Evals is K+1.
func (m *Multistep) Evals() int { return m.K + 1 }

// Batches is 1.
func (m *Multistep) Batches() int { return 1 }

// State is the base optimizer's.
func (m *Multistep) State() []State { return m.Base.State() }

// Validate reports the first field that is out of range.
func (m *Multistep) Validate() error {
	if m.K < 1 {
		return fmt.Errorf("optim: k is %d, want 1 or more", m.K)
	}
	return m.Ascent.Validate()
}
