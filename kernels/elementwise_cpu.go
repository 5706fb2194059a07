package kernels

import "math"

// An elementwiseLoops is the reference loops of these names for slices of one length, a
// multiple of 8. They check nothing.
type elementwiseLoops struct {
	add              func(y, a, b []float32)
	addScaled, scale func(y, x []float32, s float32)
	relu             func(y, x []float32)
	reluBackward     func(dx, dy, y []float32)
	lerp             func(w, a, b []float32, s float32)

	// sumRows of the first len(sum) of c columns, a multiple of 8. There is at least one row.
	sumRows func(sum []float64, x []float32, rows, c int)
}

func addCPU(y, a, b []float32) {
	n := vectorLen(len(a))
	if n > 0 {
		fastest.vectors.elementwise.add(y[:n], a[:n], b[:n])
	}
	addRef(y[n:], a[n:], b[n:])
}

func addScaledCPU(y, x []float32, s float32) {
	n := vectorLen(len(x))
	if n > 0 {
		fastest.vectors.elementwise.addScaled(y[:n], x[:n], s)
	}
	addScaledRef(y[n:], x[n:], s)
}

func scaleCPU(y, x []float32, s float32) {
	n := vectorLen(len(x))
	if n > 0 {
		fastest.vectors.elementwise.scale(y[:n], x[:n], s)
	}
	scaleRef(y[n:], x[n:], s)
}

func reluCPU(y, x []float32) {
	n := vectorLen(len(x))
	if n > 0 {
		fastest.vectors.elementwise.relu(y[:n], x[:n])
	}
	reluRef(y[n:], x[n:])
}

func reluBackwardCPU(dx, dy, y []float32) {
	n := vectorLen(len(y))
	if n > 0 {
		fastest.vectors.elementwise.reluBackward(dx[:n], dy[:n], y[:n])
	}
	reluBackwardRef(dx[n:], dy[n:], y[n:])
}

// fillCPU sets every element of x to v.
func fillCPU(x []float32, v float32) {
	if math.Float32bits(v) == 0 {
		clear(x) // faster than a loop
		return
	}
	fill(x, v)
}

// sumRowsAddCPU is SumRowsAdd, whose sums each task takes over some rows.
func sumRowsAddCPU(p *pool, sum, x []float32) {
	if len(x) == 0 {
		return
	}
	w := &p.norm
	*w = batchNormWork{BatchNorm: BatchNorm{Rows: len(x) / len(sum), C: len(sum)}, x: x}
	sums, _ := w.sums(p, func(w *batchNormWork, sum, _ []float64, lo, hi int) { sumRows(sum, w.x[lo:hi]) })
	for c, s := range sums {
		sum[c] += float32(s)
	}
}

// sumRows adds the sums of rows of x to sum.
func sumRows(sum []float64, x []float32) {
	n, c := vectorLen(len(sum)), len(sum)
	if n > 0 {
		fastest.vectors.elementwise.sumRows(sum[:n], x, len(x)/c, c)
	}
	for c := n; c < len(sum); c++ {
		for i := c; i < len(x); i += len(sum) {
			sum[c] += float64(x[i])
		}
	}
}
