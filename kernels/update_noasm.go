//go:build !amd64 || noasm

package kernels

func sumSquaresCPU(w, g []float32, eta float32, scaled bool) float64 {
	return sumSquaresRef(w, g, eta, scaled)
}

func ascendCPU(w, g []float32, factor, eta float32, scaled bool) {
	ascendRef(w, g, factor, eta, scaled)
}

func displacementsCPU(slow, first, fast []float32) [3]float64 {
	return displacementsRef(slow, first, fast)
}

func lerpCPU(w, a, b []float32, s float32)            { lerpRef(w, a, b, s) }
func sgdCPU(w, momentum, g []float32, c sgd[float32]) { sgdRef(w, momentum, g, c) }
func adamWCPU(w, m, v, g []float32, c adamW[float32]) { adamWRef(w, m, v, g, c) }
