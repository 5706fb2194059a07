//go:build !noasm

package kernels

import "golang.org/x/sys/cpu"

// The functions of batchnorm_amd64.s are the Go loops of batchnorm_cpu.go over
// one block of rows, 1 or more, of c channels, of which they compute the first
// len(sum) or len(mean): a multiple of 8, of 16 with AVX-512, and more than none.
// They check nothing.

//go:noescape
func batchNormMomentsAVX2(sum, squares []float64, x []float32, rows, c int)

//go:noescape
func batchNormMomentsAVX512(sum, squares []float64, x []float32, rows, c int)

//go:noescape
func batchNormApplyAVX2(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)

//go:noescape
func batchNormApplyAVX512(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)

// The three functions of sums are batchNormSums without a mask, with one by y, and
// with one that comes of x; the two of the gradient are batchNormDx without a mask
// and with one that comes of x.

//go:noescape
func batchNormSumsAVX2(sum, dot []float64, dy, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsAVX512(sum, dot []float64, dy, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsReLUAVX2(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsReLUAVX512(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsOwnAVX2(sum, dot []float64, dy, x, mean, r, scale, beta []float32, rows, c int)

//go:noescape
func batchNormSumsOwnAVX512(sum, dot []float64, dy, x, mean, r, scale, beta []float32, rows, c int)

//go:noescape
func batchNormBackwardAVX2(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)

//go:noescape
func batchNormBackwardAVX512(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)

//go:noescape
func batchNormBackwardOwnAVX2(dx, dy, x, mean, r, factor, meanDz, meanDot, scale, beta []float32, rows, c int)

//go:noescape
func batchNormBackwardOwnAVX512(dx, dy, x, mean, r, factor, meanDz, meanDot, scale, beta []float32, rows, c int)

// channelVectors calls body for channels lo to hi that are whole vectors, of 16
// where the processor has them and of 8, and returns the number of all these
// channels.
func channelVectors(c int, body func(lo, hi int, wide bool)) int {
	n := vectorLen(c)
	lo := 0
	if cpu.X86.HasAVX512F {
		lo = n &^ 15
	}
	if lo > 0 {
		body(0, lo, true)
	}
	if lo < n {
		body(lo, n, false)
	}
	return n
}

// batchNormMomentsVector is batchNormMoments of the first channels, whose
// number it returns; so the others.
func batchNormMomentsVector(sum, squares []float64, x []float32, c int) int {
	return channelVectors(c, func(lo, hi int, wide bool) {
		if wide {
			batchNormMomentsAVX512(sum[lo:hi], squares[lo:hi], x[lo:], len(x)/c, c)
			return
		}
		batchNormMomentsAVX2(sum[lo:hi], squares[lo:hi], x[lo:], len(x)/c, c)
	})
}

func batchNormApplyVector(y, x, add, mean, scale, beta []float32, relu bool) int {
	c := len(mean)
	return channelVectors(c, func(lo, hi int, wide bool) {
		addend := add
		if add != nil {
			addend = add[lo:]
		}
		if wide {
			batchNormApplyAVX512(y[lo:], x[lo:], addend, mean[lo:hi], scale[lo:hi], beta[lo:hi], len(x)/c, c, relu)
			return
		}
		batchNormApplyAVX2(y[lo:], x[lo:], addend, mean[lo:hi], scale[lo:hi], beta[lo:hi], len(x)/c, c, relu)
	})
}

func batchNormSumsVector(sum, dot []float64, dy, y, x []float32, s *batchNormSlope) int {
	c := len(s.mean)
	rows := len(x) / c
	return channelVectors(c, func(lo, hi int, wide bool) {
		sum, dot, dy, x, mean, r := sum[lo:hi], dot[lo:hi], dy[lo:], x[lo:], s.mean[lo:hi], s.r[lo:hi]
		switch {
		case y != nil && wide:
			batchNormSumsReLUAVX512(sum, dot, dy, y[lo:], x, mean, r, rows, c)
		case y != nil:
			batchNormSumsReLUAVX2(sum, dot, dy, y[lo:], x, mean, r, rows, c)
		case s.beta != nil && wide:
			batchNormSumsOwnAVX512(sum, dot, dy, x, mean, r, s.scale[lo:hi], s.beta[lo:hi], rows, c)
		case s.beta != nil:
			batchNormSumsOwnAVX2(sum, dot, dy, x, mean, r, s.scale[lo:hi], s.beta[lo:hi], rows, c)
		case wide:
			batchNormSumsAVX512(sum, dot, dy, x, mean, r, rows, c)
		default:
			batchNormSumsAVX2(sum, dot, dy, x, mean, r, rows, c)
		}
	})
}

func batchNormDxVector(dx, dy, x []float32, s *batchNormSlope) int {
	c := len(s.mean)
	rows := len(x) / c
	return channelVectors(c, func(lo, hi int, wide bool) {
		dx, dy, x, mean, r := dx[lo:], dy[lo:], x[lo:], s.mean[lo:hi], s.r[lo:hi]
		factor, meanDz, meanDot := s.factor[lo:hi], s.meanDz[lo:hi], s.meanDot[lo:hi]
		switch {
		case s.beta != nil && wide:
			batchNormBackwardOwnAVX512(dx, dy, x, mean, r, factor, meanDz, meanDot, s.scale[lo:hi], s.beta[lo:hi], rows, c)
		case s.beta != nil:
			batchNormBackwardOwnAVX2(dx, dy, x, mean, r, factor, meanDz, meanDot, s.scale[lo:hi], s.beta[lo:hi], rows, c)
		case wide:
			batchNormBackwardAVX512(dx, dy, x, mean, r, factor, meanDz, meanDot, rows, c)
		default:
			batchNormBackwardAVX2(dx, dy, x, mean, r, factor, meanDz, meanDot, rows, c)
		}
	})
}
