package nn

import "lbsam/autograd"

// Flatten makes a vector of each image, in PyTorch's order (c, h, w).
type Flatten struct{ noParams }

// Forward returns x [n, h, w, c] as [n, c·h·w].
func (Flatten) Forward(t *autograd.Tape, x *autograd.Var, _ Mode) *autograd.Var { return t.Flatten(x) }
