package tensor

import "lbsam/kernels"

// Flatten returns x [n, h, w, c] as [n, c·h·w], in PyTorch's order (c, h, w).
func Flatten(a *kernels.Arena, x *Tensor) *Tensor {
	mustRank("Flatten", "x", x, "[n h w c]", 4)
	n, pixels, c := x.Shape[0], x.Shape[1]*x.Shape[2], x.Shape[3]
	y := Temp(a, n, c*pixels)
	kernels.Flatten(y.Data, x.Data, n, pixels, c)
	return y
}

// FlattenBackward returns dx of the given shape [n, h, w, c].
func FlattenBackward(a *kernels.Arena, shape []int, dy *Tensor) *Tensor {
	dx := Temp(a, shape...)
	kernels.FlattenBackward(dx.Data, dy.Data, shape[0], shape[1]*shape[2], shape[3])
	return dx
}

func shortcut(x []int, oc, stride int) kernels.Shortcut {
	return kernels.Shortcut{N: x[0], H: x[1], W: x[2], C: x[3], OC: oc, Stride: stride}
}

// PadShortcut returns every stride-th pixel of x [n, h, w, c] with channels of
// zeros added on both sides, oc in all.
func PadShortcut(a *kernels.Arena, x *Tensor, oc, stride int) *Tensor {
	mustRank("PadShortcut", "x", x, "[n h w c]", 4)
	g := shortcut(x.Shape, oc, stride)
	y := Temp(a, g.N, g.OH(), g.OW(), oc)
	kernels.PadShortcut(y.Data, x.Data, g)
	return y
}

// PadShortcutBackward returns dx of the given shape.
func PadShortcutBackward(a *kernels.Arena, shape []int, dy *Tensor, oc, stride int) *Tensor {
	dx := Temp(a, shape...)
	kernels.PadShortcutBackward(dx.Data, dy.Data, shortcut(shape, oc, stride))
	return dx
}
