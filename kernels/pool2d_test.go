package kernels

import (
	"fmt"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

var poolCases = []Pool{
	{N: 1, H: 1, W: 1, C: 1, KH: 1, KW: 1, Stride: 1},
	{N: 2, H: 4, W: 4, C: 3, KH: 2, KW: 2, Stride: 2},
	{N: 3, H: 5, W: 7, C: 2, KH: 3, KW: 3, Stride: 2, Pad: 1},
	{N: 1, H: 6, W: 5, C: 9, KH: 2, KW: 3, Stride: 1, Pad: 1},
	{N: 2, H: 5, W: 3, C: 17, KH: 5, KW: 3, Stride: 1},
	{N: 2, H: 7, W: 8, C: 1, KH: 2, KW: 2, Stride: 3},
	{N: 5, H: 8, W: 8, C: 16, KH: 8, KW: 8, Stride: 1},
	{N: 0, H: 4, W: 4, C: 3, KH: 2, KW: 2, Stride: 2},
}

func (g Pool) lengths() (x, y int) { return g.N * g.H * g.W * g.C, g.N * g.OH() * g.OW() * g.C }

func TestPoolGradients(t *testing.T) {
	r := float64Rig(t)
	for _, g := range poolCases {
		nx, ny := g.lengths()
		dy := normals(1, ny)
		x, y, dx, index := r.floats(normals(2, nx)...), r.junk(ny), r.junk(nx), r.dev.Alloc(Int32, ny)
		MaxPool2d(y, index, x, g)
		MaxPool2dBackward(dx, r.floats(dy...), index, g)
		if err := kerneltest.CheckGradient(f64(x), f64(dx), func() float64 { MaxPool2d(y, index, x, g); return dot(dy, y) }); err != nil {
			t.Errorf("MaxPool2d %+v: %v", g, err)
		}
		Fill(dx, math.NaN())
		AvgPool2dBackward(dx, r.floats(dy...), g)
		if err := kerneltest.CheckGradient(f64(x), f64(dx), func() float64 { AvgPool2d(y, x, g); return dot(dy, y) }); err != nil {
			t.Errorf("AvgPool2d %+v: %v", g, err)
		}
	}
}

// The cpu device shares the loops over one image out, so nothing rounds
// differently.
func TestPoolAgrees(t *testing.T) {
	for _, g := range poolCases {
		nx, ny := g.lengths()
		agree(t, fmt.Sprintf("%+v", g), 0, 0, func(r rig) []Buffer {
			x, dy, index := r.floats(normals(1, nx)...), r.floats(normals(2, ny)...), r.dev.Alloc(Int32, ny)
			most, mean, dMost, dMean := r.junk(ny), r.junk(ny), r.junk(nx), r.junk(nx)
			Fill(index, -1)
			MaxPool2d(most, index, x, g)
			MaxPool2dBackward(dMost, dy, index, g)
			AvgPool2d(mean, x, g)
			AvgPool2dBackward(dMean, dy, g)
			return []Buffer{most, index, mean, dMost, dMean}
		})
	}
}

// The numbers are those of PyTorch 1.13, for x an arange or the image below:
//
//	F.avg_pool2d(torch.arange(1., 17).reshape(1, 1, 4, 4), 3, 2, 1)
//	F.max_pool2d(x, 3, 2, 1, return_indices=True)
//	F.max_pool2d(x, 2, 2, return_indices=True)
func TestPoolOfPyTorch(t *testing.T) {
	r := float64Rig(t)
	ramp := make([]float64, 16)
	for i := range ramp {
		ramp[i] = float64(i + 1)
	}
	y := r.junk(4)
	AvgPool2d(y, r.floats(ramp...), Pool{N: 1, H: 4, W: 4, C: 1, KH: 3, KW: 3, Stride: 2, Pad: 1})
	if err := kerneltest.Compare(Floats(y), []float64{14. / 9, 30. / 9, 57. / 9, 11}, 1e-12, 0); err != nil {
		t.Error(err)
	}
	image := r.floats(5, 1, 2, 8, 3, 7, 7, 4, 6, 0, 9, 9)
	for _, c := range []struct {
		g    Pool
		want []float64
		at   []int32
	}{
		{Pool{N: 1, H: 3, W: 4, C: 1, KH: 3, KW: 3, Stride: 2, Pad: 1}, []float64{7, 8, 7, 9}, []int32{5, 3, 5, 10}},
		{Pool{N: 1, H: 3, W: 4, C: 1, KH: 2, KW: 2, Stride: 2}, []float64{7, 8}, []int32{5, 3}},
	} {
		y, index := r.junk(len(c.want)), r.dev.Alloc(Int32, len(c.want))
		MaxPool2d(y, index, image, c.g)
		if err := kerneltest.Compare(Floats(y), c.want, 0, 0); err != nil {
			t.Errorf("%+v: %v", c.g, err)
		}
		for i, at := range i32(index) {
			if at != c.at[i] {
				t.Errorf("%+v: index %d is %d, want %d", c.g, i, at, c.at[i])
			}
		}
	}
}

func TestMaxPoolOfSpecialValues(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	g := Pool{N: 1, H: 2, W: 2, C: 3, KH: 2, KW: 2, Stride: 1}
	nan, inf := math.NaN(), math.Inf(1)
	y, index := r.junk(3), r.dev.Alloc(Int32, 3)
	MaxPool2d(y, index, r.floats(1, -inf, 3, nan, -inf, 3, 2, -inf, 3, 0, -inf, 3), g)
	got, at := Floats(y), i32(index)
	if !math.IsNaN(got[0]) || at[0] != 1 {
		t.Errorf("a window with NaN gives %v at %d", got[0], at[0])
	}
	if !math.IsInf(got[1], -1) || at[1] != 0 || got[2] != 3 || at[2] != 0 {
		t.Errorf("windows of equals give %v at %v, want the first", got, at)
	}
}

func TestPoolPanics(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	for _, g := range []Pool{
		{N: 1, H: 2, W: 2, C: 1, KH: 3, KW: 3, Stride: 1},
		{N: 1, H: 2, W: 2, C: 1, KH: 2, KW: 2, Stride: 0},
		{N: 1, H: 2, W: 2, C: 1, KH: 2, KW: 2, Stride: 1, Pad: 2},
		{N: 1, H: 2, W: 2, C: 1, KH: 0, KW: 2, Stride: 1},
	} {
		mustPanic(t, fmt.Sprintf("%+v", g), func() { AvgPool2d(r.junk(4), r.junk(4), g) })
	}
}
