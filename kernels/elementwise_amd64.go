//go:build !noasm

package kernels

import "golang.org/x/sys/cpu"

// The functions of elementwise_amd64.s are the reference loops of their names
// for slices of one length, a multiple of 8. They check nothing.

//go:noescape
func addAVX2(y, a, b []float32)

//go:noescape
func addScaledAVX2(y, x []float32, s float32)

//go:noescape
func scaleAVX2(y, x []float32, s float32)

//go:noescape
func reluAVX2(y, x []float32)

//go:noescape
func reluBackwardAVX2(dx, dy, y []float32)

//go:noescape
func lerpAVX2(w, a, b []float32, s float32)

// sumRowsAVX2 is sumRows of the first len(sum) of c columns, a multiple of 8.
//
//go:noescape
func sumRowsAVX2(sum []float64, x []float32, rows, c int)

// vectorLen is how many of n elements, or channels, the assembly computes;
// the Go loops compute the others.
func vectorLen(n int) int {
	if !cpu.X86.HasAVX2 {
		return 0
	}
	return n &^ 7
}

// sumRowsVector is sumRows of the first columns, whose number it returns.
func sumRowsVector(sum []float64, x []float32) int {
	n, c := vectorLen(len(sum)), len(sum)
	if n > 0 {
		sumRowsAVX2(sum[:n], x, len(x)/c, c)
	}
	return n
}

func addCPU(y, a, b []float32) {
	n := vectorLen(len(a))
	addAVX2(y[:n], a[:n], b[:n])
	addRef(y[n:], a[n:], b[n:])
}

func addScaledCPU(y, x []float32, s float32) {
	n := vectorLen(len(x))
	addScaledAVX2(y[:n], x[:n], s)
	addScaledRef(y[n:], x[n:], s)
}

func scaleCPU(y, x []float32, s float32) {
	n := vectorLen(len(x))
	scaleAVX2(y[:n], x[:n], s)
	scaleRef(y[n:], x[n:], s)
}

func reluCPU(y, x []float32) {
	n := vectorLen(len(x))
	reluAVX2(y[:n], x[:n])
	reluRef(y[n:], x[n:])
}

func reluBackwardCPU(dx, dy, y []float32) {
	n := vectorLen(len(y))
	reluBackwardAVX2(dx[:n], dy[:n], y[:n])
	reluBackwardRef(dx[n:], dy[n:], y[n:])
}
