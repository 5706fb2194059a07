package kernels

import "math"

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
	for c := sumRowsVector(sum, x); c < len(sum); c++ {
		for i := c; i < len(x); i += len(sum) {
			sum[c] += float64(x[i])
		}
	}
}
