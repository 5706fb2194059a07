package kernels

import "math"

// windows calls visit for every output pixel: its index in y and in x for
// channel 0 of image n, and the part [h0, h1) by [w0, w1) of its window that
// lies in the image.
func (g Pool) windows(visit func(y, image, h0, h1, w0, w1 int)) {
	oh, ow := g.OH(), g.OW()
	for n := range g.N {
		for i := range oh {
			for j := range ow {
				h, w := i*g.Stride-g.Pad, j*g.Stride-g.Pad
				visit(((n*oh+i)*ow+j)*g.C, n*g.H*g.W*g.C, max(h, 0), min(h+g.KH, g.H), max(w, 0), min(w+g.KW, g.W))
			}
		}
	}
}

// maxPool2dRef is the reference for MaxPool2d.
func maxPool2dRef[T Float](y []T, index []int32, x []T, g Pool) {
	g.windows(func(yi, image, h0, h1, w0, w1 int) {
		maxPoolWindowRef(y[yi:yi+g.C], index[yi:yi+g.C], x[image:], g, h0, h1, w0, w1)
	})
}

// maxPoolWindowRef is maxPool2dRef for one window, rows h0 to h1 and columns w0 to w1 of
// an image, and the first len(best) channels.
func maxPoolWindowRef[T Float](best []T, at []int32, x []T, g Pool, h0, h1, w0, w1 int) {
	for c := range best {
		best[c], at[c] = T(math.Inf(-1)), int32(h0*g.W+w0)
	}
	for h := h0; h < h1; h++ {
		for w := w0; w < w1; w++ {
			pixel := h*g.W + w
			for c, v := range x[pixel*g.C:][:len(best)] {
				if v > best[c] || v != v { // NaN wins, as in PyTorch
					best[c], at[c] = v, int32(pixel)
				}
			}
		}
	}
}

// maxPool2dBackwardRef is the reference for MaxPool2dBackward.
func maxPool2dBackwardRef[T Float](dx, dy []T, index []int32, g Pool) {
	clear(dx)
	g.windows(func(yi, image, _, _, _, _ int) {
		maxPoolBackwardWindowRef(dx[image:], dy[yi:yi+g.C], index[yi:], g)
	})
}

// maxPoolBackwardWindowRef is maxPool2dBackwardRef for one window, and the first len(dy)
// channels.
func maxPoolBackwardWindowRef[T Float](dx, dy []T, index []int32, g Pool) {
	for c, d := range dy {
		dx[int(index[c])*g.C+c] += d
	}
}

// avgPool2dRef is the reference for AvgPool2d.
func avgPool2dRef[T Float](y, x []T, g Pool) {
	scale := 1 / T(g.KH*g.KW)
	g.windows(func(yi, image, h0, h1, w0, w1 int) {
		out := y[yi : yi+g.C]
		clear(out)
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				at := image + (h*g.W+w)*g.C
				for c, v := range x[at : at+g.C] {
					out[c] += v
				}
			}
		}
		for c := range out {
			out[c] *= scale
		}
	})
}

// avgPool2dBackwardRef is the reference for AvgPool2dBackward.
func avgPool2dBackwardRef[T Float](dx, dy []T, g Pool) {
	clear(dx)
	scale := 1 / T(g.KH*g.KW)
	g.windows(func(yi, image, h0, h1, w0, w1 int) {
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				at := image + (h*g.W+w)*g.C
				for c, v := range dy[yi : yi+g.C] {
					dx[at+c] += T(scale * v)
				}
			}
		}
	})
}
