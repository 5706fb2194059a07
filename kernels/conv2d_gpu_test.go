package kernels

import (
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// A convPlan says which kernels compute the three products of a convolution.
type convPlan struct {
	forward, input, weight gpuTile
	slices                 int
}

// checkConv compares the three products, with operands that start shift
// elements behind an aligned address, with those of the reference in float64,
// twice. A plan replaces the choice by shape.
func checkConv(t *testing.T, r rig, g Conv, shift int, plan *convPlan) {
	t.Helper()
	rng := kerneltest.Rng(g.N + 10*g.H + 100*g.C + 1000*g.OC + shift)
	draw := func(n int) ([]float32, Buffer) {
		v, b := kerneltest.Randn[float32](rng, n), r.junk(n+shift).Slice(shift, n+shift)
		Upload(b, v)
		return v, b
	}
	x, xBuf := draw(g.XLen())
	w, wBuf := draw(g.WLen())
	dy, dyBuf := draw(g.YLen())
	b, bBuf := draw(g.OC)
	dw, dwBuf := draw(g.WLen())
	dwAgain := r.junk(g.WLen())
	Copy(dwAgain, dwBuf)

	var y, dx [2]Buffer
	for i := range 2 {
		y[i], dx[i] = r.junk(g.YLen()+shift).Slice(shift, g.YLen()+shift), r.junk(g.XLen()+shift).Slice(shift, g.XLen()+shift)
		into := [...]Buffer{dwBuf, dwAgain}[i]
		if plan == nil {
			Conv2d(y[i], xBuf, wBuf, bBuf, g)
			Conv2dBackwardInput(dx[i], dyBuf, wBuf, g)
			Conv2dBackwardWeightAdd(into, dyBuf, xBuf, g)
			continue
		}
		runConv2d(y[i], xBuf, wBuf, bBuf, g, plan.forward)
		runConv2dBackwardInput(dx[i], dyBuf, wBuf, g, plan.input)
		runConv2dBackwardWeightAdd(into, dyBuf, xBuf, g, plan.weight, plan.slices)
	}

	compare := func(name string, got, again Buffer, want []float64, terms int) {
		t.Helper()
		v := Floats(got)
		if err := kerneltest.Compare(v, want, kerneltest.SumTolerance(terms), 0); err != nil {
			t.Errorf("%+v from %d: %s: %v", g, shift, name, err)
		}
		if at := firstDifference(v, Floats(again)); at >= 0 {
			t.Errorf("%+v from %d: %s: element %d differs the second time", g, shift, name, at)
		}
	}
	want := make([]float64, g.YLen())
	conv2dRef(want, widened(x), widened(w), widened(b), g)
	compare("y", y[0], y[1], want, g.KH*g.KW*g.C+1)
	want = make([]float64, g.XLen())
	conv2dBackwardInputRef(want, widened(dy), widened(w), g)
	compare("dx", dx[0], dx[1], want, g.KH*g.KW*g.OC)
	want = widened(dw)
	conv2dBackwardWeightAddRef(want, widened(dy), widened(x), g)
	compare("dw", dwBuf, dwAgain, want, g.N*g.OH()*g.OW()+1)
}

func TestConv2dOnPTX(t *testing.T) {
	for _, r := range ptxRigs(t) {
		for i, g := range convCases() {
			if i < 34 || i%3 == 0 {
				checkConv(t, r, g, i%5%3, nil) // from 0 in two cases of five
			}
		}
	}
}

// TestConv2dTiles reaches the interior, the edges, several slabs and several
// slices of every tile with small shapes, which would not choose it.
func TestConv2dTiles(t *testing.T) {
	cases := []Conv{
		{N: 2, H: 12, W: 11, C: 8, OC: 132, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 2, H: 11, W: 13, C: 36, OC: 20, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 1, H: 15, W: 14, C: 68, OC: 140, KH: 1, KW: 1, Stride: 2, Pad: 0},
		{N: 140, H: 1, W: 1, C: 132, OC: 64, KH: 1, KW: 1, Stride: 1, Pad: 0},
		{N: 3, H: 9, W: 8, C: 4, OC: 68, KH: 5, KW: 7, Stride: 3, Pad: 3},
	}
	for _, r := range ptxRigs(t) {
		for i, tile := range gpuTiles {
			for j, g := range cases {
				checkConv(t, r, g, 0, &convPlan{tile, tile, tile, 1 + (i+j)%3})
			}
		}
	}
}

// TestConv2dOfNothing: a batch of no images has no output, and adds nothing.
func TestConv2dOfNothing(t *testing.T) {
	for _, r := range ptxRigs(t) {
		checkConv(t, r, Conv{N: 0, H: 4, W: 4, C: 8, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1}, 0, nil)
	}
}

// resnet34 is the convolutions of a ResNet-34 for 32 x 32 images, the 53 of
// its kinds once each.
func resnet34(n int) []Conv {
	convs := []Conv{{N: n, H: 32, W: 32, C: 3, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1}}
	size, channels := 32, 64
	for stage := range 4 {
		if stage > 0 {
			convs = append(convs,
				Conv{N: n, H: size, W: size, C: channels, OC: 2 * channels, KH: 3, KW: 3, Stride: 2, Pad: 1},
				Conv{N: n, H: size, W: size, C: channels, OC: 2 * channels, KH: 1, KW: 1, Stride: 2, Pad: 0})
			size, channels = size/2, 2*channels
		}
		convs = append(convs, Conv{N: n, H: size, W: size, C: channels, OC: channels, KH: 3, KW: 3, Stride: 1, Pad: 1})
	}
	return convs
}

func TestConv2dTileOfResNet34(t *testing.T) {
	for _, g := range resnet34(128) {
		f, i, w := g.forwardProduct(), g.inputProduct(), g.weightProduct()
		aligned := g.C%4 == 0
		ft, it, wt := f.tile(aligned), i.tile(aligned), w.tile(aligned)
		s := w.slices(wt)
		t.Logf("%+v\n\tforward %s %d, input %s %d, weight %s %d x %d", g, ft.name, f.blocks(ft), it.name, i.blocks(it), wt.name, w.blocks(wt), s)
	}
}

// TestConv2dConflicts checks on shapes without edges that the kernels read and
// write shared memory without bank conflicts, and use all of every sector that
// they read.
func TestConv2dConflicts(t *testing.T) {
	g := Conv{N: 8, H: 8, W: 8, C: 64, OC: 128, KH: 1, KW: 1, Stride: 1, Pad: 0}
	for _, tile := range append(gpuTiles, scalarTile) {
		sim := ptxsim.New(ptxsim.Config{})
		r := rig{t, OpenDriver(sim)}
		defer r.dev.Close()
		checkConv(t, r, g, 0, &convPlan{tile, tile, tile, 2})
		for _, name := range []string{"conv2d_", "conv2d_backward_input_", "conv2d_backward_weight_"} {
			c := sim.Counters(name + tile.name)
			t.Logf("%s%s: %+v %.2f\n", name, tile.name, c, float64(c.Sectors)/float64(c.Requests))
		}
	}
}
