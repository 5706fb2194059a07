//go:build !amd64 || noasm

package kernels

func maxPoolWindow(best []float32, at []int32, x []float32, g Pool, h0, h1, w0, w1 int) {
	maxPoolWindowRef(best, at, x, g, h0, h1, w0, w1)
}
