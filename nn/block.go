package nn

import "lbsam/autograd"

// A block is a piece of a network whose activations a training pass may forget and
// compute again for the gradient: see autograd's Tape.Recompute. It is embedded by
// layers that call run in their Forward.
type block struct {
	Children
	recompute bool
}

// SetRecompute says whether activations are computed again.
func (b *block) SetRecompute(on bool) bool {
	b.recompute = on
	return true
}

// run is body, once now and, if its activations are to be computed again, once in
// the backward pass.
func (b *block) run(t *autograd.Tape, m Mode, body func(m Mode) *autograd.Var) *autograd.Var {
	if !b.recompute || !m.Train {
		return body(m)
	}
	return t.Recompute(func(again bool) *autograd.Var {
		m := m
		if again {
			m.Again, m.StatUpdates = true, 0
		}
		return body(m)
	})
}

// SetRecompute says whether the blocks inside compute their activations again, and
// reports whether there is one.
func (c Children) SetRecompute(on bool) (found bool) {
	for _, child := range c {
		if l, ok := child.Layer.(recomputing); ok && l.SetRecompute(on) {
			found = true
		}
	}
	return found
}

// SetRecompute says whether the blocks inside compute their activations again, and
// reports whether there is one.
func (s Sequential) SetRecompute(on bool) bool { return Children(s).SetRecompute(on) }

// SetRecompute says whether the residual blocks of the model, and the stem before
// them, compute their activations again in the backward pass, which takes less
// memory and more time, and reports whether there is one. The gradients are the same
// bits.
func (m *Model) SetRecompute(on bool) bool {
	l, ok := m.Layer.(recomputing)
	return ok && l.SetRecompute(on)
}

// recomputing is a block or has some inside.
type recomputing interface{ SetRecompute(on bool) bool }
