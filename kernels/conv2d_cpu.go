package kernels

func conv2dCPU(_ *pool, y, x, w, b []float32, g Conv) { conv2dRef(y, x, w, b, g) }

func conv2dBackwardInputCPU(_ *pool, dx, dy, w []float32, g Conv) {
	conv2dBackwardInputRef(dx, dy, w, g)
}

func conv2dBackwardWeightAddCPU(_ *pool, dw, dy, x []float32, g Conv) {
	conv2dBackwardWeightAddRef(dw, dy, x, g)
}
