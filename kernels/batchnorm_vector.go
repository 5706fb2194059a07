package kernels

// A batchNormLoops is the Go loops of batchnorm_cpu.go over one block of rows, 1 or
// more, of c channels, of which they compute the first len(sum) or len(mean): a
// multiple of lanes, and more than none. They check nothing.
type batchNormLoops struct {
	lanes   int
	moments func(sum, squares []float64, x []float32, rows, c int)
	apply   func(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)

	// batchNormSums without a mask, with one by y, and with one that comes of x.
	sums     func(sum, dot []float64, dy, x, mean, r []float32, rows, c int)
	sumsReLU func(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)
	sumsOwn  func(sum, dot []float64, dy, x, mean, r, scale, beta []float32, rows, c int)

	// batchNormDx without a mask and with one that comes of x.
	dx    func(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)
	dxOwn func(dx, dy, x, mean, r, factor, meanDz, meanDot, scale, beta []float32, rows, c int)
}

// channelVectors calls body for channels lo to hi that are whole vectors, the longest that
// fit first, and returns the number of all these channels.
func channelVectors(c int, body func(lo, hi int, loops *batchNormLoops)) (channels int) {
	for i := range fastest.vectors.batchNorm {
		loops := &fastest.vectors.batchNorm[i]
		if hi := c - c%loops.lanes; hi > channels {
			body(channels, hi, loops)
			channels = hi
		}
	}
	return channels
}

// batchNormMomentsVector is batchNormMoments of the first channels, whose
// number it returns; so the others.
func batchNormMomentsVector(sum, squares []float64, x []float32, c int) (channels int) {
	return channelVectors(c, func(lo, hi int, loops *batchNormLoops) {
		loops.moments(sum[lo:hi], squares[lo:hi], x[lo:], len(x)/c, c)
	})
}

func batchNormApplyVector(y, x, add, mean, scale, beta []float32, relu bool) (channels int) {
	c := len(mean)
	return channelVectors(c, func(lo, hi int, loops *batchNormLoops) {
		addend := add
		if add != nil {
			addend = add[lo:]
		}
		loops.apply(y[lo:], x[lo:], addend, mean[lo:hi], scale[lo:hi], beta[lo:hi], len(x)/c, c, relu)
	})
}

func batchNormSumsVector(sum, dot []float64, dy, y, x []float32, s *batchNormSlope) (channels int) {
	c := len(s.mean)
	rows := len(x) / c
	return channelVectors(c, func(lo, hi int, loops *batchNormLoops) {
		sum, dot, dy, x, mean, r := sum[lo:hi], dot[lo:hi], dy[lo:], x[lo:], s.mean[lo:hi], s.r[lo:hi]
		switch {
		case y != nil:
			loops.sumsReLU(sum, dot, dy, y[lo:], x, mean, r, rows, c)
		case s.beta != nil:
			loops.sumsOwn(sum, dot, dy, x, mean, r, s.scale[lo:hi], s.beta[lo:hi], rows, c)
		default:
			loops.sums(sum, dot, dy, x, mean, r, rows, c)
		}
	})
}

func batchNormDxVector(dx, dy, x []float32, s *batchNormSlope) (channels int) {
	c := len(s.mean)
	rows := len(x) / c
	return channelVectors(c, func(lo, hi int, loops *batchNormLoops) {
		dx, dy, x, mean, r := dx[lo:], dy[lo:], x[lo:], s.mean[lo:hi], s.r[lo:hi]
		factor, meanDz, meanDot := s.factor[lo:hi], s.meanDz[lo:hi], s.meanDot[lo:hi]
		if s.beta != nil {
			loops.dxOwn(dx, dy, x, mean, r, factor, meanDz, meanDot, s.scale[lo:hi], s.beta[lo:hi], rows, c)
			return
		}
		loops.dx(dx, dy, x, mean, r, factor, meanDz, meanDot, rows, c)
	})
}
