//go:build !noasm

package kernels

var batchNormNEON = batchNormLoops{
	8, batchNormMomentsNEON, batchNormApplyNEON, batchNormSumsNEON, batchNormSumsReLUNEON, batchNormSumsOwnNEON,
	batchNormBackwardNEON, batchNormBackwardOwnNEON,
}

//go:noescape
func batchNormMomentsNEON(sum, squares []float64, x []float32, rows, c int)

//go:noescape
func batchNormApplyNEON(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)

//go:noescape
func batchNormSumsNEON(sum, dot []float64, dy, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsReLUNEON(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsOwnNEON(sum, dot []float64, dy, x, mean, r, scale, beta []float32, rows, c int)

//go:noescape
func batchNormBackwardNEON(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)

//go:noescape
func batchNormBackwardOwnNEON(dx, dy, x, mean, r, factor, meanDz, meanDot, scale, beta []float32, rows, c int)
