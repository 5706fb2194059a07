package kernels

import (
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// checkHaloWeight compares the gradient of the weight, of operands shift elements
// behind an aligned address, with that of the reference in float64, and times
// times with itself.
func (c mmaCase) checkHaloWeight(t *testing.T, r rig, g Conv, shift, times int, plan gpuPlan) {
	t.Helper()
	rng := kerneltest.Rng(g.N + 10*g.H + 100*g.C + 1000*g.OC + shift)
	xBuf, x := c.upload(r, kerneltest.Randn[float32](rng, g.XLen()), shift)
	dyBuf, dy := c.upload(r, kerneltest.Randn[float32](rng, g.YLen()), shift)
	dw := normals(g.C, g.WLen())
	before := r.floats(dw...)
	var got []float64
	for i := range times {
		into := r.junk(g.WLen()+i).Slice(i, g.WLen()+i) // the second time it is at no multiple of 16 bytes
		Copy(into, before)
		runConv2dBackwardWeightAdd(into, dyBuf, xBuf, g, g.turnedWeightProduct(), c.kernel(plan))
		again := Floats(into)
		if i == 0 {
			got = again
		} else if at := firstDifference(again, got); at >= 0 {
			t.Errorf("%v: %+v from %d in %d parts: element %d differs the second time", c, g, shift, plan.parts, at)
		}
	}
	conv2dBackwardWeightAddRef(dw, dy, x, g)
	if err := kerneltest.Compare(got, dw, r.tolerance(g.N*g.H*g.W+1), 0); err != nil {
		t.Errorf("%v: %+v from %d in %d parts: %v", c, g, shift, plan.parts, err)
	}
}

// TestConv2dHaloWeight has images whose rows are shorter than a slab of k, as long
// and longer, up to the longest that the ring has room for, and of one pixel, all
// of whose neighbours are outside; channels that fill tiles and do not; parts that
// begin in the middle of a row, and more of them than are added in one go.
func TestConv2dHaloWeight(t *testing.T) {
	for i, c := range mmaCases {
		w := c.width()
		longest := map[int]int{4: 95, 2: 63}[c.size]
		for _, r := range c.rigs(t) {
			for j, g := range []Conv{
				{N: 3, H: 5, W: 7, C: 32 + w, OC: 64 + w},
				{N: 1, H: 8, W: 8, C: 32, OC: 64},
				{N: 13, H: 4, W: 4, C: 2 * w, OC: w},
				{N: 3, H: 16, W: 16, C: w, OC: w},
				{N: 1, H: 32, W: 32, C: 64, OC: 3 * w},
				{N: 2, H: 3, W: longest, C: w, OC: 64},
				{N: 37, H: 1, W: 1, C: w, OC: w},
				{N: 7, H: 9, W: 1, C: w, OC: w},
				{N: 5, H: 1, W: 33, C: w, OC: w},
			} {
				g.KH, g.KW, g.Stride, g.Pad = 3, 3, 1, 1
				tile := c.haloWeightTiles(g)[0]
				for _, parts := range []int{1, 3, 11} {
					if parts != 3 || (i+j)%3 == 0 {
						c.checkHaloWeight(t, r, g, w*(j%2), 1+j%2, gpuPlan{tile, parts})
					}
				}
			}
		}
		if list := c.haloWeightTiles(Conv{N: 1, H: 3, W: longest + 1, KH: 3, KW: 3, Stride: 1, Pad: 1}); len(list) > 0 {
			t.Errorf("%v: rows of %d pixels do not fit into the ring", c, longest+1)
		}
	}
	for _, g := range []Conv{
		{N: 1, H: 8, W: 8, KH: 3, KW: 3, Stride: 2, Pad: 1}, {N: 1, H: 8, W: 8, KH: 3, KW: 3, Stride: 1, Pad: 0},
		{N: 1, H: 8, W: 8, KH: 1, KW: 3, Stride: 1, Pad: 1}, {N: 1, H: 8, W: 8, KH: 3, KW: 1, Stride: 1, Pad: 1},
	} {
		if list := formatF16.haloWeightTiles(g); len(list) > 0 {
			t.Errorf("a tile for %+v", g)
		}
	}
}

// TestConv2dHaloWeightOfResNets multiplies the layers of ResNets as a batch of 128
// has them multiplied, with few images and channels.
func TestConv2dHaloWeightOfResNets(t *testing.T) {
	taken := 0
	for i, g := range haloKinds() {
		for j, c := range mmaCases {
			plan := g.turnedWeightProduct().plan(c.weightTiles(g), true)
			if !plan.ring {
				continue
			}
			taken++
			if (i+j)%3 > 0 {
				continue
			}
			few := g
			few.N, few.C, few.OC = 1+i%2*(16/g.H), min(g.C, 32+c.width()), min(g.OC, 64)
			plan.parts = min(plan.parts, 1+i%3)
			for _, r := range c.rigs(t) {
				c.checkHaloWeight(t, r, few, 0, 1, plan)
			}
		}
	}
	if taken < 3*4 { // 64, 128, 256 and 512 channels
		t.Errorf("%d layers are multiplied by these kernels, want 12 or more", taken)
	}
}

// What is outside of an image takes no part, not even as a product with zero: a
// pixel that is no number reaches the taps that see it and no others.
func TestConv2dHaloWeightOfNaN(t *testing.T) {
	for _, c := range mmaCases {
		g := Conv{N: 2, H: 3, W: 5, C: c.width(), OC: c.width(), KH: 3, KW: 3, Stride: 1, Pad: 1}
		for _, r := range c.rigs(t) {
			for pixel, sees := range map[int]func(p, q int) bool{
				14: func(p, q int) bool { return p > 0 && q > 0 }, // the last of an image
				15: func(p, q int) bool { return p < 2 && q < 2 }, // the first of the next
			} {
				x, _ := c.upload(r, normals32(1, g.XLen()), 0)
				dy, _ := c.upload(r, normals32(2, g.YLen()), 0)
				Fill(bytesOf(x.Slice(pixel*g.C, (pixel+1)*g.C)), 255)
				dw := r.floats(constant(g.WLen(), 0)...)
				runConv2dBackwardWeightAdd(dw, dy, x, g, g.turnedWeightProduct(), c.kernel(gpuPlan{c.haloWeightTiles(g)[0], 1}))
				for i, v := range Floats(dw) {
					if p, q := i/g.C/3%3, i/g.C%3; math.IsNaN(v) != sees(p, q) {
						t.Errorf("%v: pixel %d is NaN and tap (%d, %d) is %v", c, pixel, p, q, v)
					}
				}
			}
		}
	}
}

// TestConv2dHaloWeightTraffic checks that two blocks share a multiprocessor of
// compute capability 8.0, that shared memory is read and written without bank
// conflicts, and that a block reads every sector of its pixels once, in x those of
// a row and one more on both sides.
func TestConv2dHaloWeightTraffic(t *testing.T) {
	for _, c := range mmaCases {
		for i, g := range []Conv{
			{N: 1, H: 32, W: 32, C: 32, OC: 64},
			{N: 2, H: 16, W: 16, C: 64, OC: 64},
			{N: 8, H: 8, W: 8, C: 32, OC: 128},
			{N: 32, H: 4, W: 4, C: 32, OC: 64},
			{N: 32, H: 4, W: 7, C: 32, OC: 64},
		} {
			g.KH, g.KW, g.Stride, g.Pad = 3, 3, 1, 1
			plan, p := c.kernel(gpuPlan{c.haloWeightTiles(g)[0], 1 + i%4}), g.turnedWeightProduct()
			if 2*(plan.shared+2<<10) > 164<<10 {
				t.Errorf("%v: two blocks with %d bytes each", c, plan.shared)
			}
			pixels := 0 // of x
			for part := range plan.parts {
				first := part * plan.length(p)
				pixels += min(first+plan.length(p)+g.W+1, p.span) - max(first-g.W-1, 0)
			}
			reads := (tiles(g.C, 32)*g.OC*p.span + tiles(g.OC, 64)*g.C*pixels) * c.size

			sim := ptxsim.New(ptxsim.Config{})
			r := rig{t, OpenDriver(sim, c.compute)}
			x, _ := c.upload(r, normals32(1, g.XLen()), 0)
			dy, _ := c.upload(r, normals32(2, g.YLen()), 0)
			runConv2dBackwardWeightAdd(r.junk(g.WLen()), dy, x, g, p, plan)
			want := uint64(reads+p.m*p.n*4)/32 + plan.sectorsOfParts(p)
			if got := sim.Counters("conv2d_backward_weight_" + plan.name); got.BankConflicts+got.CopyConflicts != 0 || got.Sectors != want {
				t.Errorf("%s: %+v: want no bank conflicts and %d sectors: %+v", plan.name, g, want, got)
			}
			if plan.parts > 1 {
				reads += 8 * plan.parts * p.m * p.n
			}
			if got := plan.fetched(p, g, c.size); got != int64(reads) {
				t.Errorf("%s: %+v: %d bytes are counted on, and %d fetched", plan.name, g, got, reads)
			}
			r.dev.Close()
		}
	}
}
