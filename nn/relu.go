package nn

import "lbsam/autograd"

// ReLU is max(x, 0). Behind a BatchNorm2d its ForwardReLU is faster.
type ReLU struct{ noParams }

// Forward returns max(x, 0).
func (ReLU) Forward(t *autograd.Tape, x *autograd.Var, _ Mode) *autograd.Var { return t.ReLU(x) }
