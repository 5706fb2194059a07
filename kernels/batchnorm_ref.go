package kernels

import "math"

// batchNormStatisticsRef is the reference for BatchNormStatistics. It sums
// twice, first for the mean, and in float64.
func batchNormStatisticsRef[T Float](mean, variance, x []T, g BatchNorm) {
	for c := range g.C {
		var sum, squares float64
		for i := c; i < len(x); i += g.C {
			sum += float64(x[i])
		}
		m := sum / float64(g.Rows)
		for i := c; i < len(x); i += g.C {
			d := float64(x[i]) - m
			squares += float64(d * d)
		}
		mean[c], variance[c] = T(m), T(squares/float64(g.Rows))
	}
}

// unbias makes a biased variance unbiased. One row has no unbiased variance;
// the biased one, 0, stands in for it.
func unbias[T Float](g BatchNorm) T { return T(g.Rows) / T(max(g.Rows-1, 1)) }

// batchNormUpdateRef is how BatchNormStatistics moves the running statistics.
func batchNormUpdateRef[T Float](runningMean, runningVar, mean, variance []T, momentum T, times int, g BatchNorm) {
	unbias := unbias[T](g)
	for range times {
		for c := range mean {
			runningMean[c] = T((1-momentum)*runningMean[c]) + T(momentum*mean[c])
			runningVar[c] = T((1-momentum)*runningVar[c]) + T(momentum*T(variance[c]*unbias))
		}
	}
}

// invStd is 1/√(variance + eps).
func invStd[T Float](variance T, eps float64) T {
	return T(1 / math.Sqrt(float64(variance)+eps))
}

// batchNormApplyRef is the reference for BatchNormApply.
func batchNormApplyRef[T Float](y, x, add, gamma, beta, mean, variance []T, g BatchNorm) {
	for c := range g.C {
		scale := gamma[c] * invStd(variance[c], g.Eps)
		for i := c; i < len(x); i += g.C {
			v := T((x[i]-mean[c])*scale) + beta[c]
			if add != nil {
				v += add[i]
			}
			if g.ReLU && v <= 0 {
				v = 0
			}
			y[i] = v
		}
	}
}

// batchNormBackwardRef is the reference for BatchNormBackward.
func batchNormBackwardRef[T Float](dx, dgamma, dbeta, dy, dyMore, y, x, gamma, mean, variance []T, g BatchNorm) {
	for c := range g.C {
		r := invStd(variance[c], g.Eps)
		sum, dot := batchNormSumsRef(dy, dyMore, y, x, mean[c], r, c, g)
		dbeta[c] += T(sum)
		dgamma[c] += T(dot)
		batchNormChannelRef(dx, dy, x, gamma[c], mean[c], r, sum/float64(g.Rows), dot/float64(g.Rows), c, g)
	}
}

// batchNormBackwardMeansRef is the reference for BatchNormBackwardMeans.
func batchNormBackwardMeansRef[T Float](dx, dz, x, gamma, mean, variance []T, means []float64, g BatchNorm) {
	for c := range g.C {
		batchNormChannelRef(dx, dz, x, gamma[c], mean[c], invStd(variance[c], g.Eps), means[c], means[g.C+c], c, g)
	}
}

// batchNormChannelRef is dx of channel c, from the means of dz and of dz·x̂.
func batchNormChannelRef[T Float](dx, dz, x []T, gamma, mean, r T, meanDz, meanDot float64, c int, g BatchNorm) {
	for i := c; i < len(x); i += g.C {
		xhat := (x[i] - mean) * r
		dx[i] = gamma * r * (dz[i] - T(meanDz) - T(xhat*T(meanDot)))
	}
}

// batchNormSumsRef turns channel c of dy into dz and returns the sums of dz and
// of dz·x̂.
func batchNormSumsRef[T Float](dy, dyMore, y, x []T, mean, r T, c int, g BatchNorm) (sum, dot float64) {
	for i := c; i < len(x); i += g.C {
		if dyMore != nil {
			dy[i] += dyMore[i]
		}
		if g.ReLU && y[i] <= 0 {
			dy[i] = 0
		}
		sum += float64(dy[i])
		dot += float64(dy[i]) * float64((x[i]-mean)*r)
	}
	return sum, dot
}

// batchNormBackwardEvalRef is the reference for BatchNormBackwardEval.
func batchNormBackwardEvalRef[T Float](dx, dgamma, dbeta, dy, dyMore, y, x, gamma, mean, variance []T, g BatchNorm) {
	for c := range g.C {
		r := invStd(variance[c], g.Eps)
		sum, dot := batchNormSumsRef(dy, dyMore, y, x, mean[c], r, c, g)
		dbeta[c] += T(sum)
		dgamma[c] += T(dot)
		for i := c; i < len(x); i += g.C {
			dx[i] = gamma[c] * r * dy[i]
		}
	}
}
