package kernels

// An updateLoops is the reference loops of these names for slices of one length, a multiple
// of 8, or for sums of squares of 16. They check nothing.
type updateLoops struct {
	sumSquares               func(g []float32) float64
	sumSquaresScaled         func(w, g []float32, eta float32) float64
	displacements            func(slow, first, fast []float32) (uu, vv, uv float64)
	ascendScaled             func(w, g []float32, factor, eta float32)
	sgdPlain                 func(w, g []float32, decay, lr float32)
	sgdMomentum, sgdNesterov func(w, momentum, g []float32, mu, decay, lr, fresh float32)
	adamW                    func(w, m, v, g []float32, decay, beta1, beta2, new1, new2, lr, correct, eps float32)
}

func sumSquaresCPU(w, g []float32, eta float32, scaled bool) (sum float64) {
	n := vectorLen(len(g)) &^ 15
	switch loops := fastest.vectors.update; {
	case n == 0:
	case scaled:
		sum = loops.sumSquaresScaled(w[:n], g[:n], eta)
	default:
		sum = loops.sumSquares(g[:n])
	}
	return sum + sumSquaresRef(w[n:], g[n:], eta, scaled)
}

func displacementsCPU(slow, first, fast []float32) (sums [3]float64) {
	n := vectorLen(len(slow))
	if n > 0 {
		sums[0], sums[1], sums[2] = fastest.vectors.update.displacements(slow[:n], first[:n], fast[:n])
	}
	for i, s := range displacementsRef(slow[n:], first[n:], fast[n:]) {
		sums[i] += s
	}
	return sums
}

func ascendCPU(w, g []float32, factor, eta float32, scaled bool) {
	if !scaled {
		addScaledCPU(w, g, factor)
		return
	}
	n := vectorLen(len(g))
	if n > 0 {
		fastest.vectors.update.ascendScaled(w[:n], g[:n], factor, eta)
	}
	ascendRef(w[n:], g[n:], factor, eta, scaled)
}

func lerpCPU(w, a, b []float32, s float32) {
	n := vectorLen(len(a))
	if s == 1 {
		n = 0 // a copy
	}
	if n > 0 {
		fastest.vectors.elementwise.lerp(w[:n], a[:n], b[:n], s)
	}
	lerpRef(w[n:], a[n:], b[n:], s)
}

func sgdCPU(w, momentum, g []float32, c sgd[float32]) {
	n := vectorLen(len(g))
	switch loops := fastest.vectors.update; {
	case n == 0:
	case momentum == nil:
		loops.sgdPlain(w[:n], g[:n], c.decay, c.lr)
	case c.nesterov:
		loops.sgdNesterov(w[:n], momentum[:n], g[:n], c.momentum, c.decay, c.lr, c.fresh)
	default:
		loops.sgdMomentum(w[:n], momentum[:n], g[:n], c.momentum, c.decay, c.lr, c.fresh)
	}
	if momentum != nil {
		momentum = momentum[n:]
	}
	sgdRef(w[n:], momentum, g[n:], c)
}

func adamWCPU(w, m, v, g []float32, c adamW[float32]) {
	n := vectorLen(len(g))
	if n > 0 {
		fastest.vectors.update.adamW(w[:n], m[:n], v[:n], g[:n], c.decay, c.beta1, c.beta2, c.new1, c.new2, c.lr, c.correct, c.eps)
	}
	adamWRef(w[n:], m[n:], v[n:], g[n:], c)
}
