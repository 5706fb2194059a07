//go:build !noasm

package kernels

var (
	updateAVX2 = updateLoops{
		sumSquaresAVX2, sumSquaresScaledAVX2, displacementsAVX2, ascendScaledAVX2, sgdPlainAVX2, sgdMomentumAVX2, sgdNesterovAVX2, adamWAVX2,
	}
	updateAVX512 = updateLoops{
		sumSquaresAVX512, sumSquaresScaledAVX512, displacementsAVX2, ascendScaledAVX2, sgdPlainAVX2, sgdMomentumAVX2, sgdNesterovAVX2, adamWAVX2,
	}
)

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
func sgdPlainAVX2(w, g []float32, decay, lr float32)

//go:noescape
func sgdMomentumAVX2(w, momentum, g []float32, mu, decay, lr, fresh float32)

//go:noescape
func sgdNesterovAVX2(w, momentum, g []float32, mu, decay, lr, fresh float32)

//go:noescape
func adamWAVX2(w, m, v, g []float32, decay, beta1, beta2, new1, new2, lr, correct, eps float32)
