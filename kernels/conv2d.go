package kernels

import "fmt"

// Conv is the geometry of a convolution of x [N, H, W, C] with w
// [OC, KH, KW, C] that gives y [N, OH, OW, OC].
type Conv struct {
	N, H, W, C  int
	OC, KH, KW  int
	Stride, Pad int
}

// OH is the height of the output.
func (g Conv) OH() int { return (g.H+2*g.Pad-g.KH)/g.Stride + 1 }

// OW is the width of the output.
func (g Conv) OW() int { return (g.W+2*g.Pad-g.KW)/g.Stride + 1 }

// XLen, WLen and YLen are the numbers of elements of x, w and y.
func (g Conv) XLen() int { return g.N * g.H * g.W * g.C }
func (g Conv) WLen() int { return g.OC * g.KH * g.KW * g.C }
func (g Conv) YLen() int { return g.N * g.OH() * g.OW() * g.OC }

// Flops is the number of products and sums, those with the padding included.
func (g Conv) Flops() float64 { return 2 * float64(g.YLen()) * float64(g.KH*g.KW*g.C) }

// Shape is a short name of the geometry, but for the number of images.
func (g Conv) Shape() string {
	return fmt.Sprintf("%d-%d @%dx%d %dx%d s%d", g.C, g.OC, g.H, g.W, g.KH, g.KW, g.Stride)
}

// check checks a product of activations x and y with a weight, or its gradient,
// which has the given type.
func (g Conv) check(op string, x, w, y Buffer, weight Dtype) {
	if g.Stride < 1 || g.Pad < 0 || g.H+2*g.Pad < g.KH || g.W+2*g.Pad < g.KW {
		panic(fmt.Sprintf("kernels: %s: the window does not fit the image: %+v", op, g))
	}
	t := activationType(x)
	mustMatch(op, t, g.XLen(), x)
	mustMatch(op, weight, g.WLen(), w)
	mustMatch(op, t, g.YLen(), y)
	if x.dev != w.dev || y.dev != w.dev {
		panic(fmt.Sprintf("kernels: %s: operands live on devices %s, %s and %s", op, x.dev.name, w.dev.name, y.dev.name))
	}
}

// Conv2d computes y = x * w + b, the cross-correlation with zero padding:
//
//	y[n, i, j, o] = b[o] + sum over p, q, c of x[n, i·Stride+p-Pad, j·Stride+q-Pad, c] w[o, p, q, c]
//
// b [OC] may be absent. A linear layer is the case H = W = KH = KW = 1.
func Conv2d(y, x, w, b Buffer, g Conv) {
	defer spanOf(y.dev, "Conv2d", g, y, x, w, b).end()
	g.check("Conv2d", x, w, y, activationType(x))
	mustMatch("Conv2d", w.dev.precision, g.OC, b)
	x, w = factors(x, w, g.C)
	switch {
	case w.dev.gpu != nil:
		conv2dGPU(y, x, w, b, g)
	case w.dev.isCPU():
		conv2dCPU(w.dev.pool, f32(y), f32(x), f32(w), f32(b), g)
	case w.dtype == Float64:
		conv2dRef(f64(y), f64(x), f64(w), f64(b), g)
	default:
		conv2dRef(f32(y), f32(x), f32(w), f32(b), g)
	}
}

// Conv2dBackwardInput computes dx, the gradient of the input, from dy, the
// gradient of the output:
//
//	dx[n, h, v, c] = sum over i, j, o of dy[n, i, j, o] w[o, h+Pad-i·Stride, v+Pad-j·Stride, c]
func Conv2dBackwardInput(dx, dy, w Buffer, g Conv) {
	defer spanOf(dx.dev, "Conv2dBackwardInput", g, dx, dy, w).end()
	g.check("Conv2dBackwardInput", dx, w, dy, activationType(dy))
	dy, w = factors(dy, w, g.C, g.OC)
	switch {
	case w.dev.gpu != nil:
		conv2dBackwardInputGPU(dx, dy, w, g)
	case w.dev.isCPU():
		conv2dBackwardInputCPU(w.dev.pool, f32(dx), f32(dy), f32(w), g)
	case w.dtype == Float64:
		conv2dBackwardInputRef(f64(dx), f64(dy), f64(w), g)
	default:
		conv2dBackwardInputRef(f32(dx), f32(dy), f32(w), g)
	}
}

// Conv2dBackwardWeightAdd adds the gradient of the weight to dw:
//
//	dw[o, p, q, c] += sum over n, i, j of dy[n, i, j, o] x[n, i·Stride+p-Pad, j·Stride+q-Pad, c]
func Conv2dBackwardWeightAdd(dw, dy, x Buffer, g Conv) {
	defer spanOf(dw.dev, "Conv2dBackwardWeightAdd", g, dw, dy, x).again(dw).end()
	g.check("Conv2dBackwardWeightAdd", x, dw, dy, x.dev.precision)
	dy, x = factors(dy, x, g.C, g.OC)
	switch {
	case x.dev.gpu != nil:
		conv2dBackwardWeightAddGPU(dw, dy, x, g)
	case x.dev.isCPU():
		conv2dBackwardWeightAddCPU(x.dev.pool, f32(dw), f32(dy), f32(x), g)
	case x.dtype == Float64:
		conv2dBackwardWeightAddRef(f64(dw), f64(dy), f64(x), g)
	default:
		conv2dBackwardWeightAddRef(f32(dw), f32(dy), f32(x), g)
	}
}
