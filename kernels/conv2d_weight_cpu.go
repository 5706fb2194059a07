package kernels

func conv2dBackwardWeightAddCPU(p *pool, dw, dy, x []float32, g Conv) {
	conv2dBackwardWeightAddRef(dw, dy, x, g)
}
