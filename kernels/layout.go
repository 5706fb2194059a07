package kernels

import "fmt"

// Flatten reorders x [n, pixels, c] to y [n, c, pixels]: the order in which
// PyTorch flattens an image, so that the weights of the linear layer behind
// it agree.
func Flatten(y, x Buffer, n, pixels, c int) {
	defer y.dev.span("Flatten", y, x).end()
	mustMatch("Flatten", activationType(x), n*pixels*c, x, y)
	switch {
	case x.dev.gpu != nil:
		squares := n * tiles(pixels, 32) * tiles(c, 32)
		x.dev.gpu.launch("flatten"+x.dtype.suffix(), size{grid: dim3(squares, 1, 1), block: dim3(32, 8, 1)}, y, x, pixels, c)
	case x.dev.isCPU():
		size := pixels * c
		x.dev.pool.run(n, func(_, i int) {
			transposeCPU(x.dev.pool.gemm.microkernels[0], f32(y)[i*size:(i+1)*size], f32(x)[i*size:(i+1)*size], pixels, c)
		})
	case x.dtype == Float64:
		transposeRef(f64(y), f64(x), n, pixels, c)
	default:
		transposeRef(f32(y), f32(x), n, pixels, c)
	}
}

// FlattenBackward reorders dy [n, c, pixels] to dx [n, pixels, c].
func FlattenBackward(dx, dy Buffer, n, pixels, c int) { Flatten(dx, dy, n, c, pixels) }

// transposeRef is the reference for Flatten: n matrices [rows, cols] become
// [cols, rows].
func transposeRef[T Float](y, x []T, n, rows, cols int) {
	for m := range n {
		x, y := x[m*rows*cols:(m+1)*rows*cols], y[m*rows*cols:(m+1)*rows*cols]
		for i := range rows {
			for j := range cols {
				y[j*rows+i] = x[i*cols+j]
			}
		}
	}
}

// transposeCPU is transposeRef of one matrix, blocks of 8 x 8 of which k transposes.
func transposeCPU(k microkernel, y, x []float32, rows, cols int) {
	done, whole := 0, cols&^7
	for ; done+8 <= rows && whole > 0; done += 8 {
		k.transpose(&y[done], &x[done*cols], whole/8, 4*rows, 4*cols)
	}
	packColumns(y[whole*rows:], x[whole:], 0, done, cols-whole, cols, rows)
	packColumns(y, x, done, rows, cols, cols, rows)
}

// Shortcut is the geometry of the parameter-free shortcut of He et al. (2016)
// for CIFAR, option A: from x [N, H, W, C] every second pixel, with channels
// of zeros on both sides, gives y [N, ⌈H/Stride⌉, ⌈W/Stride⌉, OC].
type Shortcut struct {
	N, H, W, C int
	OC, Stride int
}

// OH is the height of the output.
func (g Shortcut) OH() int { return (g.H + g.Stride - 1) / g.Stride }

// OW is the width of the output.
func (g Shortcut) OW() int { return (g.W + g.Stride - 1) / g.Stride }

func (g Shortcut) check(op string, x, y Buffer) {
	if g.Stride < 1 || g.OC < g.C {
		panic(fmt.Sprintf("kernels: %s: want stride 1 or more and OC no less than C: %+v", op, g))
	}
	t := activationType(x)
	mustMatch(op, t, g.N*g.H*g.W*g.C, x)
	mustMatch(op, t, g.N*g.OH()*g.OW()*g.OC, y)
	mustShare(op, x, y)
}

// PadShortcut computes y from x: channel c of x becomes channel c+(OC-C)/2.
func PadShortcut(y, x Buffer, g Shortcut) {
	defer y.dev.span("PadShortcut", y, x).end()
	g.check("PadShortcut", x, y)
	switch {
	case x.dev.gpu != nil:
		g.launch("pad_shortcut", y, x)
	case x.dev.isCPU():
		x.dev.pool.sweep(g.N, func(_, n int) {
			one, xs, ys := g.image(n)
			padShortcutRef(f32(y)[ys.lo:ys.hi], f32(x)[xs.lo:xs.hi], one)
		})
	case x.dtype == Float64:
		padShortcutRef(f64(y), f64(x), g)
	default:
		padShortcutRef(f32(y), f32(x), g)
	}
}

// PadShortcutBackward computes dx from dy: pixels that were left out get 0.
func PadShortcutBackward(dx, dy Buffer, g Shortcut) {
	defer dx.dev.span("PadShortcutBackward", dx, dy).end()
	g.check("PadShortcutBackward", dx, dy)
	switch {
	case dx.dev.gpu != nil:
		g.launch("pad_shortcut_backward", dx, dy)
	case dx.dev.isCPU():
		dx.dev.pool.sweep(g.N, func(_, n int) {
			one, xs, ys := g.image(n)
			padShortcutBackwardRef(f32(dx)[xs.lo:xs.hi], f32(dy)[ys.lo:ys.hi], one)
		})
	case dx.dtype == Float64:
		padShortcutBackwardRef(f64(dx), f64(dy), g)
	default:
		padShortcutBackwardRef(f32(dx), f32(dy), g)
	}
}

// launch gives a kernel for every element of the first array to the device.
func (g Shortcut) launch(kernel string, to, from Buffer) {
	shift := (g.OC - g.C) / 2
	width := to.dtype.wide()
	if g.C%width > 0 || g.OC%width > 0 || shift%width > 0 {
		width = 1
	}
	to.dev.gpu.launch(kernel+to.dtype.suffix(), blocks(tiles(to.n, 256*width), 256), to, from, to.n, width, g.H, g.W, g.C, g.OC, g.Stride, shift, g.OH(), g.OW())
}

// image is the geometry of image n alone and where it lies in x and in y.
func (g Shortcut) image(n int) (one Shortcut, x, y interval) {
	one = g
	one.N = 1
	xs, ys := g.H*g.W*g.C, g.OH()*g.OW()*g.OC
	return one, interval{n * xs, (n + 1) * xs}, interval{n * ys, (n + 1) * ys}
}

// pixels calls visit with the index of channel 0 of each output pixel in y,
// shifted to the first channel that is not padding, and of its pixel in x.
func (g Shortcut) pixels(visit func(y, x int)) {
	oh, ow, shift := g.OH(), g.OW(), (g.OC-g.C)/2
	for n := range g.N {
		for i := range oh {
			for j := range ow {
				visit(((n*oh+i)*ow+j)*g.OC+shift, ((n*g.H+i*g.Stride)*g.W+j*g.Stride)*g.C)
			}
		}
	}
}

// padShortcutRef is the reference for PadShortcut.
func padShortcutRef[T Float](y, x []T, g Shortcut) {
	clear(y)
	g.pixels(func(yi, xi int) { copy(y[yi:yi+g.C], x[xi:xi+g.C]) })
}

// padShortcutBackwardRef is the reference for PadShortcutBackward.
func padShortcutBackwardRef[T Float](dx, dy []T, g Shortcut) {
	clear(dx)
	g.pixels(func(yi, xi int) { copy(dx[xi:xi+g.C], dy[yi:yi+g.C]) })
}
