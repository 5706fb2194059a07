//go:build !noasm

package kernels

// The functions of update_amd64.s are the reference loops of their names for
// slices of one length, a multiple of 8. They check nothing.

//go:noescape
func ascendScaledAVX2(w, g []float32, factor, eta float32)

//go:noescape
func sumSquaresAVX2(g []float32) float64

//go:noescape
func sumSquaresScaledAVX2(w, g []float32, eta float32) float64

//go:noescape
func displacementsAVX2(slow, first, fast []float32) (uu, vv, uv float64)

//go:noescape
func sgdPlainAVX2(w, g []float32, decay, lr float32)

//go:noescape
func sgdMomentumAVX2(w, momentum, g []float32, mu, decay, lr, fresh float32)

//go:noescape
func sgdNesterovAVX2(w, momentum, g []float32, mu, decay, lr, fresh float32)

//go:noescape
func adamWAVX2(w, m, v, g []float32, decay, beta1, beta2, new1, new2, lr, correct, eps float32)

func sumSquaresCPU(w, g []float32, eta float32, scaled bool) (sum float64) {
	n := vectorLen(len(g))
	if scaled {
		sum = sumSquaresScaledAVX2(w[:n], g[:n], eta)
	} else {
		sum = sumSquaresAVX2(g[:n])
	}
	return sum + sumSquaresRef(w[n:], g[n:], eta, scaled)
}

func ascendCPU(w, g []float32, factor, eta float32, scaled bool) {
	if !scaled {
		addScaledCPU(w, g, factor)
		return
	}
	n := vectorLen(len(g))
	ascendScaledAVX2(w[:n], g[:n], factor, eta)
	ascendRef(w[n:], g[n:], factor, eta, scaled)
}

func lerpCPU(w, a, b []float32, s float32) {
	n := vectorLen(len(a))
	if s == 1 {
		n = 0 // a copy
	}
	lerpAVX2(w[:n], a[:n], b[:n], s)
	lerpRef(w[n:], a[n:], b[n:], s)
}

func displacementsCPU(slow, first, fast []float32) (sums [3]float64) {
	n := vectorLen(len(slow))
	uu, vv, uv := displacementsAVX2(slow[:n], first[:n], fast[:n])
	sums = displacementsRef(slow[n:], first[n:], fast[n:])
	return [3]float64{uu + sums[0], vv + sums[1], uv + sums[2]}
}

func sgdCPU(w, momentum, g []float32, c sgd[float32]) {
	n := vectorLen(len(g))
	switch {
	case momentum == nil:
		sgdPlainAVX2(w[:n], g[:n], c.decay, c.lr)
		sgdRef(w[n:], nil, g[n:], c)
		return
	case c.nesterov:
		sgdNesterovAVX2(w[:n], momentum[:n], g[:n], c.momentum, c.decay, c.lr, c.fresh)
	default:
		sgdMomentumAVX2(w[:n], momentum[:n], g[:n], c.momentum, c.decay, c.lr, c.fresh)
	}
	sgdRef(w[n:], momentum[n:], g[n:], c)
}

func adamWCPU(w, m, v, g []float32, c adamW[float32]) {
	n := vectorLen(len(g))
	adamWAVX2(w[:n], m[:n], v[:n], g[:n], c.decay, c.beta1, c.beta2, c.new1, c.new2, c.lr, c.correct, c.eps)
	adamWRef(w[n:], m[n:], v[n:], g[n:], c)
}
