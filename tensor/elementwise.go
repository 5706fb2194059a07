package tensor

import "lbsam/kernels"

// Add returns a + b.
func Add(arena *kernels.Arena, a, b *Tensor) *Tensor {
	mustShape("Add", "b", b, a.Shape...)
	y := Temp(arena, a.Shape...)
	kernels.Add(y.Data, a.Data, b.Data)
	return y
}

// AddTo computes y += x.
func AddTo(y, x *Tensor) {
	mustShape("AddTo", "x", x, y.Shape...)
	kernels.Add(y.Data, y.Data, x.Data)
}

// Scale returns s·x as an activation, whatever the precision of x.
func Scale(a *kernels.Arena, x *Tensor, s Scalar) *Tensor {
	y := Temp(a, x.Shape...)
	kernels.Scale(y.Data, x.Data, s.Data)
	return y
}

// ReLU returns max(x, 0).
func ReLU(a *kernels.Arena, x *Tensor) *Tensor {
	y := Temp(a, x.Shape...)
	kernels.ReLU(y.Data, x.Data)
	return y
}

// ReLUBackward overwrites dy with dx = dy where y > 0 and 0 elsewhere.
func ReLUBackward(dy, y *Tensor) { kernels.ReLUBackward(dy.Data, dy.Data, y.Data) }

// Dropout returns x/(1-p) where the draw of key keeps it and 0 elsewhere;
// with dy in the place of x it returns dx. key is int32 {seed, pass, layer}.
func Dropout(a *kernels.Arena, x, key *Tensor, p float64) *Tensor {
	y := Temp(a, x.Shape...)
	kernels.Dropout(y.Data, x.Data, key.Data, p)
	return y
}
