package kernels

import (
	"fmt"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// eachVariant runs body with every instruction set of this processor.
func eachVariant(t *testing.T, threads int, body func(t *testing.T, p *pool)) {
	for _, set := range microkernels() {
		t.Run(set[0].name, func(t *testing.T) {
			p := newPool(threads)
			defer p.close()
			p.gemm.kernels = set
			body(t, p)
		})
	}
}

// convCases are geometries around the sizes of tiles, with windows that
// overlap the padding in every way.
func convCases() []Conv {
	cases := []Conv{
		{N: 2, H: 5, W: 7, C: 3, OC: 8, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 3, H: 4, W: 4, C: 17, OC: 31, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 5, H: 8, W: 6, C: 16, OC: 16, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 1, H: 9, W: 11, C: 5, OC: 24, KH: 5, KW: 5, Stride: 3, Pad: 2},
		{N: 2, H: 12, W: 10, C: 1, OC: 3, KH: 7, KW: 7, Stride: 2, Pad: 3},
		{N: 2, H: 7, W: 5, C: 33, OC: 64, KH: 1, KW: 1, Stride: 1, Pad: 0},
		{N: 2, H: 8, W: 8, C: 64, OC: 33, KH: 1, KW: 1, Stride: 2, Pad: 0},
		{N: 1, H: 5, W: 5, C: 8, OC: 15, KH: 1, KW: 1, Stride: 3, Pad: 1},
		{N: 4, H: 6, W: 6, C: 24, OC: 17, KH: 5, KW: 3, Stride: 1, Pad: 2},
		{N: 2, H: 3, W: 3, C: 31, OC: 5, KH: 7, KW: 7, Stride: 1, Pad: 3},
		{N: 1, H: 3, W: 20, C: 15, OC: 1, KH: 3, KW: 1, Stride: 1, Pad: 1},
		{N: 3, H: 5, W: 4, C: 64, OC: 24, KH: 3, KW: 3, Stride: 2, Pad: 0},
		{N: 2, H: 6, W: 4, C: 3, OC: 16, KH: 2, KW: 4, Stride: 3, Pad: 3},
		{N: 2, H: 16, W: 16, C: 3, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 9, H: 4, W: 4, C: 64, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 7, H: 2, W: 3, C: 400, OC: 18, KH: 2, KW: 2, Stride: 1, Pad: 1},
		{N: 1, H: 40, W: 30, C: 16, OC: 17, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 20, H: 5, W: 5, C: 8, OC: 8, KH: 3, KW: 3, Stride: 2, Pad: 1},
	}
	for _, n := range []int{1, 5, 100} {
		for _, c := range [][2]int{{48, 10}, {1, 1}, {3, 33}, {784, 130}, {1000, 17}} {
			cases = append(cases, Conv{N: n, H: 1, W: 1, C: c[0], OC: c[1], KH: 1, KW: 1, Stride: 1})
		}
	}
	return cases
}

func nans(n int) []float32 {
	x := make([]float32, n)
	fill(x, float32(math.NaN()))
	return x
}

func TestConv2dCPU(t *testing.T) {
	eachVariant(t, 2, func(t *testing.T, p *pool) {
		for i, g := range convCases() {
			t.Run(fmt.Sprintf("%+v", g), func(t *testing.T) {
				rng := kerneltest.Rng(i)
				x := guardedCopy(kerneltest.Randn[float32](rng, g.XLen()))
				w := guardedCopy(kerneltest.Randn[float32](rng, g.WLen()))
				dy := guardedCopy(kerneltest.Randn[float32](rng, g.YLen()))
				b := guardedCopy(kerneltest.Randn[float32](rng, g.OC))
				x64, w64, dy64 := widened(x.data), widened(w.data), widened(dy.data)

				y, want := guardedCopy(nans(g.YLen())), make([]float64, g.YLen())
				conv2dCPU(p, y.data, x.data, w.data, b.data, g)
				conv2dRef(want, x64, w64, widened(b.data), g)
				compare(t, "y", y, want, g.KH*g.KW*g.C+1)

				fill(y.data, float32(math.NaN()))
				conv2dCPU(p, y.data, x.data, w.data, nil, g)
				conv2dRef(want, x64, w64, nil, g)
				compare(t, "y without b", y, want, g.KH*g.KW*g.C)

				dx, want := guardedCopy(nans(g.XLen())), make([]float64, g.XLen())
				conv2dBackwardInputCPU(p, dx.data, dy.data, w.data, g)
				conv2dBackwardInputRef(want, dy64, w64, g)
				compare(t, "dx", dx, want, g.KH*g.KW*g.OC)

				dw := guardedCopy(kerneltest.Randn[float32](rng, g.WLen()))
				want = widened(dw.data)
				conv2dBackwardWeightAddCPU(p, dw.data, dy.data, x.data, g)
				conv2dBackwardWeightAddRef(want, dy64, x64, g)
				compare(t, "dw", dw, want, g.N*g.OH()*g.OW()+1)
			})
		}
	})
}
