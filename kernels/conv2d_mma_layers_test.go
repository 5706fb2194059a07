package kernels

import (
	"fmt"
	"strings"
	"testing"

	"lbsam/kernels/ptxsim"
)

// resNetConvs are the convolutions and linear layers of ResNet-18, 20, 34 and
// 50 on 32 x 32 images, each kind once, in batches of 128.
func resNetConvs() []Conv {
	var all []Conv
	add := func(size, c, oc, window, stride int) {
		all = append(all, Conv{N: 128, H: size, W: size, C: c, OC: oc, KH: window, KW: window, Stride: stride, Pad: window / 2})
	}
	for _, width := range []int{16, 64} {
		add(32, 3, width, 3, 1)
		add(32, width, width, 3, 1)
		for size, c := 32, width; size > 4*64/max(width, 32) && c < 8*width; size, c = size/2, 2*c {
			add(size, c, 2*c, 3, 2)
			add(size, c, 2*c, 1, 2)
			add(size/2, 2*c, 2*c, 3, 1)
		}
	}
	add(32, 64, 64, 1, 1)
	for size, c := 32, 64; size >= 4; size, c = size/2, 2*c { // the blocks of ResNet-50
		add(size, c, 4*c, 1, 1)
		add(size, 4*c, c, 1, 1)
		if c < 512 {
			add(size, 4*c, 2*c, 1, 1)
			add(size, 2*c, 2*c, 3, 2)
			add(size, 4*c, 8*c, 1, 2)
		}
	}
	for _, c := range []int{64, 512, 2048} {
		all = append(all, Conv{N: 128, H: 1, W: 1, C: c, OC: 10, KH: 1, KW: 1, Stride: 1})
	}
	return all
}

// TestConv2dMMAOfResNets multiplies the layers of ResNets, with fewer and
// smaller images. Formats take turns, and every fourth layer takes the kernels
// that a whole batch chooses.
func TestConv2dMMAOfResNets(t *testing.T) {
	for turn, c := range mmaCases {
		rigs := c.rigs(t)
		for i, g := range resNetConvs() {
			if i%len(mmaCases) != turn {
				continue
			}
			plans := mmaPlans{g.forwardProduct().plan(c.tiles(), false), g.inputProduct().plan(c.tiles(), false), g.turnedWeightProduct().plan(c.tiles(), true)}
			plans.weight.parts = 1 + i%3
			whole := &plans
			if i%4 > 0 || g.C%c.width() > 0 || g.OC%c.width() > 0 {
				whole = nil
			}
			g.N, g.H, g.W = 1+i%2, min(g.H, 4), min(g.W, 3)
			for _, r := range rigs {
				c.check(t, r, g, 0, 1, whole)
			}
		}
	}
}

// TestConv2dMMAPlans states the choice for the convolutions of a ResNet-34 on 32
// x 32 images in batches of 128, as TestConv2dPlans does. It is the same in all
// formats, and nearly every multiprocessor has a block.
func TestConv2dMMAPlans(t *testing.T) {
	for _, c := range []struct {
		size, c, oc, window, stride int
		plans                       string
	}{
		{32, 64, 64, 3, 1, "halo_256x64 512, halo_256x64 512, halo_64x288 132"},
		{32, 64, 128, 3, 2, "256x128 128, 256x64 512, 128x128 130"},
		{32, 64, 128, 1, 2, "256x128 128, 256x64 512, 64x64 128"},
		{16, 128, 128, 3, 1, "halo_256x128 128, halo_256x128 128, halo_64x288 128"},
		{16, 128, 256, 3, 2, "128x128 128, 256x128 128, 128x128 126"},
		{16, 128, 256, 1, 2, "128x128 128, 256x128 128, 64x64 128"},
		{8, 256, 256, 3, 1, "halo_256x64 128, halo_256x64 128, halo_64x288 128"},
		{8, 256, 512, 3, 2, "128x64 128, 128x128 128, 128x128 216"},
		{8, 256, 512, 1, 2, "128x64 128, 128x128 128, 64x64 128"},
		{4, 512, 512, 3, 1, "halo_128x64 128, halo_128x64 128, halo_64x288 128"},
	} {
		g := Conv{N: 128, H: c.size, W: c.size, C: c.c, OC: c.oc, KH: c.window, KW: c.window, Stride: c.stride, Pad: c.window / 2}
		for _, f := range mmaCases {
			plans := f.plansOf(g)
			var names []string
			for i, p := range []product{g.forwardProduct(), g.inputProduct(), g.turnedWeightProduct()} {
				plan := [...]gpuPlan{plans.forward, plans.input, plans.weight}[i]
				names = append(names, fmt.Sprintf("%s %d", plan.name, plan.blocks(p)))
				if plan.blocks(p) < 8*gpuProcessors/10 {
					t.Errorf("%+v: product %d has %d blocks, want about %d or more", g, i, plan.blocks(p), gpuProcessors)
				}
			}
			if got := strings.Join(names, ", "); got != c.plans {
				t.Errorf("%s: %+v: %s, want %s", f.name, g, got, c.plans)
			}
		}
	}
}

// TestConv2dMMATraffic checks on shapes without edges that the kernels read and
// write shared memory without bank conflicts, and that they read every sector
// of what they need once per tile, and write every sector once.
func TestConv2dMMATraffic(t *testing.T) {
	g := Conv{N: 4, H: 8, W: 8, C: 128, OC: 128, KH: 1, KW: 1, Stride: 1, Pad: 0}
	for _, c := range mmaCases {
		sim := ptxsim.New(ptxsim.Config{})
		r := rig{t, OpenDriver(sim, ComputeFloat32)}
		defer r.dev.Close()
		for _, tile := range c.tiles() {
			x, _ := c.upload(r, normals32(1, g.XLen()), 0)
			w, _ := c.upload(r, normals32(2, g.WLen()), 0)
			dy, _ := c.upload(r, normals32(3, g.YLen()), 0)
			y, dw := c.junk(r, c.dtype, g.YLen(), 0), r.junk(g.WLen())
			plan := c.kernel(gpuPlan{tile, 1})
			half := c.kernel(gpuPlan{tile, 2})
			runConv2d(y, x, w, Buffer{}, g, plan)
			runConv2dBackwardInput(y, dy, w, g, plan)
			runConv2dBackwardWeightAdd(dw, dy, x, g, g.turnedWeightProduct(), half)
			for name, p := range map[string]product{
				"conv2d_" + plan.name:                 g.forwardProduct(),
				"conv2d_backward_input_" + plan.name:  g.inputProduct(),
				"conv2d_backward_weight_" + half.name: g.turnedWeightProduct(),
			} {
				reads := tiles(p.m, tile.m) * tiles(p.n, tile.n) * (min(tile.m, p.m) + tile.n) * p.span * c.size
				want := uint64(reads+p.m*p.n*c.dtype.Size()) / 32
				if strings.Contains(name, "weight") {
					want = uint64(reads+p.m*p.n*4)/32 + half.sectorsOfParts(p)
				} else if got := plan.fetched(p, g, c.size); got != int64(reads) {
					t.Errorf("%s: %d bytes are counted on, and %d fetched", name, got, reads)
				}
				if got := sim.Counters(name); got.BankConflicts+got.CopyConflicts != 0 || got.Sectors != want {
					t.Errorf("%s: want no bank conflicts and %d sectors: %+v", name, want, got)
				}
			}
		}
	}
}
