package optim

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// LookaheadSteps is the name, in the state of a Lookahead, of the steps since
// the last pull, which the host counts too.
const LookaheadSteps = "lookahead.steps"

// Lookahead (Zhang et al. 2019) lets another minimizer move fast weights and
// every K steps pulls the slow ones after them: slow += Alpha·(fast - slow),
// fast = slow. Around SAM it is Lookahead-SAM.
//
// Between steps the model holds the slow weights, so that an evaluation needs
// no swap; the fast ones wait in an arena of their own.
type Lookahead struct {
	Params *autograd.Params
	Inner  Minimizer
	Base   Optimizer // of Inner, whose moments Pull is about
	K      int
	Alpha  float64
	Pull   MomentumPolicy

	fast, slow *tensor.Tensor
	alpha      *tensor.Tensor
	table      *kernels.Segments
	moments    pulled
	steps      *tensor.Tensor // since the last pull, int32
	count      int            // the same on the host
}

func (m *Lookahead) init() {
	if m.table != nil {
		return
	}
	p := m.Params
	m.table = segments(p, nil, nil, nil)
	m.fast, m.slow = arena(p), arena(p)
	tensor.Copy(m.fast, p.Weights)
	m.alpha = tensor.New(p.Device(), len(p.List))
	m.alpha.Fill(m.Alpha)
	m.moments = newPulled(m.Pull, m.Base)
	m.steps = tensor.NewOf(p.Device(), kernels.Int32, 1)
}

// Step moves the fast weights by one step of Inner; every K-th step pulls the
// slow ones.
func (m *Lookahead) Step(loss Closure, log *Log) tensor.Scalar {
	m.init()
	w := m.Params.Weights
	tensor.Copy(m.slow, w)
	tensor.Copy(w, m.fast)
	if m.count == 0 {
		m.moments.keep()
	}
	first := m.Inner.Step(loss, log)
	tensor.Copy(m.fast, w)
	kernels.Increment(m.steps.Data, 1)
	if m.count+1 == m.K {
		m.steps.Zero()
		kernels.Interpolate(m.slow.Data, m.slow.Data, m.fast.Data, m.alpha.Data, m.table)
		tensor.Copy(m.fast, m.slow)
		m.moments.pull(m.alpha, m.table)
	}
	tensor.Copy(w, m.slow)
	m.Advance()
	return first
}

// Phase tells the steps apart that do different things: the first one behind a
// pull, the one that pulls, and those between. Steps of one phase give the
// device the same work.
func (m *Lookahead) Phase() (phase int) {
	if m.count == 0 {
		phase = 1
	}
	if m.count+1 == m.K {
		phase += 2
	}
	return phase
}

// Advance counts a step whose work the device does without Step: again, from
// a recording.
func (m *Lookahead) Advance() { m.count = (m.count + 1) % m.K }

// Resume takes up the count of steps since the last pull after State was
// loaded.
func (m *Lookahead) Resume() {
	m.init()
	steps := make([]int32, 1)
	kernels.Download(steps, m.steps.Data)
	m.count = int(steps[0])
}

// SetRho changes the radius of Inner, if it has one.
func (m *Lookahead) SetRho(rho float64) {
	if r, ok := m.Inner.(interface{ SetRho(float64) }); ok {
		r.SetRho(rho)
	}
}

// Evals is Inner's.
func (m *Lookahead) Evals() int { return m.Inner.Evals() }

// Batches is Inner's.
func (m *Lookahead) Batches() int { return m.Inner.Batches() }

// State is Inner's, the fast weights, and the steps since the last pull.
func (m *Lookahead) State() []State {
	m.init()
	state := append(m.Inner.State(), State{"lookahead.fast", m.fast}, State{LookaheadSteps, m.steps})
	for i, slow := range m.moments.slow {
		state = append(state, State{fmt.Sprintf("lookahead.moment%d", i), slow})
	}
	return state
}

// Validate reports the first field that is out of range.
func (m *Lookahead) Validate() error {
	switch {
	case m.K < 1:
		return fmt.Errorf("optim: the period of Lookahead is %d steps, want 1 or more", m.K)
	case !(m.Alpha >= 0 && m.Alpha <= 1):
		return fmt.Errorf("optim: alpha of Lookahead is %v, want a number from 0 to 1", m.Alpha)
	}
	return nil
}
