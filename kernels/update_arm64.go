//go:build !noasm

package kernels

var updateNEON = updateLoops{
	sumSquaresNEON, sumSquaresScaledNEON, displacementsNEON, ascendScaledNEON, sgdPlainNEON, sgdMomentumNEON, sgdNesterovNEON, adamWNEON,
}

//go:noescape
func ascendScaledNEON(w, g []float32, factor, eta float32)

//go:noescape
func sumSquaresNEON(g []float32) float64

//go:noescape
func sumSquaresScaledNEON(w, g []float32, eta float32) float64

//go:noescape
func displacementsNEON(slow, first, fast []float32) (uu, vv, uv float64)

//go:noescape
func sgdPlainNEON(w, g []float32, decay, lr float32)

//go:noescape
func sgdMomentumNEON(w, momentum, g []float32, mu, decay, lr, fresh float32)

//go:noescape
func sgdNesterovNEON(w, momentum, g []float32, mu, decay, lr, fresh float32)

//go:noescape
func adamWNEON(w, m, v, g []float32, decay, beta1, beta2, new1, new2, lr, correct, eps float32)
