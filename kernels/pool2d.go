package kernels

import "fmt"

// Pool is the geometry of pooling x [N, H, W, C] by windows of KH by KW into
// y [N, OH, OW, C].
type Pool struct {
	N, H, W, C  int
	KH, KW      int
	Stride, Pad int
}

// OH is the height of the output.
func (g Pool) OH() int { return (g.H+2*g.Pad-g.KH)/g.Stride + 1 }

// OW is the width of the output.
func (g Pool) OW() int { return (g.W+2*g.Pad-g.KW)/g.Stride + 1 }

func (g Pool) check(op string, x, y Buffer) {
	if g.KH < 1 || g.KW < 1 || g.Stride < 1 || g.Pad < 0 || 2*g.Pad > min(g.KH, g.KW) || g.H+2*g.Pad < g.KH || g.W+2*g.Pad < g.KW {
		panic(fmt.Sprintf("kernels: %s: the window does not fit the image: %+v", op, g))
	}
	t := activationType(x)
	mustMatch(op, t, g.N*g.H*g.W*g.C, x)
	mustMatch(op, t, g.N*g.OH()*g.OW()*g.C, y)
	mustShare(op, x, y)
}

// MaxPool2d sets y to the largest element of each window, and index, int32
// like y, to its position h·W+w in the image, the first of equals. Padding
// never wins.
func MaxPool2d(y, index, x Buffer, g Pool) {
	defer y.dev.span("MaxPool2d", y, index, x).end()
	g.check("MaxPool2d", x, y)
	mustMatch("MaxPool2d", Int32, y.n, index)
	mustShare("MaxPool2d", x, index)
	switch {
	case x.dev.gpu != nil:
		g.launch("max_pool2d", g.N*g.OH(), g.OW(), y, index, x)
	case x.dev.isCPU():
		x.dev.pool.sweep(g.N, func(_, n int) {
			one, xs, ys := g.image(n)
			maxPool2dCPU(f32(y)[ys.lo:ys.hi], i32(index)[ys.lo:ys.hi], f32(x)[xs.lo:xs.hi], one)
		})
	case x.dtype == Float64:
		maxPool2dRef(f64(y), i32(index), f64(x), g)
	default:
		maxPool2dRef(f32(y), i32(index), f32(x), g)
	}
}

// MaxPool2dBackward adds each dy to the dx that index, of MaxPool2d, names;
// other dx are 0.
func MaxPool2dBackward(dx, dy, index Buffer, g Pool) {
	defer dx.dev.span("MaxPool2dBackward", dx, dy, index).end()
	g.check("MaxPool2dBackward", dx, dy)
	mustMatch("MaxPool2dBackward", Int32, dy.n, index)
	mustShare("MaxPool2dBackward", dx, index)
	switch {
	case dx.dev.gpu != nil:
		g.launch("max_pool2d_backward", g.N*g.H, g.W, dx, dy, index)
	case dx.dev.isCPU():
		dx.dev.pool.sweep(g.N, func(_, n int) {
			one, xs, ys := g.image(n)
			maxPool2dBackwardCPU(f32(dx)[xs.lo:xs.hi], f32(dy)[ys.lo:ys.hi], i32(index)[ys.lo:ys.hi], one)
		})
	case dx.dtype == Float64:
		maxPool2dBackwardRef(f64(dx), f64(dy), i32(index), g)
	default:
		maxPool2dBackwardRef(f32(dx), f32(dy), i32(index), g)
	}
}

// AvgPool2d sets y to the mean of each window, zeros of the padding counted.
// With KH = H and KW = W it is global average pooling.
func AvgPool2d(y, x Buffer, g Pool) {
	defer y.dev.span("AvgPool2d", y, x).end()
	g.check("AvgPool2d", x, y)
	switch {
	case x.dev.gpu != nil && g.global():
		g.launchGlobal("avg_pool2d_global", y, x)
	case x.dev.gpu != nil:
		g.launch("avg_pool2d", g.N*g.OH(), g.OW(), y, x)
	case x.dev.isCPU():
		x.dev.pool.sweep(g.N, func(_, n int) {
			one, xs, ys := g.image(n)
			avgPool2dCPU(f32(y)[ys.lo:ys.hi], f32(x)[xs.lo:xs.hi], one)
		})
	case x.dtype == Float64:
		avgPool2dRef(f64(y), f64(x), g)
	default:
		avgPool2dRef(f32(y), f32(x), g)
	}
}

// AvgPool2dBackward spreads each dy evenly over its window, summed in dx.
func AvgPool2dBackward(dx, dy Buffer, g Pool) {
	defer dx.dev.span("AvgPool2dBackward", dx, dy).end()
	g.check("AvgPool2dBackward", dx, dy)
	switch {
	case dx.dev.gpu != nil && g.global():
		g.launchGlobal("avg_pool2d_global_backward", dx, dy)
	case dx.dev.gpu != nil:
		g.launch("avg_pool2d_backward", g.N*g.H, g.W, dx, dy)
	case dx.dev.isCPU():
		dx.dev.pool.sweep(g.N, func(_, n int) {
			one, xs, ys := g.image(n)
			avgPool2dBackwardCPU(f32(dx)[xs.lo:xs.hi], f32(dy)[ys.lo:ys.hi], one)
		})
	case dx.dtype == Float64:
		avgPool2dBackwardRef(f64(dx), f64(dy), g)
	default:
		avgPool2dBackwardRef(f32(dx), f32(dy), g)
	}
}

// packWidth is how many of c channels of type t a thread takes: 16 bytes of them
// where c is a multiple. What is next to each other in memory then is so in a warp.
func packWidth(t Dtype, c int) int {
	if c%t.wide() == 0 {
		return t.wide()
	}
	return 1
}

// poolBlock is BLOCK of pool2d.cu: few threads, as images are small.
const poolBlock = 128

// launch gives a kernel to the device whose blocks are the lines of the first
// array, of so many pixels.
func (g Pool) launch(kernel string, lines, pixels int, arrays ...any) {
	to := arrays[0].(Buffer)
	width := packWidth(to.dtype, g.C)
	threads := min(poolBlock, tiles(pixels*g.C/width, 32)*32)
	args := append(arrays, width, g.H, g.W, g.C, g.KH, g.KW, g.Stride, g.Pad, g.OH(), g.OW())
	to.dev.gpu.launch(kernel+to.dtype.suffix(), blocks(lines, threads), args...)
}

// global reports whether there is one window, and the image is it.
func (g Pool) global() bool { return g.KH == g.H && g.KW == g.W && g.Pad == 0 }

func (g Pool) launchGlobal(kernel string, to, from Buffer) {
	width := packWidth(to.dtype, g.C)
	to.dev.gpu.launch(kernel+to.dtype.suffix(), blocks(tiles(to.n, poolBlock*width), poolBlock), to, from, to.n, width, g.H*g.W, g.C)
}

// An interval is the elements of one image in a batch.
type interval struct{ lo, hi int }

// image is the geometry of image n alone and where it lies in x and in y.
func (g Pool) image(n int) (one Pool, x, y interval) {
	one = g
	one.N = 1
	xs, ys := g.H*g.W*g.C, g.OH()*g.OW()*g.C
	return one, interval{n * xs, (n + 1) * xs}, interval{n * ys, (n + 1) * ys}
}
