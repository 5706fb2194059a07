//go:build !noasm

package kernels

var elementwiseNEON = elementwiseLoops{
	addNEON, addScaledNEON, scaleNEON, reluNEON, reluBackwardNEON, lerpNEON, sumRowsNEON,
}

//go:noescape
func addNEON(y, a, b []float32)

//go:noescape
func addScaledNEON(y, x []float32, s float32)

//go:noescape
func scaleNEON(y, x []float32, s float32)

//go:noescape
func reluNEON(y, x []float32)

//go:noescape
func reluBackwardNEON(dx, dy, y []float32)

//go:noescape
func lerpNEON(w, a, b []float32, s float32)

//go:noescape
func sumRowsNEON(sum []float64, x []float32, rows, c int)
