package kernels

import (
	"math"
	"slices"
	"testing"

	"lbsam/kernels/ptxsim"
)

// haloKinds are the convolutions of ResNets on 32 x 32 images that tiles with a
// halo may take, each kind once, in batches of 128.
func haloKinds() (all []Conv) {
	for _, g := range resNetConvs() {
		if len(formatTF32.haloTiles(g, g.C)) > 0 && !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	return all
}

// checkHalo compares the forward pass and the gradient of the input.
func (c mmaCase) checkHalo(t *testing.T, r rig, g Conv, shift, times int, tile gpuTile) {
	t.Helper()
	c.check(t, r, g, shift, times, &mmaPlans{forward: gpuPlan{tile, 1}, input: gpuPlan{tile, 1}})
}

// TestConv2dHalo lets tiles begin and end in the middle of a row and of an image,
// have several images, less than one and more than all, fill up neither with
// pixels nor with channels, and go through both patches more than once.
func TestConv2dHalo(t *testing.T) {
	for i, c := range mmaCases {
		for _, r := range c.rigs(t) {
			k := c.tiles()[0].k
			for j, g := range []Conv{
				{N: 1, H: 13, W: 24, C: k, OC: 3 * k}, // 256 is 10 rows and 16 pixels
				{N: 3, H: 7, W: 16, C: 3 * k, OC: k},  // and 2 images and 2 rows
				{N: 5, H: 8, W: 8, C: 4 * k, OC: 2 * k},
				{N: 19, H: 4, W: 4, C: 2 * k, OC: 3 * k},
				{N: 1, H: 9, W: 32, C: k, OC: 5 * k},
				{N: 19, H: 2, W: 8, C: k, OC: 2 * k}, // no lower image has a patch that fits
				{N: 1, H: 3, W: 8, C: k, OC: k},
				{N: 2, H: 4, W: 64, C: k, OC: k},
			} {
				g.KH, g.KW, g.Stride, g.Pad = 3, 3, 1, 1
				tiles := c.haloTiles(g, g.C)
				if len(tiles) == 0 {
					t.Errorf("%v: no tile takes %+v", c, g)
				}
				for l, tile := range tiles {
					if (i+j+l)%3 == 0 || g.W == 4 {
						c.checkHalo(t, r, g, c.width()*(j%2), 1+j%2, tile)
					}
				}
			}
			// A product of few channels, and of no multiple of 16 bytes.
			for _, oc := range []int{3, c.tiles()[0].n + c.width()} {
				g := Conv{N: 1, H: 2, W: 8, C: k, OC: oc, KH: 3, KW: 3, Stride: 1, Pad: 1}
				c.check(t, r, g, 0, 1, nil)
			}
		}
	}
}

// TestConv2dHaloOfResNets multiplies the layers of ResNets with the best of these
// tiles for a batch of 128 and all channels of the sums, of few images with few
// channels of the result. Formats take turns.
func TestConv2dHaloOfResNets(t *testing.T) {
	kinds := haloKinds()
	if len(kinds) != 7 { // 16, 32 and 64 channels of ResNet-20; 64, 128, 256 and 512 of the others
		t.Errorf("%d kinds of layers, want 7: %+v", len(kinds), kinds)
	}
	for i, g := range kinds {
		cases := mmaCases
		if g.C < 32 {
			cases = cases[:1] // a slab of 16 bits has 32 channels
		}
		c := cases[i%len(cases)]
		tile := g.forwardProduct().plan(c.haloTiles(g, g.C), false).gpuTile
		for _, r := range c.rigs(t) {
			few := g
			few.N, few.H, few.OC = 1+i%2*(16/g.H), min(g.H, 9), c.tiles()[0].k
			if few.W == 4 {
				few.H = 4
			}
			c.checkHalo(t, r, few, 0, 1, tile)
			few.C, few.OC = few.OC, g.C
			c.checkHalo(t, r, few, 0, 1, tile)
		}
	}
}

// TestConv2dHaloShared sees to it that blocks of four warps share a multiprocessor
// of compute capability 8.0 by two: 164 KiB, of which each block costs one, and
// 1 to 4 KiB that the kernels declare themselves, see docs/kernels.md.
func TestConv2dHaloShared(t *testing.T) {
	for _, c := range mmaCases {
		list := c.haloTiles(Conv{N: 1, H: 8, W: 8, KH: 3, KW: 3, Stride: 1, Pad: 1}, 0)
		if len(list) != 4 {
			t.Errorf("%v: %d tiles, want 4", c, len(list))
		}
		for _, tile := range list {
			if blocks := 256 / tile.threads; blocks*(tile.shared+5<<10) > 164<<10 {
				t.Errorf("%v: %d blocks of %s with %d bytes each", c, blocks, tile.name, tile.shared)
			}
		}
	}
}

// windows are the pixels that windows of tiles of m pixels cover: the sum over
// all tiles.
func (g Conv) windows(m int) (sum int) {
	for m0 := 0; m0 < g.N*g.H*g.W; m0 += m {
		seen := map[int]bool{}
		for pixel := m0; pixel < min(m0+m, g.N*g.H*g.W); pixel++ {
			h, v := pixel/g.W%g.H, pixel%g.W
			for p := max(h-1, 0); p <= min(h+1, g.H-1); p++ {
				for q := max(v-1, 0); q <= min(v+1, g.W-1); q++ {
					seen[pixel+(p-h)*g.W+q-v] = true
				}
			}
		}
		sum += len(seen)
	}
	return sum
}

// TestConv2dHaloTraffic checks that shared memory is read and written without
// bank conflicts, and that a tile reads every sector of its patch and of its
// filters once and writes every sector once. The kernels for all windows read
// nine pixels for one of a patch, less what is outside of the images.
func TestConv2dHaloTraffic(t *testing.T) {
	for _, c := range mmaCases {
		k := c.tiles()[0].k
		for i, g := range []Conv{
			{N: 1, H: 32, W: 32, C: k, OC: k},
			{N: 2, H: 16, W: 16, C: 2 * k, OC: 2 * k},
			{N: 4, H: 8, W: 8, C: k, OC: k},
			{N: 16, H: 4, W: 4, C: k, OC: k},
			{N: 1, H: 32, W: 24, C: k, OC: k}, // begins in the middle of rows
		} {
			g.KH, g.KW, g.Stride, g.Pad = 3, 3, 1, 1
			for j, tile := range c.haloTiles(g, g.C) {
				if i > 0 && (i+j)%2 == 0 {
					continue
				}
				sim := ptxsim.New(ptxsim.Config{})
				r := rig{t, OpenDriver(sim, c.compute)}
				x, _ := c.upload(r, normals32(1, g.XLen()), 0)
				w, _ := c.upload(r, normals32(2, g.WLen()), 0)
				y := c.junk(r, c.dtype, g.YLen(), 0)
				plan := c.kernel(gpuPlan{tile, 1})
				runConv2d(y, x, w, Buffer{}, g, plan)
				runConv2dBackwardInput(y, x, w, g, plan) // which is as large
				p := g.forwardProduct()
				reads := (tiles(p.n, tile.n)*g.windows(tile.m)*g.C + tiles(p.m, tile.m)*g.WLen()) * c.size
				want := uint64(reads+g.YLen()*c.size) / 32
				for _, name := range []string{"conv2d_", "conv2d_backward_input_"} {
					if got := sim.Counters(name + plan.name); got.BankConflicts+got.CopyConflicts != 0 || got.Sectors != want {
						t.Errorf("%s%s: %+v: want no bank conflicts and %d sectors: %+v", name, plan.name, g, want, got)
					}
				}
				if got := plan.fetched(p, g, c.size); math.Abs(float64(got)/float64(reads)-1) > 0.01 { // rows may be divided
					t.Errorf("%s: %+v: %d bytes are counted on, and %d fetched", plan.name, g, got, reads)
				}
				r.dev.Close()
			}
		}
	}
}
