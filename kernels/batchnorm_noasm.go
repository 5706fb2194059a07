//go:build !amd64 || noasm

package kernels

// Without assembly the Go loops compute every channel.

func batchNormMomentsVector(_, _ []float64, _ []float32, _ int) (channels int) { return 0 }

func batchNormApplyVector(_, _, _, _, _, _ []float32, _ bool) (channels int) { return 0 }

func batchNormSumsVector(_, _ []float64, _, _, _ []float32, _ *batchNormSlope) (channels int) {
	return 0
}

func batchNormDxVector(_, _, _ []float32, _ *batchNormSlope) (channels int) { return 0 }
