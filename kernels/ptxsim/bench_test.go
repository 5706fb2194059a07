package ptxsim

import (
	"fmt"
	"testing"
)

// BenchmarkMatmul reports the rate of the tiled float32 product with all
// checks, in million instructions of threads per second.
func BenchmarkMatmul(b *testing.B) {
	const n = 256
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			d := New(Config{Workers: workers})
			k := kernelOf(b, d, readFile(b, "matmul.ptx"), "matmul")
			c, x, y := alloc[float32](b, d, n*n), upload(b, d, normal(1, n*n)), upload(b, d, normal(2, n*n))
			for b.Loop() {
				launchOK(b, d, k, dim(n/64, n/64), dim(256, 1), 0, c, x, y, n, n, n)
			}
			b.ReportMetric(float64(d.Counters("matmul").Thread)/b.Elapsed().Seconds()/1e6, "Mthread-inst/s")
		})
	}
}
