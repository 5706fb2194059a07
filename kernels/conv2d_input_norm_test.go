package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// An inputNormCase is the gradient of the input of a convolution in a format, with
// the batch normalisation that gave it.
type inputNormCase struct {
	mmaCase
	r rig
	g Conv
	n BatchNorm

	dy, w, more, y, x, gamma, beta, mean, variance Buffer
	dz, means, dgamma, dbeta                       Buffer
}

// inputNormCases are the formats, on devices whose activations are of them.
func inputNormCases() []mmaCase {
	cases := slices.Clone(mmaCases)
	for i := range cases {
		cases[i].compute = []Compute{ComputeTF32, ComputeFloat16, ComputeBFloat16}[i]
	}
	return cases
}

// normTiles are the tiles that normalise, those with a halo first.
func (c mmaCase) normTiles() []gpuTile {
	all := append(c.haloTiles(halo(1, 8, 8, 1, 1), 0), c.tiles()...)
	return slices.DeleteFunc(all, func(t gpuTile) bool { return !t.normalises() })
}

// newInputNormCase has results of which half are 0, all operands that a
// normalisation wrote shift elements behind an allocation's start, and, if added is
// set, one with an addend, whose mask is in y alone.
func newInputNormCase(r rig, m mmaCase, g Conv, shift int, relu, more, added bool) *inputNormCase {
	c := &inputNormCase{mmaCase: m, r: r, g: g, n: BatchNorm{Rows: g.N * g.H * g.W, C: g.C, Eps: 1e-3, ReLU: relu}}
	c.dy, _ = m.upload(r, normals32(1, g.YLen()), 0)
	c.w, _ = m.upload(r, normals32(2, g.WLen()), 0)
	c.x, _ = m.upload(r, normals32(3, g.XLen()), shift)
	c.gamma, c.beta, c.mean = r.floats(normals(4, g.C)...), r.floats(normals(5, g.C)...), r.floats(normals(6, g.C)...)
	variance := normals(7, g.C)
	for i, v := range variance {
		variance[i] = 1 + v*v
	}
	c.variance = r.floats(variance...)
	var add Buffer
	if added {
		add, _ = m.upload(r, normals32(8, g.XLen()), shift)
	}
	if more {
		c.more, _ = m.upload(r, normals32(9, g.XLen()), shift)
	}
	c.y = m.junk(r, m.dtype, g.XLen(), shift)
	BatchNormApply(c.y, c.x, add, c.gamma, c.beta, c.mean, c.variance, c.n)
	if added {
		c.beta = Buffer{}
	}
	c.dz, c.means = m.junk(r, m.dtype, g.XLen(), shift), r.dev.Alloc(Float64, 2*g.C)
	c.dgamma, c.dbeta = r.floats(normals(10, g.C)...), r.floats(normals(11, g.C)...)
	return c
}

func (c *inputNormCase) run(t gpuTile) {
	inputEnd{
		means: c.means, dgamma: c.dgamma, dbeta: c.dbeta, more: c.more, y: c.y, x: c.x,
		gamma: c.gamma, beta: c.beta, mean: c.mean, variance: c.variance, norm: c.n,
	}.run(c.dz, c.dy, c.w, c.g, c.kernel(gpuPlan{t, 1}))
}

// holdDz compares dz with the reference in float64, element by element. Without
// another part, and in float32, it is what the kernel stores without a
// normalisation, and that part added, where the ReLU lets through.
func (c *inputNormCase) holdDz(t *testing.T, name string, tile gpuTile, more []float64) {
	t.Helper()
	ref := openRig(t, Config{Name: "ref", Precision: Float64})
	rounded := func(b Buffer) Buffer {
		x := c.download(b)
		for i, v := range x {
			x[i] = c.round(v)
		}
		return ref.floats(x...)
	}
	want := ref.dev.Alloc(Float64, c.g.XLen())
	Conv2dBackwardInput(want, rounded(c.dy), rounded(c.w), c.g)
	plain := c.junk(c.r, c.dtype, c.g.XLen(), 0)
	runConv2dBackwardInput(plain, c.dy, c.w, c.g, c.kernel(gpuPlan{tile, 1}))
	y, wide, exact := c.download(c.y), Floats(want), c.download(plain)
	for i := range wide {
		if more != nil {
			wide[i] += more[i]
			exact[i] = float64(float32(exact[i]) + float32(more[i]))
		}
		if c.n.ReLU && y[i] <= 0 {
			wide[i], exact[i] = 0, 0
		}
	}
	dz, rtol := c.download(c.dz), math.Ldexp(1, -c.precision)
	if c.dtype == Float32 {
		rtol = 1e-6
	}
	if err := kerneltest.Compare(dz, wide, 2*c.r.tolerance(c.g.KH*c.g.KW*c.g.OC), rtol); err != nil {
		t.Errorf("%s: dz: %v", name, err)
	}
	if at := firstDifference(dz, exact); at >= 0 && (more == nil || c.dtype == Float32) {
		t.Errorf("%s: dz: element %d is %v, want %v as without a normalisation", name, at, dz[at], exact[at])
	}
}

// holdSums compares the sums with those of what was stored, in float64. Up to 64
// rows are added in float32, which errs by 64 half units of the last place of the
// sum of all magnitudes at most.
func (c *inputNormCase) holdSums(t *testing.T, name string) {
	t.Helper()
	dz, x, mean, variance := c.download(c.dz), c.download(c.x), Floats(c.mean), Floats(c.variance)
	means, start := Floats(c.means), [2][]float64{normals(11, c.g.C), normals(10, c.g.C)}
	for i, grad := range []Buffer{c.dbeta, c.dgamma} {
		got := Floats(grad)
		for channel := range c.g.C {
			sum, magnitudes, r := 0.0, 0.0, float64(invStd(float32(variance[channel]), c.n.Eps))
			for at := channel; at < len(dz); at += c.g.C {
				v := dz[at]
				if i == 1 {
					v *= (x[at] - mean[channel]) * r
				}
				sum += v
				magnitudes += math.Abs(v)
			}
			allowed := 64*math.Ldexp(1, -24)*magnitudes + 1e-6*math.Abs(start[i][channel])
			if err := kerneltest.Compare([]float64{got[channel] - start[i][channel], means[i*c.g.C+channel] * float64(c.n.Rows)}, []float64{sum, sum}, allowed, 1e-6); err != nil {
				t.Errorf("%s: %s of channel %d: %v", name, [2]string{"dbeta", "dgamma"}[i], channel, err)
				return
			}
		}
	}
}

// inputNormShapes end in the middle of a tile both ways, have a second tile both
// ways, and more tiles of pixels than are added at once. With a stride there are
// pixels that no window has, and the tiles of several phases.
func inputNormShapes(t gpuTile, m mmaCase) []Conv {
	if !t.halo {
		w := m.width()
		return []Conv{
			{N: 3, H: 7, W: 5, C: 3 * w, OC: w, KH: 5, KW: 3, Stride: 2, Pad: 2},
			{N: 1, H: t.m / 4, W: 9, C: t.n + w, OC: w, KH: 1, KW: 1, Stride: 2},
			points(34*t.m, w, w),
		}
	}
	return []Conv{
		halo(3, 3, 8, 3*m.width(), t.k),
		halo(2, t.m/24, 24, t.n+m.width(), t.k),
		halo(34*t.m/16, 2, 8, m.width(), t.k),
	}
}

// The gradient of an input is normalised as it is stored.
func TestConv2dBackwardInputNorm(t *testing.T) {
	for i, m := range inputNormCases() {
		for _, r := range m.rigs(t) {
			for j, tile := range m.normTiles() {
				for k, g := range inputNormShapes(tile, m) {
					if k == 2 && j%4 != 2-i { // they are large
						continue
					}
					for option := range 6 {
						relu, more, added := option < 4, option%2 > 0, option/2 == 1
						if k > 0 && (i+j+option)%3 > 0 {
							continue
						}
						name := fmt.Sprintf("%s: %v %s: %+v, option %d", r.dev.Name(), m, tile.name, g, option)
						c := newInputNormCase(r, m, g, (k+option)%3*m.width(), relu, more, added)
						var part []float64
						if more {
							part = c.download(c.more)
							if k == 1 {
								c.dz = c.more
							}
						}
						c.run(tile)
						c.holdDz(t, name, tile, part)
						c.holdSums(t, name)
					}
				}
			}
		}
	}
}

// A gradient that is not finite stays so, in its channel.
func TestConv2dBackwardInputNormOfNaN(t *testing.T) {
	for _, m := range inputNormCases()[:2] {
		for _, r := range m.rigs(t) {
			tile := m.normTiles()[2]
			c := newInputNormCase(r, m, halo(1, 2, 8, m.width(), tile.k), 0, true, true, false)
			more, y := c.download(c.more), c.download(c.y)
			at := 0
			for y[at] <= 0 {
				at++
			}
			more[at] = math.NaN()
			UploadFloats(c.more, more)
			c.run(tile)
			dz, sums := c.download(c.dz), Floats(c.dgamma)
			for i := range dz {
				if math.IsNaN(dz[i]) != (i == at) {
					t.Errorf("%v: dz[%d] is %v, with a NaN at %d", m, i, dz[i], at)
				}
			}
			for i := range sums {
				if math.IsNaN(sums[i]) != (i == at%c.g.C) {
					t.Errorf("%v: dgamma[%d] is %v, with a NaN at %d", m, i, sums[i], at)
				}
			}
		}
	}
}

// Whichever block comes last, the sums are the same.
func TestAnyBlockOfAnInputsGradientMayComeLast(t *testing.T) {
	m := mmaCases[0]
	tile := m.normTiles()[2]
	for _, g := range inputNormShapes(tile, m)[1:] {
		anyBlockMayComeLast(t, g, func(r rig) []Buffer {
			c := newInputNormCase(r, m, g, 0, true, true, true)
			c.run(tile)
			return []Buffer{c.dgamma, c.dbeta, c.means}
		})
	}
}

// Where the device can do all at once the results are those of one operation after
// the other; else it says so.
func TestConv2dBackwardInputNormAndBatchNormBackward(t *testing.T) {
	for _, g := range []Conv{
		halo(3, 8, 8, 16, 32),
		{N: 2, H: 8, W: 8, C: 16, OC: 32, KH: 3, KW: 3, Stride: 2, Pad: 1},
		halo(2, 5, 7, 3, 4),
	} {
		for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}, Config{Name: "ref", Compute: ComputeTF32}) {
			if config.Name != "cpu" && config.Name != "ref" {
				config.Compute = ComputeTF32
			}
			r := openRig(t, config)
			wants := config.Name == "ref" || config.Name != "cpu" && g.C > 3
			m := mmaCases[0]
			c := newInputNormCase(r, m, g, 0, true, false, true)
			c.more, c.dz = r.floats(normals(9, g.XLen())...), r.junk(g.XLen())
			d := newInputNormCase(r, m, g, 0, true, false, true)
			d.more, d.dz = r.floats(normals(9, g.XLen())...), r.junk(g.XLen())
			dx, want := r.junk(g.XLen()), r.junk(g.XLen())
			if can := g.NormsInput(c.dy, c.w); can != wants {
				t.Errorf("%s: %+v: can do all at once: %v, want %v", config.Name, g, can, wants)
			}
			if off := r.junk(g.XLen() + 1); r.dev.gpu != nil && g.NormsInput(c.dy, c.w, off.Slice(1, off.n)) {
				t.Errorf("%s: %+v: can do with what cannot be read 16 bytes at a time", config.Name, g)
			}
			run := func() {
				Conv2dBackwardInputNorm(c.dz, c.means, c.dgamma, c.dbeta, c.dy, c.w, c.more, c.y, c.x, c.gamma, Buffer{}, c.mean, c.variance, g, c.n)
			}
			if !wants {
				mustPanic(t, "cannot do that", run)
				continue
			}
			run()
			BatchNormBackwardMeans(dx, c.dz, c.x, c.gamma, c.mean, c.variance, c.means, c.n)
			Conv2dBackwardInput(d.dz, d.dy, d.w, g)
			BatchNormBackward(want, d.dgamma, d.dbeta, d.dz, d.more, d.y, d.x, d.gamma, Buffer{}, d.mean, d.variance, d.n)
			for i, b := range []Buffer{dx, c.dz, c.dgamma, c.dbeta} {
				if err := kerneltest.Compare(Floats(b), Floats([]Buffer{want, d.dz, d.dgamma, d.dbeta}[i]), 2e-5, 1e-5); err != nil {
					t.Errorf("%s: %+v: result %d: %v", config.Name, g, i, err)
				}
			}
		}
	}
	d := openRig(t, Config{Name: "ref"}).dev
	mustPanic(t, "a normalisation of another shape", func() {
		Conv2dBackwardInputNorm(d.Alloc(Float32, 1), Buffer{}, Buffer{}, Buffer{}, d.Alloc(Float32, 1), d.Alloc(Float32, 1), Buffer{}, Buffer{}, Buffer{}, Buffer{}, Buffer{}, Buffer{}, Buffer{},
			points(1, 1, 1), BatchNorm{Rows: 2, C: 1})
	})
}

// A block reads every sector of what a normalisation wrote once, and shared memory
// without bank conflicts but for the sums at its end.
func TestConv2dBackwardInputNormTraffic(t *testing.T) {
	for _, m := range inputNormCases() {
		for _, tile := range m.normTiles() {
			sim := ptxsim.New(ptxsim.Config{})
			r := rig{t, OpenDriver(sim, m.compute)}
			g := halo(2, 16, 16, 64, tile.k)
			if !tile.halo {
				g.KH, g.KW, g.Pad = 1, 1, 0
			}
			name := "conv2d_backward_input_" + m.name + "_" + tile.name
			count := func(run func()) ptxsim.Counters {
				before := sim.Counters(name)
				run()
				after := sim.Counters(name)
				after.Sectors -= before.Sectors
				return after
			}
			c := newInputNormCase(r, m, g, 0, true, true, true)
			plain := count(func() { runConv2dBackwardInput(c.dz, c.dy, c.w, g, m.kernel(gpuPlan{tile, 1})) })
			got := count(func() { c.run(tile) })
			blocks, warps := uint64(tiles(g.N*g.H*g.W, tile.m)), uint64(tile.threads/32)
			ideal := uint64(3*g.XLen()*m.size) / 32
			few := blocks*uint64(4*g.C/8+2*g.C) + uint64(32*2*g.C/4) + 256 // numbers of channels and sums of a block, one by one, and of the last block
			if more := got.Sectors - plain.Sectors; more < ideal || more > ideal+few {
				t.Errorf("%s: %d sectors more, want %d and at most %d more", name, more, ideal, few)
			}
			sums := blocks * warps * 40 // stores of float64, of which a thread has sixteen
			if m.size == 4 {
				sums = 0
			}
			if got.BankConflicts > sums || got.CopyConflicts != 0 {
				t.Errorf("%s: %d bank conflicts, at most %d are of the sums; %d of copies", name, got.BankConflicts, sums, got.CopyConflicts)
			}
			r.dev.Close()
		}
	}
}
