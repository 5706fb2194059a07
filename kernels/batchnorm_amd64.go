//go:build !noasm

package kernels

// The functions of batchnorm_amd64.s are the Go loops of batchnorm_cpu.go over
// one block of rows, 1 or more, of c channels, of which they compute the first
// len(sum) or len(mean): a multiple of 8, and 8 or more. They check nothing.

//go:noescape
func batchNormMomentsAVX2(sum, squares []float64, x []float32, rows, c int)

//go:noescape
func batchNormApplyAVX2(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)

//go:noescape
func batchNormSumsAVX2(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormBackwardAVX2(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)

// batchNormMomentsVector is batchNormMoments of the first channels, whose
// number it returns; so the others.
func batchNormMomentsVector(sum, squares []float64, x []float32, c int) int {
	n := vectorLen(c)
	if n > 0 {
		batchNormMomentsAVX2(sum[:n], squares[:n], x, len(x)/c, c)
	}
	return n
}

func batchNormApplyVector(y, x, add, mean, scale, beta []float32, relu bool) int {
	c := len(mean)
	n := vectorLen(c)
	if n > 0 {
		batchNormApplyAVX2(y, x, add, mean[:n], scale[:n], beta[:n], len(x)/c, c, relu)
	}
	return n
}

func batchNormSumsVector(sum, dot []float64, dy, y, x, mean, r []float32) int {
	c := len(mean)
	n := vectorLen(c)
	if n > 0 {
		batchNormSumsAVX2(sum[:n], dot[:n], dy, y, x, mean[:n], r[:n], len(x)/c, c)
	}
	return n
}

func batchNormDxVector(dx, dy, x []float32, s batchNormSlope) int {
	c := len(s.mean)
	n := vectorLen(c)
	if n > 0 {
		batchNormBackwardAVX2(dx, dy, x, s.mean[:n], s.r[:n], s.factor[:n], s.meanDz[:n], s.meanDot[:n], len(x)/c, c)
	}
	return n
}
