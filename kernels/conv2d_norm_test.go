package kernels

import (
	"fmt"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// A normCase is a convolution in a format with a batch normalisation behind it.
type normCase struct {
	mmaCase
	g Conv
	n BatchNorm

	x, w, b, add, gamma, beta Buffer
	mean, variance            Buffer
	moved                     BatchNormRunning
}

// newNormCase has means that are large beside the deviations.
func newNormCase(r rig, m mmaCase, g Conv) *normCase {
	c := &normCase{mmaCase: m, g: g, n: BatchNorm{Rows: g.N * g.OH() * g.OW(), C: g.OC, Eps: 1e-5, ReLU: true}}
	c.x, _ = m.upload(r, normals32(1, g.XLen()), 0)
	c.w, _ = m.upload(r, normals32(2, g.WLen()), 0)
	c.add, _ = m.upload(r, normals32(3, g.YLen()), 0)
	bias := normals(4, g.OC)
	for i := range bias {
		bias[i] *= 30
	}
	c.b, c.gamma, c.beta = r.floats(bias...), r.floats(normals(5, g.OC)...), r.floats(normals(6, g.OC)...)
	c.mean, c.variance = r.junk(g.OC), r.junk(g.OC)
	c.moved = BatchNormRunning{r.floats(normals(7, g.OC)...), r.floats(constant(g.OC, 1.7)...), r.ints(4), 0.1, 2}
	return c
}

func (c *normCase) end() convEnd {
	return convEnd{mean: c.mean, variance: c.variance, moved: c.moved, norm: c.n, statistics: true}
}

// normShapes have one slice of rows for a tile and up to 33, channels that do
// not fill a tile, and two tiles of them.
func normShapes(t gpuTile, width int) []Conv {
	return []Conv{
		{N: 1, H: 3, W: 3, C: width, OC: 11, KH: 1, KW: 1, Stride: 1},
		{N: 3, H: 7, W: t.m / 8, C: width, OC: 2 * width, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 1, H: 2, W: t.m/2 + 1, C: width, OC: t.n + width, KH: 1, KW: 1, Stride: 1},
		{N: 33, H: 8, W: t.m / 8, C: width, OC: width, KH: 1, KW: 1, Stride: 1},
	}
}

// The statistics that a convolution leaves are those of what it stores, which is
// what it stores without.
func TestConv2dStatistics(t *testing.T) {
	for i, m := range mmaCases {
		for _, r := range m.rigs(t) {
			for j, tile := range m.tiles() {
				for k, g := range normShapes(tile, m.width()) {
					if k == 3 && j != 4-i || k == 1 && (i+j)%2 > 0 {
						continue
					}
					c := newNormCase(r, m, g)
					plan := m.kernel(gpuPlan{tile, 1})
					z, plain := m.junk(r, m.dtype, g.YLen(), 0), m.junk(r, m.dtype, g.YLen(), 0)
					runConv2d(plain, c.x, c.w, c.b, g, plan)
					c.end().run(z, c.x, c.w, c.b, g, plan)
					name := fmt.Sprintf("%s: %v, %s: %+v", r.dev.Name(), m, tile.name, g)
					if at := firstDifference(m.download(z), m.download(plain)); at >= 0 {
						t.Errorf("%s: element %d is not what it is without statistics", name, at)
					}
					c.holdStatistics(t, name, m.download(z))
				}
			}
		}
	}
}

// holdStatistics compares the statistics with those of z in float64. A mean is
// rounded once. A variance adds up float32 sums of squares, of up to 64 rows each,
// around a row of them: where the variance of all is small beside their own
// scatter it is as exact as they are.
func (c *normCase) holdStatistics(t *testing.T, name string, z []float64) {
	t.Helper()
	mean, variance := make([]float64, c.n.C), make([]float64, c.n.C)
	batchNormStatisticsRef(mean, variance, z, c.n)
	movedMean, movedVar := make([]float64, c.n.C), constant(c.n.C, 1.7)
	copy(movedMean, normals(7, c.n.C))
	batchNormUpdateRef(movedMean, movedVar, mean, variance, 0.1, 2, c.n)
	for i, want := range [][]float64{mean, variance, movedMean, movedVar} {
		got := Floats([]Buffer{c.mean, c.variance, c.moved.Mean, c.moved.Var}[i])
		if err := kerneltest.Compare(got, want, 1e-6, 1e-6); err != nil {
			t.Errorf("%s: %s: %v", name, [...]string{"mean", "variance", "running mean", "running variance"}[i], err)
		}
	}
	if got := results([]Buffer{c.moved.Count})[0][0]; got != 6 {
		t.Errorf("%s: the count is %v, want 4 + 2", name, got)
	}
}

// A mean of ten thousand deviations leaves the variance as exact as the mean's own
// rounding: 1e-16 of its square.
func TestConv2dStatisticsAroundALargeMean(t *testing.T) {
	m := mmaCases[0]
	for _, r := range m.rigs(t) {
		g := Conv{N: 2, H: 16, W: 16, C: 4, OC: 8, KH: 1, KW: 1, Stride: 1}
		c := newNormCase(r, m, g)
		Fill(c.b, 2e4)
		z := m.junk(r, m.dtype, g.YLen(), 0)
		c.end().run(z, c.x, c.w, c.b, g, m.kernel(gpuPlan{m.tiles()[4], 1}))
		mean, variance := make([]float64, c.n.C), make([]float64, c.n.C)
		batchNormStatisticsRef(mean, variance, m.download(z), c.n)
		if err := kerneltest.Compare(Floats(c.variance), variance, 0, 1e-6); err != nil {
			t.Errorf("%s: %v", r.dev.Name(), err)
		}
	}
}

// Whichever block comes last, the statistics are the same.
func TestAnyBlockOfAConvolutionMayComeLast(t *testing.T) {
	m := mmaCases[0]
	tile := m.tiles()[4]
	for _, g := range normShapes(tile, 4)[2:] {
		anyBlockMayComeLast(t, g, func(r rig) []Buffer {
			c := newNormCase(r, m, g)
			c.end().run(m.junk(r, m.dtype, g.YLen(), 0), c.x, c.w, c.b, g, m.kernel(gpuPlan{tile, 1}))
			return []Buffer{c.mean, c.variance, c.moved.Mean, c.moved.Var}
		})
	}
}

// anyBlockMayComeLast compares what run leaves where blocks come in one order and in
// the other, and looks at the tickets.
func anyBlockMayComeLast(t *testing.T, g Conv, run func(r rig) []Buffer) {
	t.Helper()
	var want [][]float64
	for _, config := range []ptxsim.Config{{Workers: 1}, {Workers: 2, Backwards: true}} {
		r := rig{t, OpenDriver(ptxsim.New(config), ComputeTF32)}
		got := results(run(r))
		for i, v := range results([]Buffer{r.dev.tickets(99)})[0] {
			if v != 0 {
				t.Errorf("ticket %d is left at %v", i, v)
			}
		}
		r.dev.Close()
		if want == nil {
			want = got
		}
		for i := range want {
			if at := firstDifference(got[i], want[i]); at >= 0 {
				t.Errorf("%+v: %+v: result %d element %d is %v, want %v", g, config, i, at, got[i][at], want[i][at])
			}
		}
	}
}

// A convolution that normalises gives in float32, to the last bit, what the
// convolution and the normalisation give one after the other. In 16 bits it
// rounds once, where they round twice: there it is held against float32.
func TestConv2dNormalises(t *testing.T) {
	for _, m := range mmaCases {
		for _, r := range m.rigs(t) {
			for _, tile := range m.tiles() {
				for k, g := range normShapes(tile, m.width())[:3] {
					c := newNormCase(r, m, g)
					add := c.add
					if k == 1 {
						add = Buffer{}
					}
					c.n.ReLU = k != 2
					UploadFloats(c.mean, normals(8, g.OC))
					UploadFloats(c.variance, constant(g.OC, 40))
					plan := m.kernel(gpuPlan{tile, 1})
					y, z, want := m.junk(r, m.dtype, g.YLen(), 0), r.junk(g.YLen()), r.junk(g.YLen())
					convEnd{add: add, gamma: c.gamma, beta: c.beta, mean: c.mean, variance: c.variance, norm: c.n}.run(y, c.x, c.w, c.b, g, plan)
					rtol, atol := 0.0, 0.0
					if m.size == 2 {
						Conv2d(z, r.floats(m.download(c.x)...), r.floats(m.download(c.w)...), c.b, g)
						rtol = math.Ldexp(1, -m.precision)
						atol = math.Ldexp(rtol, m.least) + kerneltest.SumTolerance(g.KH*g.KW*g.C) // gamma/√40 is less than 1
					} else {
						runConv2d(z, c.x, c.w, c.b, g, plan)
					}
					wide := Buffer{}
					if !add.IsNil() {
						wide = r.floats(m.download(add)...)
					}
					BatchNormApply(want, z, wide, c.gamma, c.beta, c.mean, c.variance, c.n)
					if err := kerneltest.Compare(m.download(y), Floats(want), atol, rtol); err != nil {
						t.Errorf("%s: %v, %s: %+v: %v", r.dev.Name(), m, tile.name, g, err)
					}
				}
			}
		}
	}
}

// The exported functions agree everywhere with what they are made of, whether
// tensor cores take the convolution or not.
func TestConv2dBatchNorm(t *testing.T) {
	for _, g := range []Conv{
		{N: 2, H: 5, W: 6, C: 8, OC: 16, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 3, H: 4, W: 4, C: 3, OC: 8, KH: 3, KW: 3, Stride: 1, Pad: 1},
	} {
		n := BatchNorm{Rows: g.N * g.OH() * g.OW(), C: g.OC, Eps: 1e-5, ReLU: true}
		op := func(r rig) []Buffer {
			x, w, b, add := r.floats(normals(1, g.XLen())...), r.floats(normals(2, g.WLen())...), r.floats(normals(3, g.OC)...), r.floats(normals(4, g.YLen())...)
			gamma, beta, mean, variance := r.floats(normals(5, g.OC)...), r.floats(normals(6, g.OC)...), r.junk(g.OC), r.junk(g.OC)
			moved := BatchNormRunning{r.floats(normals(7, g.OC)...), r.floats(constant(g.OC, 1.7)...), r.ints(4), 0.1, 2}
			y, z, again := r.junk(g.YLen()), r.junk(g.YLen()), r.junk(g.YLen())
			Conv2dBatchNormTrain(y, z, mean, variance, x, w, b, add, gamma, beta, moved, g, n)
			Conv2dBatchNorm(again, x, w, b, add, gamma, beta, mean, variance, g, n)
			return []Buffer{y, z, mean, variance, again, moved.Mean, moved.Var, moved.Count}
		}
		agreeEverywhere(t, fmt.Sprint(g), 1e-4, 1e-5, op)
		want := results(op(openRig(t, Config{Name: "cpu", Compute: ComputeTF32})))
		for _, config := range ptxAnd() {
			config.Compute = ComputeTF32
			for i, got := range results(op(openRig(t, config))) {
				if err := kerneltest.Compare(got, want[i], 1e-4, 1e-5); err != nil {
					t.Errorf("%s: %+v: result %d: %v", config.Name, g, i, err)
				}
			}
		}
	}
	d := openRig(t, Config{Name: "cpu"}).dev
	mustPanic(t, "a normalisation of another shape", func() {
		Conv2dBatchNorm(Buffer{}, Buffer{}, d.Alloc(Float32, 1), Buffer{}, Buffer{}, Buffer{}, Buffer{}, Buffer{}, Buffer{}, Conv{N: 1, H: 1, W: 1, C: 1, OC: 1, KH: 1, KW: 1, Stride: 1}, BatchNorm{Rows: 2, C: 1})
	})
}

// On cpu a convolution leaves the bits that a pass over its result gives, with any
// number of threads: of shapes that are divided along rows and along channels, or
// whose tasks and those of the normalisation overlap.
func TestConv2dStatisticsOnCPU(t *testing.T) {
	for _, g := range []Conv{
		{N: 1, H: 3, W: 3, C: 3, OC: 5, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 5, H: 19, W: 17, C: 3, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 3, H: 33, W: 31, C: 16, OC: 70, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 3, H: 32, W: 32, C: 16, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 5, H: 8, W: 7, C: 80, OC: 144, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 9, H: 16, W: 16, C: 32, OC: 200, KH: 1, KW: 1, Stride: 2},
		{N: 2, H: 12, W: 12, C: 32, OC: 264, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 17, H: 4, W: 4, C: 32, OC: 40, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 5, H: 15, W: 32, C: 80, OC: 144, KH: 3, KW: 3, Stride: 2, Pad: 1},
	} {
		var first []Buffer
		for _, threads := range []int{1, 2, 3, 7} {
			r := openRig(t, Config{Name: "cpu", Threads: threads})
			c := newNormCase(r, mmaCases[0], g) // float32 as it is
			z, y, plainZ, plainY := r.junk(g.YLen()), r.junk(g.YLen()), r.junk(g.YLen()), r.junk(g.YLen())
			Conv2dBatchNormTrain(y, z, c.mean, c.variance, c.x, c.w, c.b, c.add, c.gamma, c.beta, c.moved, g, c.n)
			got := []Buffer{z, y, c.mean, c.variance, c.moved.Mean, c.moved.Var, c.moved.Count}
			if first == nil {
				c = newNormCase(r, mmaCases[0], g) // float32 as it is
				Conv2d(plainZ, c.x, c.w, c.b, g)
				BatchNormTrain(plainY, c.mean, c.variance, plainZ, c.add, c.gamma, c.beta, c.moved, c.n)
				first = []Buffer{plainZ, plainY, c.mean, c.variance, c.moved.Mean, c.moved.Var, c.moved.Count}
			}
			for i, b := range results(got) {
				if at := firstDifference(b, results(first)[i]); at >= 0 {
					t.Errorf("%+v: %d threads: result %d element %d: %v, in two passes %v", g, threads, i, at, b[at], results(first)[i][at])
				}
			}
			for task := range r.dev.pool.following.left {
				if left := r.dev.pool.following.left[task].Load(); left != 0 {
					t.Errorf("%+v: %d threads: task %d was not told of %d elements", g, threads, task, left)
				}
			}
		}
	}
}
