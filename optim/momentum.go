package optim

import (
	"lbsam/kernels"
	"lbsam/tensor"
)

// A MomentumPolicy says what happens to the moments of the base optimizer
// when fast weights are pulled back to slow ones (Zhang et al. 2019, section
// 3.2).
type MomentumPolicy int

const (
	MomentumKeep        MomentumPolicy = iota // nothing, as published for Lookbehind
	MomentumReset                             // they start from zero
	MomentumInterpolate                       // they are pulled back like the weights
)

// pulled carries out a MomentumPolicy.
type pulled struct {
	policy MomentumPolicy
	base   Optimizer
	slow   []*tensor.Tensor
}

func newPulled(policy MomentumPolicy, base Optimizer) pulled {
	p := pulled{policy: policy, base: base}
	if policy == MomentumInterpolate {
		for _, m := range base.Moments() {
			p.slow = append(p.slow, tensor.New(m.Device(), m.Len()))
		}
	}
	return p
}

// keep remembers the moments that belong to the slow weights.
func (p pulled) keep() {
	for i, slow := range p.slow {
		tensor.Copy(slow, p.base.Moments()[i])
	}
}

// pull applies the policy, with the alpha of each parameter.
func (p pulled) pull(alpha *tensor.Tensor, table *kernels.Segments) {
	if p.policy == MomentumReset {
		for _, m := range p.base.Moments() {
			m.Zero()
		}
	}
	for i, slow := range p.slow {
		m := p.base.Moments()[i].Data
		kernels.Interpolate(m, slow.Data, m, alpha.Data, table)
	}
}
