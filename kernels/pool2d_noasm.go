//go:build !amd64 || noasm

package kernels

func maxPoolVector([]float32, []int32, []float32, Pool, poolRun) int         { return 0 }
func maxPoolBackwardVector(_, _ []float32, _ []int32, _ Pool, _ poolRun) int { return 0 }
