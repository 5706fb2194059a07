package kernels

import (
	"fmt"
	"strings"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// checkConv compares the three products, with operands that start shift
// elements behind an aligned address, with those of the reference in float64,
// twice. A plan replaces the choice by shape.
func checkConv(t *testing.T, r rig, g Conv, shift int, plan *gpuPlan) {
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
	if shift == 2 { // there are convolutions without a bias
		b, bBuf = nil, Buffer{}
	}
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
		runConv2d(y[i], xBuf, wBuf, bBuf, g, gpuPlan{plan.gpuTile, 1})
		runConv2dBackwardInput(dx[i], dyBuf, wBuf, g, gpuPlan{plan.gpuTile, 1})
		runConv2dBackwardWeightAdd(into, dyBuf, xBuf, g, g.weightProduct(), *plan)
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
	var bias []float64
	if b != nil {
		bias = widened(b)
	}
	want := make([]float64, g.YLen())
	conv2dRef(want, widened(x), widened(w), bias, g)
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
				checkConv(t, r, g, i%5%3, nil) // two of five are aligned
			}
		}
		for _, g := range []Conv{ // layers of ResNets, with few images and some with fewer channels
			{N: 1, H: 32, W: 32, C: 3, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
			{N: 1, H: 16, W: 16, C: 64, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
			{N: 2, H: 16, W: 16, C: 32, OC: 64, KH: 3, KW: 3, Stride: 2, Pad: 1},
			{N: 2, H: 16, W: 16, C: 64, OC: 128, KH: 1, KW: 1, Stride: 2, Pad: 0},
			{N: 3, H: 8, W: 8, C: 64, OC: 128, KH: 3, KW: 3, Stride: 2, Pad: 1},
			{N: 2, H: 4, W: 4, C: 256, OC: 128, KH: 3, KW: 3, Stride: 1, Pad: 1},
			{N: 4, H: 4, W: 4, C: 64, OC: 256, KH: 1, KW: 1, Stride: 1, Pad: 0},
			{N: 1, H: 32, W: 32, C: 3, OC: 16, KH: 7, KW: 7, Stride: 2, Pad: 3},
		} {
			checkConv(t, r, g, 0, nil)
		}
	}
}

// TestConv2dTiles reaches the interior, the edges, many slabs and several parts
// of every tile with small shapes, which would not choose it.
func TestConv2dTiles(t *testing.T) {
	cases := []Conv{
		{N: 2, H: 12, W: 11, C: 8, OC: 132, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 2, H: 11, W: 13, C: 36, OC: 20, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 1, H: 15, W: 14, C: 68, OC: 140, KH: 1, KW: 1, Stride: 2, Pad: 0},
		{N: 140, H: 1, W: 1, C: 132, OC: 64, KH: 1, KW: 1, Stride: 1, Pad: 0},
		{N: 3, H: 9, W: 8, C: 4, OC: 68, KH: 5, KW: 7, Stride: 3, Pad: 3},
		{N: 1, H: 16, W: 16, C: 64, OC: 128, KH: 3, KW: 3, Stride: 1, Pad: 1},
	}
	for _, r := range ptxRigs(t) {
		for i, tile := range gpuTiles {
			for j, g := range cases {
				checkConv(t, r, g, 0, &gpuPlan{tile, 1 + (i+j)%3})
			}
		}
	}
}

// TestConv2dOfNothing: a batch of no images has no output, and adds nothing.
func TestConv2dOfNothing(t *testing.T) {
	for _, r := range ptxRigs(t) {
		for _, c := range []int{3, 8} {
			checkConv(t, r, Conv{N: 0, H: 4, W: 4, C: c, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1}, 0, nil)
		}
	}
}

// TestConv2dPlans states the choice for the convolutions of a ResNet-34 on 32 x
// 32 images in batches of 128, one of each kind: tile and blocks of the forward
// pass, of the gradient of the input and of that of the weight. There must be a
// block for nearly every multiprocessor.
func TestConv2dPlans(t *testing.T) {
	for _, c := range []struct {
		size, c, oc, window, stride int
		plans                       string
	}{
		{32, 3, 64, 3, 1, "scalar 2048, scalar 2048, scalar 131"},
		{32, 64, 64, 3, 1, "medium 1024, medium 1024, small 396"},
		{32, 64, 128, 3, 2, "large 256, medium 1024, large 130"},
		{32, 64, 128, 1, 2, "large 256, medium 1024, small 128"},
		{16, 128, 128, 3, 1, "large 256, large 256, large 261"},
		{16, 128, 256, 3, 2, "large 128, large 256, large 126"},
		{16, 128, 256, 1, 2, "large 128, large 256, small 128"},
		{8, 256, 256, 3, 1, "large 128, large 128, large 396"},
		{8, 256, 512, 3, 2, "medium 128, large 128, large 360"},
		{8, 256, 512, 1, 2, "medium 128, large 128, small 128"},
		{4, 512, 512, 3, 1, "medium 128, medium 128, medium 864"},
	} {
		g := Conv{N: 128, H: c.size, W: c.size, C: c.c, OC: c.oc, KH: c.window, KW: c.window, Stride: c.stride, Pad: c.window / 2}
		var plans []string
		for i, p := range []product{g.forwardProduct(), g.inputProduct(), g.weightProduct()} {
			plan := p.plan(conv2dTiles([]int{g.C}, Buffer{dtype: Float32}), i == 2)
			plans = append(plans, fmt.Sprintf("%s %d", plan.name, plan.blocks(p)))
			if plan.blocks(p) < 95*gpuProcessors/100 {
				t.Errorf("%+v: product %d has %d blocks, want about %d or more", g, i, plan.blocks(p), gpuProcessors)
			}
		}
		if got := strings.Join(plans, ", "); got != c.plans {
			t.Errorf("%+v: %s, want %s", g, got, c.plans)
		}
	}
}

func TestConv2dTooLargeForTheGPU(t *testing.T) {
	for _, g := range []Conv{
		{N: 1 << 16, H: 1, W: 1, C: 1 << 15, OC: 1, KH: 1, KW: 1, Stride: 1},
		{N: 1, H: 1, W: 1, C: 1 << 22, OC: 1, KH: 1, KW: 1, Stride: 1},
		{N: 1, H: 1, W: 1, C: 1, OC: 1, KH: 1, KW: 1, Stride: 256},
	} {
		mustPanic(t, fmt.Sprintf("%+v", g), func() { g.mustIndex("Conv2d") })
	}
}

// sectorsOfParts is how many sectors a weight gradient that adds up its parts has
// beside its operands and what it writes: parts that are written and read, what was
// there before, and a ticket for each block.
func (t gpuPlan) sectorsOfParts(p product) uint64 {
	return uint64((2*t.parts+1)*p.m*p.n)*4/32 + uint64(t.blocks(p))
}

// TestConv2dTraffic checks on shapes without edges that the kernels read and
// write shared memory without bank conflicts, and that they read every sector
// of what they need once per tile, and write every sector once.
func TestConv2dTraffic(t *testing.T) {
	g := Conv{N: 8, H: 8, W: 8, C: 128, OC: 128, KH: 1, KW: 1, Stride: 1, Pad: 0}
	for _, tile := range append(gpuTiles[:len(gpuTiles):len(gpuTiles)], scalarTile) {
		sim := ptxsim.New(ptxsim.Config{})
		r := rig{t, OpenDriver(sim, ComputeFloat32)}
		defer r.dev.Close()
		whole, halves := gpuPlan{tile, 1}, gpuPlan{tile, 2}
		x, w, y := r.floats(normals(1, g.XLen())...), r.floats(normals(2, g.WLen())...), r.junk(g.YLen())
		runConv2d(y, x, w, Buffer{}, g, whole)
		runConv2dBackwardInput(x, y, w, g, whole)
		runConv2dBackwardWeightAdd(w, y, x, g, g.weightProduct(), halves)
		for name, p := range map[string]product{
			"conv2d_" + tile.name:                 g.forwardProduct(),
			"conv2d_backward_input_" + tile.name:  g.inputProduct(),
			"conv2d_backward_weight_" + tile.name: g.weightProduct(),
		} {
			operands := tiles(p.m, tile.m) * tiles(p.n, tile.n) * (tile.m + tile.n)
			want := uint64(operands*p.spans*p.span+p.m*p.n) * 4 / 32
			if strings.Contains(name, "weight") {
				want += halves.sectorsOfParts(p)
				if tile.name == scalarTile.name { // parts are stored one by one, a sector by four instructions
					want += uint64(3*halves.parts*p.m*p.n) * 4 / 32
				}
			}
			c := sim.Counters(name)
			if c.BankConflicts != 0 || c.Sectors != want {
				t.Errorf("%s: %d bank conflicts in %d accesses and %d sectors, want none and %d: %+v", name, c.BankConflicts, c.SharedPasses, c.Sectors, want, c)
			}
		}
	}
}
