//go:build !noasm

package kernels

var elementwiseAVX2 = elementwiseLoops{
	addAVX2, addScaledAVX2, scaleAVX2, reluAVX2, reluBackwardAVX2, lerpAVX2, sumRowsAVX2,
}

//go:noescape
func addAVX2(y, a, b []float32)

//go:noescape
func addScaledAVX2(y, x []float32, s float32)

//go:noescape
func scaleAVX2(y, x []float32, s float32)

//go:noescape
func reluAVX2(y, x []float32)

//go:noescape
func reluBackwardAVX2(dx, dy, y []float32)

//go:noescape
func lerpAVX2(w, a, b []float32, s float32)

//go:noescape
func sumRowsAVX2(sum []float64, x []float32, rows, c int)
