package kernels

// A poolRun is windows that follow each other in a row of results, all with as many
// rows, h0 to h1, and columns; those of the first are w0 to w1.
type poolRun struct {
	y, image int // where its first result and its image start
	windows  int

	h0, h1, w0, w1 int
}

// runs calls visit for all windows: those that are whole in one run per row, the others
// one by one.
func (g Pool) runs(visit func(r poolRun)) {
	oh, ow := g.OH(), g.OW()
	for row := range g.N * oh {
		h := row%oh*g.Stride - g.Pad
		r := poolRun{image: row / oh * g.H * g.W * g.C, h0: max(h, 0), h1: min(h+g.KH, g.H)}
		for j := 0; j < ow; j += r.windows {
			w := j*g.Stride - g.Pad
			r.y, r.windows, r.w0, r.w1 = (row*ow+j)*g.C, 1, max(w, 0), min(w+g.KW, g.W)
			if w >= 0 && w+g.KW <= g.W {
				r.windows = min(ow-j, (g.W-g.KW-w)/g.Stride+1)
			}
			visit(r)
		}
	}
}

// A poolLoops is maxPoolWindowRef and maxPoolBackwardWindowRef for windows that follow each
// other in a row, step pixels apart, and the first channels, a multiple of 8, of c. Images
// start at the first pixel of the first window, whose number is pixel, in rows of width
// pixels. There is at least one window, with at least one pixel. They check nothing.
type poolLoops struct {
	max         func(y []float32, index []int32, x []float32, channels, windows, rows, columns, width, c, step, pixel int)
	maxBackward func(dy []float32, index []int32, dx []float32, channels, windows, rows, columns, width, c, step, pixel int)
}

// maxPoolVector is maxPoolWindowRef of the first channels of some windows, and returns
// how many those are; so the gradient.
func maxPoolVector(y []float32, index []int32, x []float32, g Pool, r poolRun) int {
	n := vectorLen(g.C)
	if n > 0 {
		pixel := r.h0*g.W + r.w0
		fastest.vectors.pool.max(y, index, x[pixel*g.C:], n, r.windows, r.h1-r.h0, r.w1-r.w0, g.W, g.C, g.Stride, pixel)
	}
	return n
}

func maxPoolBackwardVector(dx, dy []float32, index []int32, g Pool, r poolRun) int {
	n := vectorLen(g.C)
	if n > 0 {
		pixel := r.h0*g.W + r.w0
		fastest.vectors.pool.maxBackward(dy, index, dx[pixel*g.C:], n, r.windows, r.h1-r.h0, r.w1-r.w0, g.W, g.C, g.Stride, pixel)
	}
	return n
}

// maxPool2dCPU is MaxPool2d of some images.
func maxPool2dCPU(y []float32, index []int32, x []float32, g Pool) {
	g.runs(func(r poolRun) {
		y, index, x := y[r.y:][:r.windows*g.C], index[r.y:], x[r.image:]
		done := maxPoolVector(y, index, x, g, r)
		for k := 0; done < g.C && k < r.windows; k++ {
			lo, hi, w := k*g.C+done, (k+1)*g.C, k*g.Stride
			maxPoolWindowRef(y[lo:hi], index[lo:hi], x[done:], g, r.h0, r.h1, r.w0+w, r.w1+w)
		}
	})
}

// maxPool2dBackwardCPU is MaxPool2dBackward of some images.
func maxPool2dBackwardCPU(dx, dy []float32, index []int32, g Pool) {
	clear(dx)
	g.runs(func(r poolRun) {
		dx, dy, index := dx[r.image:], dy[r.y:][:r.windows*g.C], index[r.y:]
		done := maxPoolBackwardVector(dx, dy, index, g, r)
		for k := 0; done < g.C && k < r.windows; k++ {
			maxPoolBackwardWindowRef(dx[done:], dy[k*g.C+done:(k+1)*g.C], index[k*g.C+done:], g)
		}
	})
}

// avgPool2dCPU is AvgPool2d of some images.
func avgPool2dCPU(y, x []float32, g Pool) {
	g.windows(func(yi, image, h0, h1, w0, w1 int) {
		out := y[yi : yi+g.C]
		clear(out)
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				addCPU(out, out, x[image+(h*g.W+w)*g.C:][:g.C])
			}
		}
		scaleCPU(out, out, 1/float32(g.KH*g.KW))
	})
}

// avgPool2dBackwardCPU is AvgPool2dBackward of some images.
func avgPool2dBackwardCPU(dx, dy []float32, g Pool) {
	clear(dx)
	g.windows(func(yi, image, h0, h1, w0, w1 int) {
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				addScaledCPU(dx[image+(h*g.W+w)*g.C:][:g.C], dy[yi:yi+g.C], 1/float32(g.KH*g.KW))
			}
		}
	})
}
