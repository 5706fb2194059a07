package kernels

func batchNormStatisticsCPU(_ *pool, mean, variance, x []float32, g BatchNorm) {
	batchNormStatisticsRef(mean, variance, x, g)
}

func batchNormApplyCPU(_ *pool, y, x, add, gamma, beta, mean, variance []float32, g BatchNorm) {
	batchNormApplyRef(y, x, add, gamma, beta, mean, variance, g)
}

func batchNormBackwardCPU(_ *pool, dx, dgamma, dbeta, dy, y, x, gamma, mean, variance []float32, g BatchNorm) {
	batchNormBackwardRef(dx, dgamma, dbeta, dy, y, x, gamma, mean, variance, g)
}
