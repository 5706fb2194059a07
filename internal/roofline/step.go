package roofline

import "lbsam/kernels"

// A Step adds up launches, in their order. Those on the two sides of a fork run at
// once: they take as long as the longer side, or as what both want of the
// multiplying units, the memory or the L2 cache takes these. That is the least: no
// GPU shares itself between kernels without a loss.
type Step struct {
	Card

	ended  float64 // seconds of what came before the fork
	alone  float64 // seconds of all launches, one after the other
	fork   int
	behind float64 // seconds of the launches of the fork that are not aside
	aside  float64 // of those that are
	use    use     // of both
}

// Add adds a launch, and returns what it would take alone.
func (s *Step) Add(l kernels.Launch) Estimate {
	e := s.Of(l)
	s.alone += e.Seconds
	if l.Fork != s.fork {
		s.ended += s.forked()
		s.fork, s.behind, s.aside, s.use = l.Fork, 0, 0, use{}
	}
	switch {
	case l.Fork == 0:
		s.ended += e.Seconds
	case l.Aside:
		s.aside += e.Seconds
	default:
		s.behind += e.Seconds
	}
	s.use = s.use.and(e.use)
	return e
}

// forked is the time of the launches of the fork.
func (s *Step) forked() float64 {
	if s.fork == 0 {
		return 0
	}
	return max(s.behind, s.aside, s.use.compute, s.use.memory, s.use.l2)
}

// Seconds is how long all launches take.
func (s *Step) Seconds() float64 { return s.ended + s.forked() }

// Saved is how much longer they would take one after the other.
func (s *Step) Saved() float64 { return s.alone - s.Seconds() }
