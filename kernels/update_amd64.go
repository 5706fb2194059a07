//go:build !noasm

package kernels

import "golang.org/x/sys/cpu"

// The functions of update_amd64.s are the reference loops of their names for
// slices of one length, a multiple of 8, of 16 with AVX-512. They check nothing.

//go:noescape
func ascendScaledAVX2(w, g []float32, factor, eta float32)

//go:noescape
func sumSquaresAVX2(g []float32) float64

//go:noescape
func sumSquaresAVX512(g []float32) float64

//go:noescape
func sumSquaresScaledAVX2(w, g []float32, eta float32) float64

//go:noescape
func sumSquaresScaledAVX512(w, g []float32, eta float32) float64

//go:noescape
func displacementsAVX2(slow, first, fast []float32) (uu, vv, uv float64)

//go:noescape
func displacementsAVX512(slow, first, fast []float32) (uu, vv, uv float64)

//go:noescape
func sgdPlainAVX2(w, g []float32, decay, lr float32)

//go:noescape
func sgdMomentumAVX2(w, momentum, g []float32, mu, decay, lr, fresh float32)

//go:noescape
func sgdNesterovAVX2(w, momentum, g []float32, mu, decay, lr, fresh float32)

//go:noescape
func adamWAVX2(w, m, v, g []float32, decay, beta1, beta2, new1, new2, lr, correct, eps float32)

// wideLen is how many of n elements the assembly for AVX-512 computes.
func wideLen(n int) int {
	if !cpu.X86.HasAVX512F {
		return 0
	}
	return n &^ 15
}

func sumSquaresCPU(w, g []float32, eta float32, scaled bool) (sum float64) {
	wide, n := wideLen(len(g)), vectorLen(len(g))
	switch {
	case wide > 0 && scaled:
		sum = sumSquaresScaledAVX512(w[:wide], g[:wide], eta)
	case wide > 0:
		sum = sumSquaresAVX512(g[:wide])
	}
	if scaled {
		sum += sumSquaresScaledAVX2(w[wide:n], g[wide:n], eta)
	} else {
		sum += sumSquaresAVX2(g[wide:n])
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
	wide, n := wideLen(len(slow)), vectorLen(len(slow))
	add := func(uu, vv, uv float64) {
		sums[0], sums[1], sums[2] = sums[0]+uu, sums[1]+vv, sums[2]+uv
	}
	if wide > 0 {
		add(displacementsAVX512(slow[:wide], first[:wide], fast[:wide]))
	}
	add(displacementsAVX2(slow[wide:n], first[wide:n], fast[wide:n]))
	rest := displacementsRef(slow[n:], first[n:], fast[n:])
	add(rest[0], rest[1], rest[2])
	return sums
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
