//go:build !noasm

package kernels

// The functions of pool2d_amd64.s are maxPoolWindowRef and maxPoolBackwardWindowRef for windows
// that follow each other in a row, step pixels apart, and the first channels, a multiple of
// 8, of c. Images start at the first pixel of the first window, whose number is pixel, in
// rows of width pixels. There is at least one window, with at least one pixel. They check
// nothing.

//go:noescape
func maxPoolAVX2(y []float32, index []int32, x []float32, channels, windows, rows, columns, width, c, step, pixel int)

//go:noescape
func maxPoolBackwardAVX2(dy []float32, index []int32, dx []float32, channels, windows, rows, columns, width, c, step, pixel int)

// maxPoolVector is maxPoolWindowRef of the first channels of some windows, and returns
// how many those are; so the gradient.
func maxPoolVector(y []float32, index []int32, x []float32, g Pool, r poolRun) int {
	n := vectorLen(g.C)
	if n > 0 {
		pixel := r.h0*g.W + r.w0
		maxPoolAVX2(y, index, x[pixel*g.C:], n, r.windows, r.h1-r.h0, r.w1-r.w0, g.W, g.C, g.Stride, pixel)
	}
	return n
}

func maxPoolBackwardVector(dx, dy []float32, index []int32, g Pool, r poolRun) int {
	n := vectorLen(g.C)
	if n > 0 {
		pixel := r.h0*g.W + r.w0
		maxPoolBackwardAVX2(dy, index, dx[pixel*g.C:], n, r.windows, r.h1-r.h0, r.w1-r.w0, g.W, g.C, g.Stride, pixel)
	}
	return n
}
