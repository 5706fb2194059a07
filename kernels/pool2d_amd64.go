//go:build !noasm

package kernels

// maxPoolWindowAVX2 is maxPoolWindowRef of the first len(y) channels, a multiple of 8,
// of a window that starts at x, a pixel whose number in the image is pixel, in rows of
// width pixels. It checks nothing.
//
//go:noescape
func maxPoolWindowAVX2(y []float32, index []int32, x []float32, rows, columns, width, c, pixel int)

// maxPoolWindow is maxPoolWindowRef.
func maxPoolWindow(best []float32, at []int32, x []float32, g Pool, h0, h1, w0, w1 int) {
	n, pixel := vectorLen(len(best)), h0*g.W+w0
	if n > 0 {
		maxPoolWindowAVX2(best[:n], at[:n], x[pixel*g.C:], h1-h0, w1-w0, g.W, g.C, pixel)
	}
	if n < len(best) {
		maxPoolWindowRef(best[n:], at[n:], x[n:], g, h0, h1, w0, w1)
	}
}
