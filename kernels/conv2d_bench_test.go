package kernels

import (
	"fmt"
	"testing"
	"time"

	"lbsam/kernels/kerneltest"
)

// benchmarkConvs are the convolutions of ResNets on 32 x 32 images and of lenet, and a
// linear layer.
var benchmarkConvs = []struct {
	name string
	conv Conv
}{
	{"stem 3-64@32", Conv{32, 32, 32, 3, 64, 3, 3, 1, 1}},
	{"64-64@32", Conv{32, 32, 32, 64, 64, 3, 3, 1, 1}},
	{"64-128@32 s2", Conv{32, 32, 32, 64, 128, 3, 3, 2, 1}},
	{"1x1 64-128@32 s2", Conv{32, 32, 32, 64, 128, 1, 1, 2, 0}},
	{"128-128@16", Conv{32, 16, 16, 128, 128, 3, 3, 1, 1}},
	{"256-256@8", Conv{32, 8, 8, 256, 256, 3, 3, 1, 1}},
	{"512-512@4", Conv{32, 4, 4, 512, 512, 3, 3, 1, 1}},
	{"16-16@32", Conv{128, 32, 32, 16, 16, 3, 3, 1, 1}},
	{"32-32@16", Conv{128, 16, 16, 32, 32, 3, 3, 1, 1}},
	{"64-64@8", Conv{128, 8, 8, 64, 64, 3, 3, 1, 1}},
	{"16-32@32 s2", Conv{128, 32, 32, 16, 32, 3, 3, 2, 1}},
	{"128-256@16 s2", Conv{32, 16, 16, 128, 256, 3, 3, 2, 1}},
	{"256-512@8 s2", Conv{128, 8, 8, 256, 512, 3, 3, 2, 1}},
	{"1x1 256-64@32", Conv{32, 32, 32, 256, 64, 1, 1, 1, 0}},
	{"1x1 64-256@32", Conv{32, 32, 32, 64, 256, 1, 1, 1, 0}},
	{"5x5 1-16@28", Conv{128, 28, 28, 1, 16, 5, 5, 1, 2}},
	{"5x5 16-32@14", Conv{128, 14, 14, 16, 32, 5, 5, 1, 2}},
	{"linear 128x784x512", Conv{128, 1, 1, 784, 512, 1, 1, 1, 0}},
}

// benchmarkProducts are products of matrices: rows of the result, elements of a sum
// and columns, of the sizes that convolutions of ResNets are as a matrix.
var benchmarkProducts = [][3]int{{131072, 576, 64}, {32768, 1152, 128}, {8192, 2304, 256}, {2048, 4608, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}}

// BenchmarkProduct is BenchmarkConv for a linear layer's forward pass.
func BenchmarkProduct(b *testing.B) {
	for _, size := range benchmarkProducts {
		g := Conv{size[0], 1, 1, size[1], size[2], 1, 1, 1, 0}
		rng := kerneltest.Rng(0)
		x, w, y := kerneltest.Randn[float32](rng, g.XLen()), kerneltest.Randn[float32](rng, g.WLen()), make([]float32, g.YLen())
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dx%dx%d/threads=%d", size[0], size[1], size[2], threads), func(b *testing.B) {
				p := newPool(threads)
				defer p.close()
				report(b, p, 2*float64(g.YLen()*g.C), func() { conv2dCPU(p, y, x, w, nil, g) })
			})
		}
	}
}

// BenchmarkConv reports GFLOP/s, where products with the padding count, and
// the share of what a loop of FMAs reaches beside it on as many threads.
func BenchmarkConv(b *testing.B) {
	for _, c := range benchmarkConvs {
		g := c.conv
		rng := kerneltest.Rng(0)
		x, w, y := kerneltest.Randn[float32](rng, g.XLen()), kerneltest.Randn[float32](rng, g.WLen()), kerneltest.Randn[float32](rng, g.YLen())
		for _, pass := range []struct {
			name string
			run  func(p *pool)
		}{
			{"forward", func(p *pool) { conv2dCPU(p, y, x, w, nil, g) }},
			{"input", func(p *pool) { conv2dBackwardInputCPU(p, x, y, w, g) }},
			{"weight", func(p *pool) { conv2dBackwardWeightAddCPU(p, w, y, x, g) }},
		} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/%s/threads=%d", c.name, pass.name, threads), func(b *testing.B) {
					p := newPool(threads)
					defer p.close()
					pass.run(p)
					flops := 2 * float64(g.YLen()*g.KH*g.KW*g.C)
					report(b, p, flops, func() { pass.run(p) })
				})
			}
		}
	}
}

// report runs body b.N times, each next to a short loop of FMAs on all
// threads, and reports the best GFLOP/s and its share of the loop's best.
func report(b *testing.B, p *pool, flops float64, body func()) {
	best, peak := 0.0, 0.0
	const rounds = 200_000 // long enough for every thread to wake
	for range b.N {
		start := time.Now()
		body()
		best = max(best, flops/time.Since(start).Seconds())
		start = time.Now()
		p.run(p.workers, func(_, _ int) { fastest.fmaPeak(rounds) })
		peak = max(peak, float64(p.workers)*rounds*fastest.fmaPeakFlops/time.Since(start).Seconds())
	}
	b.ReportMetric(best/1e9, "GFLOP/s")
	b.ReportMetric(100*best/peak, "%peak")
}

// BenchmarkMicrokernel reports the speed of the microkernels alone, with operands
// that stay in the caches, for sums as short as those of Winograd's tiles and as
// long as those of a part of a window.
func BenchmarkMicrokernel(b *testing.B) {
	const rows, calls = 48, 100
	for _, set := range instructionSets() {
		for _, k := range set.microkernels {
			for _, length := range []int{16, 32, 64, 256} {
				b.Run(fmt.Sprintf("%s/sum=%d", k.name, length), func(b *testing.B) {
					a, w, y := make([]float32, rows*length), make([]float32, k.nr*length), make([]float32, rows*k.nr)
					p := newPool(1)
					defer p.close()
					report(b, p, 2*calls*float64(rows*k.nr*length), func() {
						for range calls {
							k.product(&y[0], &a[0], &w[0], rows/k.mr, length, 4*length, 4, 4*k.nr, 4*k.nr, false, nil, 0)
						}
					})
				})
			}
		}
	}
}
