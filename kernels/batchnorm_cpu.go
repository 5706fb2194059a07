package kernels

// Sums over the rows are taken in float32 within a block of rows, which stays
// in the nearest cache, and in float64 across blocks and tasks. The sizes of
// both depend on the shape alone. Each channel of a block has two sums, of its even
// and of its odd rows, so that an addition need not wait for the one before it;
// a vector of channels rounds as the loop over one channel does.

// ways is the number of sums of a channel within a block.
const ways = 2

// blockRows is the number of rows of a block: at most 64, so that float32
// rounds little, and 16 kB, but 8 or more.
func (g BatchNorm) blockRows() int { return max(8, min(64, 4096/g.C)) }

// taskRows is the number of rows of a task: whole blocks, about 256 kB.
func (g BatchNorm) taskRows() int { return g.blockRows() * max(1, 65536/(g.blockRows()*g.C)) }

// A batchNormWork is a normalisation under way. Tasks find their operands
// here, in the pool, so that a call allocates next to nothing.
type batchNormWork struct {
	BatchNorm
	y, x, add, dx     []float32 // [Rows, C]
	dy, dyMore        []float32
	mean, scale, beta []float32 // [C]
	slope             batchNormSlope
	partial           []float64 // [tasks, 2, C]: sums of each task
}

// tasks is the number of tasks.
func (w *batchNormWork) tasks() int { return (w.Rows + w.taskRows() - 1) / w.taskRows() }

// task is the elements of a task.
func (w *batchNormWork) task(task int) (lo, hi int) {
	rows := w.taskRows()
	return task * rows * w.C, min(w.Rows, (task+1)*rows) * w.C
}

// sums returns two sums per channel over all rows: body adds those of one
// block, elements lo to hi, to a and b.
func (w *batchNormWork) sums(p *pool, body func(w *batchNormWork, a, b []float64, lo, hi int)) (a, b []float64) {
	w.clear(p)
	p.sweep(w.tasks(), func(_, task int) { w.sum(task, body) })
	return w.total()
}

// clear makes room for the sums of all tasks.
func (w *batchNormWork) clear(p *pool) {
	w.partial = p.float64s(w.tasks() * 2 * w.C)
	clear(w.partial)
}

// sum sums the blocks of one task.
func (w *batchNormWork) sum(task int, body func(w *batchNormWork, a, b []float64, lo, hi int)) {
	c, block := w.C, w.blockRows()*w.C
	own := w.partial[task*2*c : (task+1)*2*c]
	for lo, hi := w.task(task); lo < hi; lo += block {
		body(w, own[:c], own[c:], lo, min(hi, lo+block))
	}
}

// total adds the sums of all tasks, in their order.
func (w *batchNormWork) total() (a, b []float64) {
	c := w.C
	total := w.partial[:2*c]
	for own := w.partial[2*c:]; len(own) > 0; own = own[2*c:] {
		for i := range total {
			total[i] += own[i]
		}
	}
	return total[:c], total[c:]
}

func batchNormStatisticsCPU(p *pool, mean, variance, x []float32, g BatchNorm) {
	w := &p.norm
	*w = batchNormWork{BatchNorm: g, x: x}
	sum, squares := w.sums(p, (*batchNormWork).moments)
	g.statistics(mean, variance, sum, squares)
}

// statistics computes them from the sums of x and of x².
func (g BatchNorm) statistics(mean, variance []float32, sum, squares []float64) {
	n := float64(g.Rows)
	for c := range mean {
		m := sum[c] / n
		mean[c], variance[c] = float32(m), float32(max(0, squares[c]/n-float64(m*m)))
	}
}

// moments adds the sums of one block for the mean and the variance.
func (w *batchNormWork) moments(sum, squares []float64, lo, hi int) {
	batchNormMoments(sum, squares, w.x[lo:hi], w.C)
}

// batchNormMoments adds the sums of x and of x² over one block. Both are
// composed in float64 of sums in float32 that do not cancel, however large the
// mean: that of x - x₀, with x₀ the first row, gives s, the sum of x, and m,
// about the mean; then x² sums to the squares of x - m, plus m·(2s - rows·m).
func batchNormMoments(sum, squares []float64, x []float32, channels int) {
	rows := len(x) / channels
	n, inverse := float64(rows), 1/float32(rows)
	for c := batchNormMomentsVector(sum, squares, x, channels); c < channels; c++ {
		pivot, shifts, arounds := x[c], [ways]float32{}, [ways]float32{}
		for row := range rows {
			shifts[row%ways] += x[row*channels+c] - pivot
		}
		shifted := shifts[0] + shifts[1]
		m := pivot + float32(inverse*shifted)
		for row := range rows {
			d := x[row*channels+c] - m
			arounds[row%ways] += float32(d * d)
		}
		around := arounds[0] + arounds[1]
		s := float64(n*float64(pivot)) + float64(shifted)
		sum[c] += s
		squares[c] += float64((2*s - float64(n*float64(m))) * float64(m))
		squares[c] += float64(around)
	}
}

func batchNormApplyCPU(p *pool, y, x, add, gamma, beta, mean, variance []float32, g BatchNorm) {
	w := &p.norm
	*w = batchNormWork{BatchNorm: g, y: y, x: x, add: add, mean: mean, scale: grown(&p.channels, g.C), beta: beta}
	for c := range w.scale {
		w.scale[c] = gamma[c] * invStd(variance[c], g.Eps)
	}
	p.sweep(w.tasks(), func(_, task int) { w.apply(w.task(task)) })
}

// apply normalises elements lo to hi.
func (w *batchNormWork) apply(lo, hi int) {
	var addend []float32
	if w.add != nil {
		addend = w.add[lo:hi]
	}
	batchNormApplyRows(w.y[lo:hi], w.x[lo:hi], addend, w.mean, w.scale, w.beta, w.ReLU)
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
//
// Where beta is there, dz is dy where (x - mean)·scale + beta, the forward result,
// is above 0: one pass less over an array than to read that result.
type batchNormSlope struct{ mean, r, factor, meanDz, meanDot, scale, beta []float32 }

// passed is dy behind the ReLU of s, if it has one.
func (s *batchNormSlope) passed(dy, x float32, c int) float32 {
	if s.beta != nil && float32((x-s.mean[c])*s.scale[c])+s.beta[c] <= 0 {
		return 0
	}
	return dy
}

// batchNormBackwardCPU is BatchNormBackward, or BatchNormBackwardEval if the
// statistics are constants. beta is there if y is what comes of x alone.
func batchNormBackwardCPU(p *pool, dx, dgamma, dbeta, dy, dyMore, y, x, gamma, beta, mean, variance []float32, g BatchNorm, constants bool) {
	numbers := grown(&p.channels, 4*g.C)
	clear(numbers)
	w := &p.norm
	*w = batchNormWork{BatchNorm: g, dx: dx, dy: dy, dyMore: dyMore, y: y, x: x}
	s := batchNormSlope{mean: mean, r: numbers[:g.C], factor: numbers[g.C : 2*g.C], meanDz: numbers[2*g.C : 3*g.C], meanDot: numbers[3*g.C:]}
	for c, v := range variance {
		s.r[c] = invStd(v, g.Eps)
		s.factor[c] = gamma[c] * s.r[c]
	}
	if g.ReLU && beta != nil && dyMore == nil && !constants {
		s.scale, s.beta, w.y = s.factor, beta, nil
	}
	w.slope = s
	sum, dot := w.sums(p, (*batchNormWork).slopes)
	for c := range dgamma {
		dbeta[c] += float32(sum[c])
		dgamma[c] += float32(dot[c])
		if !constants {
			s.meanDz[c], s.meanDot[c] = float32(sum[c]/float64(g.Rows)), float32(dot[c]/float64(g.Rows))
		}
	}
	p.sweep(w.tasks(), func(_, task int) {
		lo, hi := w.task(task)
		if constants { // dx = factor·(dz - 0) + 0: to add x̂·0 would be wrong where x is not finite
			batchNormApplyRows(w.dx[lo:hi], w.dy[lo:hi], nil, s.meanDz, s.factor, s.meanDot, false)
			return
		}
		batchNormDx(w.dx[lo:hi], w.dy[lo:hi], w.x[lo:hi], &w.slope)
	})
}

// slopes turns one block of dy into dz, unless the mask comes of x, and adds its
// sums for the gradients.
func (w *batchNormWork) slopes(sum, dot []float64, lo, hi int) {
	if w.dyMore != nil {
		addCPU(w.dy[lo:hi], w.dy[lo:hi], w.dyMore[lo:hi])
	}
	var output []float32
	if w.ReLU && w.y != nil {
		output = w.y[lo:hi]
	}
	batchNormSums(sum, dot, w.dy[lo:hi], output, w.x[lo:hi], &w.slope)
}

// batchNormSums adds the sums of dz and of dz·x̂ over one block. If y is there it
// masks dy by it, which becomes dz.
func batchNormSums(sum, dot []float64, dy, y, x []float32, s *batchNormSlope) {
	channels := len(s.mean)
	rows := len(x) / channels
	for c := batchNormSumsVector(sum, dot, dy, y, x, s); c < channels; c++ {
		var sums, dots [ways]float32
		for row := range rows {
			i := row*channels + c
			if y != nil && y[i] <= 0 {
				dy[i] = 0
			}
			dz := s.passed(dy[i], x[i], c)
			sums[row%ways] += dz
			dots[row%ways] += float32(dz * float32((x[i]-s.mean[c])*s.r[c]))
		}
		sum[c] += float64(sums[0] + sums[1])
		dot[c] += float64(dots[0] + dots[1])
	}
}

// batchNormDx computes the gradient of some rows of x.
func batchNormDx(dx, dy, x []float32, s *batchNormSlope) {
	c := len(s.mean)
	first := batchNormDxVector(dx, dy, x, s)
	for lo := 0; lo < len(x); lo += c {
		for j := first; j < c; j++ {
			xhat := (x[lo+j] - s.mean[j]) * s.r[j]
			dx[lo+j] = s.factor[j] * (s.passed(dy[lo+j], x[lo+j], j) - s.meanDz[j] - float32(xhat*s.meanDot[j]))
		}
	}
}
