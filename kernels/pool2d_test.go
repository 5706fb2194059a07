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
	{N: 2, H: 9, W: 9, C: 12, KH: 3, KW: 3, Stride: 2, Pad: 1},
	{N: 40, H: 3, W: 2, C: 20, KH: 3, KW: 2, Stride: 2},
	{N: 3, H: 6, W: 7, C: 8, KH: 2, KW: 2, Stride: 3, Pad: 1},
	{N: 1, H: 3, W: 40, C: 15, KH: 2, KW: 2, Stride: 1}, // lines longer than a block
	{N: 1, H: 3, W: 10, C: 60, KH: 3, KW: 3, Stride: 1, Pad: 1},
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

// The cpu device shares the loops over one image out, and the kernels sum in
// their order, so nothing rounds differently.
func TestPoolAgrees(t *testing.T) {
	for _, g := range poolCases {
		agreeEverywhere(t, fmt.Sprintf("%+v", g), 0, 0, func(r rig) []Buffer { return g.everything(r, r.floats, r.junk, -1) })
	}
}

func TestPoolInHalf(t *testing.T) {
	cases := append(poolCases, Pool{N: 1, H: 3, W: 10, C: 120, KH: 3, KW: 3, Stride: 1, Pad: 1}, Pool{N: 3, H: 5, W: 4, C: 24, KH: 5, KW: 4, Stride: 1})
	for _, g := range cases {
		exactInHalf(t, fmt.Sprintf("%+v", g), func(h halfCase) []Buffer { return g.everything(h.rig, h.activations, h.blank, -1) })
	}
	for _, g := range []Pool{{N: 3, H: 6, W: 7, C: 8, KH: 2, KW: 2, Stride: 3, Pad: 1}, {N: 3, H: 2, W: 3, C: 8, KH: 2, KW: 3, Stride: 1}} {
		exactInHalf(t, fmt.Sprintf("%+v from 1", g), func(h halfCase) (all []Buffer) {
			for array := range 7 {
				all = append(all, g.everything(h.rig, h.activations, h.blank, array)...)
			}
			return all
		})
	}
}

// NaN wins, and so does the first of equals; sums overflow to infinity.
func TestPoolOfSpecialValuesInHalf(t *testing.T) {
	for _, c := range []int{3, 8} {
		g := Pool{N: 2, H: 5, W: 6, C: c, KH: 3, KW: 3, Stride: 1, Pad: 1}
		special := func(make func(x ...float64) Buffer) func(x ...float64) Buffer {
			return func(x ...float64) Buffer { return make(extremes(c, len(x))...) }
		}
		exactInHalf(t, fmt.Sprint(g), func(h halfCase) []Buffer { return g.everything(h.rig, special(h.activations), h.blank, -1) })
	}
}

// Each array alone may start anywhere.
func TestPoolOfUnalignedArrays(t *testing.T) {
	for _, g := range []Pool{{N: 3, H: 6, W: 7, C: 8, KH: 2, KW: 2, Stride: 3, Pad: 1}, {N: 3, H: 2, W: 3, C: 4, KH: 2, KW: 3, Stride: 1}} {
		for array := range 7 {
			agreeOnPTX(t, fmt.Sprintf("%+v array %d", g, array), 0, 0, func(r rig) []Buffer { return g.everything(r, r.floats, r.junk, array) })
		}
	}
}

// everything runs all of pooling on arrays that operand and junk make; one of
// them does not start on a multiple of 16 bytes.
func (g Pool) everything(r rig, operand func(x ...float64) Buffer, junk func(n int) Buffer, unaligned int) []Buffer {
	nx, ny := g.lengths()
	x, dy, index := operand(normals(1, nx)...), operand(normals(2, ny)...), r.dev.Alloc(Int32, ny)
	most, mean, dMost, dMean := junk(ny), junk(ny), junk(nx), junk(nx)
	Fill(index, -1)
	if arrays := []*Buffer{&x, &dy, &index, &most, &mean, &dMost, &dMean}; unaligned >= 0 {
		*arrays[unaligned] = r.shifted(*arrays[unaligned], 1)
	}
	MaxPool2d(most, index, x, g)
	MaxPool2dBackward(dMost, dy, index, g)
	AvgPool2d(mean, x, g)
	AvgPool2dBackward(dMean, dy, g)
	return []Buffer{most, index, mean, dMost, dMean}
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
	nan, inf := math.NaN(), math.Inf(1)
	image := []float64{1, -inf, 3, nan, nan, -inf, 3, 2, 2, -inf, 3, nan, 0, -inf, 3, 1} // [2, 2, 4]
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		for _, channels := range []int{3, 4, 9} { // one by one, and four or eight at once
			r := openRig(t, config)
			g := Pool{N: 1, H: 2, W: 2, C: channels, KH: 2, KW: 2, Stride: 1}
			var x []float64
			for i := range 4 * channels {
				x = append(x, image[i/channels*4+i%channels%4])
			}
			y, index, dx := r.junk(channels), r.dev.Alloc(Int32, channels), r.junk(4*channels)
			MaxPool2d(y, index, r.floats(x...), g)
			MaxPool2dBackward(dx, r.floats(normals(1, channels)...), index, g)
			got, at, slope := Floats(y), results([]Buffer{index})[0], Floats(dx)
			for c := range channels {
				want := []struct{ y, at float64 }{{nan, 1}, {-inf, 0}, {3, 0}, {nan, 2}}[c%4]
				if at[c] != want.at || got[c] != want.y && !(math.IsNaN(got[c]) && math.IsNaN(want.y)) {
					t.Errorf("%s: window %d of %d gives %v at %v, want %v at %v: NaN, else the first", config.Name, c, channels, got[c], at[c], want.y, want.at)
				}
				for pixel := range 4 {
					if (slope[pixel*channels+c] != 0) != (pixel == int(want.at)) {
						t.Errorf("%s: gradients are %v", config.Name, slope)
					}
				}
			}
		}
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
