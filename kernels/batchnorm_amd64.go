//go:build !noasm

package kernels

var (
	batchNormAVX2 = batchNormLoops{
		8, batchNormMomentsAVX2, batchNormApplyAVX2, batchNormSumsAVX2, batchNormSumsReLUAVX2, batchNormSumsOwnAVX2,
		batchNormBackwardAVX2, batchNormBackwardOwnAVX2,
	}
	batchNormAVX512 = batchNormLoops{
		16, batchNormMomentsAVX512, batchNormApplyAVX512, batchNormSumsAVX512, batchNormSumsReLUAVX512, batchNormSumsOwnAVX512,
		batchNormBackwardAVX512, batchNormBackwardOwnAVX512,
	}
)

//go:noescape
func batchNormMomentsAVX2(sum, squares []float64, x []float32, rows, c int)

//go:noescape
func batchNormMomentsAVX512(sum, squares []float64, x []float32, rows, c int)

//go:noescape
func batchNormApplyAVX2(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)

//go:noescape
func batchNormApplyAVX512(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)

//go:noescape
func batchNormSumsAVX2(sum, dot []float64, dy, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsAVX512(sum, dot []float64, dy, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsReLUAVX2(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsReLUAVX512(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)

//go:noescape
func batchNormSumsOwnAVX2(sum, dot []float64, dy, x, mean, r, scale, beta []float32, rows, c int)

//go:noescape
func batchNormSumsOwnAVX512(sum, dot []float64, dy, x, mean, r, scale, beta []float32, rows, c int)

//go:noescape
func batchNormBackwardAVX2(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)

//go:noescape
func batchNormBackwardAVX512(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)

//go:noescape
func batchNormBackwardOwnAVX2(dx, dy, x, mean, r, factor, meanDz, meanDot, scale, beta []float32, rows, c int)

//go:noescape
func batchNormBackwardOwnAVX512(dx, dy, x, mean, r, factor, meanDz, meanDot, scale, beta []float32, rows, c int)
