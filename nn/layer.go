// Package nn holds layers and models: structs with their parameters, a
// Forward that puts their operations on an autograd.Tape, and PyTorch's names
// for what they keep.
//
// A layer of one's own needs two methods:
//
//	type Scale struct{ Weight *autograd.Var } // [c]
//
//	func (s *Scale) Forward(t *autograd.Tape, x *autograd.Var, m nn.Mode) *autograd.Var { ... }
//	func (s *Scale) Params() []autograd.Param {
//		return []autograd.Param{{Name: "weight", Var: s.Weight}}
//	}
//
// One that is made of layers embeds Children, which names them, and has only
// Forward to write.
//
// Images are [n, h, w, c], weights of convolutions [oc, kh, kw, ic].
package nn

import (
	"lbsam/autograd"
	"lbsam/tensor"
)

// A Mode says what a forward pass is for. The zero Mode is evaluation.
type Mode struct {
	Train bool // batch statistics and dropout, else running statistics and none

	// StatUpdates is how often the pass moves the running statistics of
	// BatchNorm2d, when training: 1 in the usual case; 0 leaves them alone;
	// 2 stands for two passes over one batch at the same weights.
	StatUpdates int

	// StatMomentum replaces the momentum of the running statistics, unless
	// it is 0: updates with 1, 1/2, 1/3, ... leave the mean over the passes.
	StatMomentum float64

	// Again says that an earlier pass is done once more, for its gradient: what
	// it drew is drawn already, and StatUpdates is 0.
	Again bool
}

// A Layer computes y from x. The names of its parameters are relative to it:
// "weight", or "0.weight" for a layer inside.
type Layer interface {
	Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var
	// Params lists the parameters in the order of PyTorch's named_parameters.
	Params() []autograd.Param
}

// A Buffer is what a layer keeps besides its parameters, and its name.
type Buffer struct {
	Name   string
	Value  *tensor.Tensor
	Export bool // PyTorch's state_dict has it too; the others matter to an exact resume only
}

// Stateful is a layer with buffers.
type Stateful interface{ Buffers() []Buffer }

// Random is a layer whose training passes may draw random numbers, so that
// two passes over one batch differ.
type Random interface{ Random() bool }

// A Child is a layer inside another one, and its name there.
type Child struct {
	Name string
	Layer
}

// Children are the layers of which another one is made, in the order in which
// PyTorch would register them. To embed them gives a layer its Params, Buffers,
// Random and SetDropout.
type Children []Child

// Params lists the parameters of all children under their full names.
func (c Children) Params() (list []autograd.Param) {
	for _, child := range c {
		for _, p := range child.Layer.Params() {
			list = append(list, autograd.Param{Name: child.inside(p.Name), Var: p.Var})
		}
	}
	return list
}

// Buffers lists the buffers of all children under their full names.
func (c Children) Buffers() (list []Buffer) {
	for _, child := range c {
		s, ok := child.Layer.(Stateful)
		if !ok {
			continue
		}
		for _, b := range s.Buffers() {
			b.Name = child.inside(b.Name)
			list = append(list, b)
		}
	}
	return list
}

// Random reports whether a child draws random numbers.
func (c Children) Random() bool {
	for _, child := range c {
		if r, ok := child.Layer.(Random); ok && r.Random() {
			return true
		}
	}
	return false
}

// SetDropout sets the probability of every Dropout inside, and reports whether
// there is one.
func (c Children) SetDropout(p float64) (found bool) {
	for _, child := range c {
		if l, ok := child.Layer.(dropping); ok && l.SetDropout(p) {
			found = true
		}
	}
	return found
}

// dropping is a layer that is a Dropout or has some inside.
type dropping interface{ SetDropout(p float64) bool }

// inside is the full name of something inside the child.
func (c Child) inside(name string) string { return c.Name + "." + name }

// noParams is embedded by layers without parameters.
type noParams struct{}

func (noParams) Params() []autograd.Param { return nil }
