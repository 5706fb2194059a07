//go:build !noasm

package kernels

var poolAVX2 = poolLoops{maxPoolAVX2, maxPoolBackwardAVX2}

//go:noescape
func maxPoolAVX2(y []float32, index []int32, x []float32, channels, windows, rows, columns, width, c, step, pixel int)

//go:noescape
func maxPoolBackwardAVX2(dy []float32, index []int32, dx []float32, channels, windows, rows, columns, width, c, step, pixel int)
