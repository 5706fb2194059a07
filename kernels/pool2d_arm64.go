//go:build !noasm

package kernels

var poolNEON = poolLoops{maxPoolNEON, maxPoolBackwardNEON}

//go:noescape
func maxPoolNEON(y []float32, index []int32, x []float32, channels, windows, rows, columns, width, c, step, pixel int)

//go:noescape
func maxPoolBackwardNEON(dy []float32, index []int32, dx []float32, channels, windows, rows, columns, width, c, step, pixel int)
