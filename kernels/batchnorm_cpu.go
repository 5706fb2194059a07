package kernels

// Sums over the rows are taken in float32 within a block of rows, which stays
// in the nearest cache, and in float64 across blocks and tasks. The sizes of
// both depend on the shape alone. Each channel is summed row after row, so a
// vector of channels rounds as the loop over one channel does.

// blockRows is the number of rows of a block: at most 64, so that float32
// rounds little, and 16 kB, but 8 or more.
func (g BatchNorm) blockRows() int { return max(8, min(64, 4096/g.C)) }

// taskRows is the number of rows of a task: whole blocks, about 256 kB.
func (g BatchNorm) taskRows() int { return g.blockRows() * max(1, 65536/(g.blockRows()*g.C)) }

// tasks calls body with the elements of each task of rows.
func (g BatchNorm) tasks(p *pool, body func(task, lo, hi int)) {
	rows := g.taskRows()
	p.run((g.Rows+rows-1)/rows, func(_, task int) {
		body(task, task*rows*g.C, min(g.Rows, (task+1)*rows)*g.C)
	})
}

// sums returns two sums per channel over all rows: body adds those of one
// block, elements lo to hi, to a and b.
func (g BatchNorm) sums(p *pool, body func(a, b []float64, lo, hi int)) (a, b []float64) {
	rows := g.taskRows()
	all := p.float64s((g.Rows + rows - 1) / rows * 2 * g.C)
	clear(all)
	g.tasks(p, func(task, lo, hi int) {
		own := all[task*2*g.C : (task+1)*2*g.C]
		for ; lo < hi; lo += g.blockRows() * g.C {
			body(own[:g.C], own[g.C:], lo, min(hi, lo+g.blockRows()*g.C))
		}
	})
	total := all[:2*g.C]
	for own := all[2*g.C:]; len(own) > 0; own = own[2*g.C:] {
		for i := range total {
			total[i] += own[i]
		}
	}
	return total[:g.C], total[g.C:]
}

func batchNormStatisticsCPU(p *pool, mean, variance, x []float32, g BatchNorm) {
	sum, squares := g.sums(p, func(sum, squares []float64, lo, hi int) {
		batchNormMoments(sum, squares, x[lo:hi], g.C)
	})
	n := float64(g.Rows)
	for c := range mean {
		m := sum[c] / n
		mean[c], variance[c] = float32(m), float32(max(0, squares[c]/n-m*m))
	}
}

// batchNormMoments adds the sums of x and of x² over one block. Both are
// composed in float64 of sums in float32 that do not cancel, however large the
// mean: that of x - x₀, with x₀ the first row, gives s, the sum of x, and m,
// about the mean; then x² sums to the squares of x - m, plus m·(2s - rows·m).
func batchNormMoments(sum, squares []float64, x []float32, channels int) {
	rows := len(x) / channels
	n, inverse := float64(rows), 1/float32(rows)
	for c := batchNormMomentsVector(sum, squares, x, channels); c < channels; c++ {
		pivot, shifted, around := x[c], float32(0), float32(0)
		for i := c; i < len(x); i += channels {
			shifted += x[i] - pivot
		}
		m := pivot + float32(inverse*shifted)
		for i := c; i < len(x); i += channels {
			d := x[i] - m
			around += float32(d * d)
		}
		s := float64(n*float64(pivot)) + float64(shifted)
		sum[c] += s
		squares[c] += float64((2*s - float64(n*float64(m))) * float64(m))
		squares[c] += float64(around)
	}
}

func batchNormApplyCPU(p *pool, y, x, add, gamma, beta, mean, variance []float32, g BatchNorm) {
	scale := grown(&p.channels, g.C)
	for c := range scale {
		scale[c] = gamma[c] * invStd(variance[c], g.Eps)
	}
	g.tasks(p, func(_, lo, hi int) {
		var addend []float32
		if add != nil {
			addend = add[lo:hi]
		}
		batchNormApplyRows(y[lo:hi], x[lo:hi], addend, mean, scale, beta, g.ReLU)
	})
}

// batchNormApplyRows is BatchNormApply of some rows, with scale = gamma/√(variance + Eps).
func batchNormApplyRows(y, x, add, mean, scale, beta []float32, relu bool) {
	c := len(mean)
	first := batchNormApplyVector(y, x, add, mean, scale, beta, relu)
	for lo := 0; lo < len(x); lo += c {
		for j := first; j < c; j++ {
			v := float32((x[lo+j]-mean[j])*scale[j]) + beta[j]
			if add != nil {
				v += add[lo+j]
			}
			if relu && v <= 0 {
				v = 0
			}
			y[lo+j] = v
		}
	}
}

// A batchNormSlope is what the gradient of x depends on, per channel:
//
//	dx = factor·(dz - meanDz - (x - mean)·r·meanDot)
type batchNormSlope struct{ mean, r, factor, meanDz, meanDot []float32 }

// batchNormBackwardCPU is BatchNormBackward, or BatchNormBackwardEval if the
// statistics are constants.
func batchNormBackwardCPU(p *pool, dx, dgamma, dbeta, dy, y, x, gamma, mean, variance []float32, g BatchNorm, constants bool) {
	numbers := grown(&p.channels, 4*g.C)
	clear(numbers)
	s := batchNormSlope{mean, numbers[:g.C], numbers[g.C : 2*g.C], numbers[2*g.C : 3*g.C], numbers[3*g.C:]}
	for c, v := range variance {
		s.r[c] = invStd(v, g.Eps)
		s.factor[c] = gamma[c] * s.r[c]
	}
	sum, dot := g.sums(p, func(sum, dot []float64, lo, hi int) {
		var output []float32
		if g.ReLU {
			output = y[lo:hi]
		}
		batchNormSums(sum, dot, dy[lo:hi], output, x[lo:hi], mean, s.r)
	})
	for c := range dgamma {
		dbeta[c] += float32(sum[c])
		dgamma[c] += float32(dot[c])
		if !constants {
			s.meanDz[c], s.meanDot[c] = float32(sum[c]/float64(g.Rows)), float32(dot[c]/float64(g.Rows))
		}
	}
	g.tasks(p, func(_, lo, hi int) { batchNormDx(dx[lo:hi], dy[lo:hi], x[lo:hi], s) })
}

// batchNormSums masks one block of dy by the ReLU, if y is there, and adds the
// sums of dz and of dz·x̂.
func batchNormSums(sum, dot []float64, dy, y, x, mean, r []float32) {
	channels := len(mean)
	for c := batchNormSumsVector(sum, dot, dy, y, x, mean, r); c < channels; c++ {
		var blockSum, blockDot float32
		for i := c; i < len(x); i += channels {
			if y != nil && y[i] <= 0 {
				dy[i] = 0
			}
			blockSum += dy[i]
			blockDot += float32(dy[i] * float32((x[i]-mean[c])*r[c]))
		}
		sum[c] += float64(blockSum)
		dot[c] += float64(blockDot)
	}
}

// batchNormDx computes the gradient of some rows of x.
func batchNormDx(dx, dy, x []float32, s batchNormSlope) {
	c := len(s.mean)
	first := batchNormDxVector(dx, dy, x, s)
	for lo := 0; lo < len(x); lo += c {
		for j := first; j < c; j++ {
			xhat := (x[lo+j] - s.mean[j]) * s.r[j]
			dx[lo+j] = s.factor[j] * (dy[lo+j] - s.meanDz[j] - float32(xhat*s.meanDot[j]))
		}
	}
}
