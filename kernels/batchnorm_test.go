package kernels

import (
	"fmt"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// A bnCase is the operands of one batch normalisation on a device.
type bnCase struct {
	g                                     BatchNorm
	x, add, gamma, beta                   Buffer
	mean, variance, y, dy, dx, dgam, dbet Buffer
	more                                  Buffer // another part of dy, absent unless a test wants it
	alone                                 bool   // no addend, and nobody wants dz
}

// newBNCase draws the operands. The gradients of gamma and beta start at 0.5,
// as they are added to.
func newBNCase(r rig, g BatchNorm, addend bool, offset, spread float64) bnCase {
	n := g.Rows * g.C
	x := normals(n, n)
	for i := range x {
		x[i] = offset + spread*x[i]
	}
	c := bnCase{
		g: g, x: r.floats(x...), gamma: r.floats(normals(2, g.C)...), beta: r.floats(normals(3, g.C)...),
		mean: r.junk(g.C), variance: r.junk(g.C), y: r.junk(n), dy: r.floats(normals(4, n)...), dx: r.junk(n),
		dgam: r.floats(constant(g.C, 0.5)...), dbet: r.floats(constant(g.C, 0.5)...),
	}
	if addend {
		c.add = r.floats(normals(5, n)...)
	}
	return c
}

func (c *bnCase) forward(train bool) {
	if train {
		BatchNormTrain(c.y, c.mean, c.variance, c.x, c.add, c.gamma, c.beta, BatchNormRunning{}, c.g)
		return
	}
	BatchNormApply(c.y, c.x, c.add, c.gamma, c.beta, c.mean, c.variance, c.g)
}

func (c *bnCase) backward(train bool) {
	if !train {
		BatchNormBackwardEval(c.dx, c.dgam, c.dbet, c.dy, c.more, c.y, c.x, c.gamma, c.mean, c.variance, c.g)
		return
	}
	var beta Buffer
	if c.alone {
		beta = c.beta
	}
	BatchNormBackward(c.dx, c.dgam, c.dbet, c.dy, c.more, c.y, c.x, c.gamma, beta, c.mean, c.variance, c.g)
}

// split makes dy the sum of two parts, the second of which becomes dx.
func (c *bnCase) split() {
	c.more = c.dx
	part := normals(8, c.dy.n)
	UploadFloats(c.more, part)
	rest := Floats(c.dy)
	for i := range rest {
		rest[i] -= part[i]
	}
	UploadFloats(c.dy, rest)
}

func TestBatchNormGradients(t *testing.T) {
	r := float64Rig(t)
	for _, size := range [][2]int{{1, 3}, {2, 1}, {3, 5}, {7, 3}, {17, 2}, {5, 9}} {
		for option := range 16 {
			train, relu, addend, parts := option&1 == 0, option&2 != 0, option&4 != 0, option&8 != 0
			name := fmt.Sprintf("[%d, %d] train=%v relu=%v addend=%v parts=%v", size[0], size[1], train, relu, addend, parts)
			c := newBNCase(r, BatchNorm{Rows: size[0], C: size[1], Eps: 1e-3, ReLU: relu}, addend, 0.5, 2)
			dy := Floats(c.dy)
			if parts {
				c.split()
			}
			UploadFloats(c.mean, normals(6, size[1]))
			UploadFloats(c.variance, constant(size[1], 1.7))
			c.forward(train)
			c.backward(train)
			loss := func() float64 { c.forward(train); return dot(dy, c.y) }
			check := func(operand string, x, dx Buffer, start float64) {
				got := Floats(dx)
				for i := range got {
					got[i] -= start
				}
				if err := kerneltest.CheckGradient(f64(x), got, loss); err != nil {
					t.Errorf("%s: %s: %v", name, operand, err)
				}
				got[len(got)-1] += 1e-4 // no gradient here reaches 100
				if kerneltest.CheckGradient(f64(x), got, loss) == nil {
					t.Errorf("%s: %s: CheckGradient accepted a spoiled gradient", name, operand)
				}
			}
			check("x", c.x, c.dx, 0)
			check("gamma", c.gamma, c.dgam, 0.5)
			check("beta", c.beta, c.dbet, 0.5)
			if addend {
				check("addend", c.add, c.dy, 0)
			}
		}
	}
}

// bnShapes are awkward for vectors of channels and for blocks of rows.
var bnShapes = [][2]int{
	{1, 1}, {1, 8}, {2, 3}, {7, 17}, {31, 8}, {32, 16}, {33, 64}, {63, 24}, {64, 40}, {65, 17}, {257, 16}, {300, 100},
	{1000, 1}, {1025, 3}, {2049, 8}, {1500, 64}, {4097, 16},
}

// Sums are taken in float32 over blocks of rows, then in float64: an error of
// blockRows roundings of 2⁻²⁴ bounds each, relative to the sum of magnitudes.
// The data here are unit normals, so 1e-5 is about twice the bound. What comes
// behind the sums rounds as the reference does.
func TestBatchNormAgrees(t *testing.T) {
	const tolerance = 1e-5
	for _, shape := range bnShapes {
		for option := range 8 {
			train, relu, addend := option&1 == 0, option&2 != 0, option&4 != 0
			parts := relu == addend
			g := BatchNorm{Rows: shape[0], C: shape[1], Eps: 1e-5, ReLU: relu}
			if g.Rows == 1 && train {
				g.Eps = 1 // otherwise 1/√Eps magnifies the rounding of a variance that is 0
			}
			name := fmt.Sprintf("%+v train=%v addend=%v parts=%v", g, train, addend, parts)
			agreeEverywhere(t, name, tolerance, tolerance, func(r rig) []Buffer {
				c := newBNCase(r, g, addend, 0.5, 1)
				UploadFloats(c.mean, normals(6, g.C))
				UploadFloats(c.variance, constant(g.C, 1.7))
				c.forward(train)
				// Masks on either side of 0 would differ by rounding alone.
				UploadFloats(c.y, normals(7, g.Rows*g.C))
				if parts {
					c.split()
				}
				c.backward(train)
				// The sums grow with the rows: compare means.
				for _, b := range []Buffer{c.dgam, c.dbet} {
					Scale(b, b, r.floats(1/float64(g.Rows)))
				}
				return []Buffer{c.mean, c.variance, c.dx, c.dy, c.dgam, c.dbet}
			})
		}
	}
}

// Of so many channels a block takes more than one run of rows, and the slices
// are few.
func TestBatchNormOfManyChannels(t *testing.T) {
	g := BatchNorm{Rows: 200, C: 4129, Eps: 1e-5, ReLU: true}
	if w := walkRows(g.Rows, g.C, 4); w.slices != 2 || w.depth != 2*runRows*int(w.block.Y) {
		t.Errorf("the walk is %+v", w)
	}
	agreeOnPTX(t, fmt.Sprintf("%+v", g), 1e-5, 1e-5, func(r rig) []Buffer {
		c := newBNCase(r, g, false, 0.5, 1)
		c.forward(true)
		UploadFloats(c.y, normals(7, g.Rows*g.C))
		c.backward(true)
		return []Buffer{c.mean, c.variance, c.dx, c.dy}
	})
}

// Each array alone may start anywhere, and gives the same bits: the order of
// the sums is the same.
func TestBatchNormOfUnalignedArrays(t *testing.T) {
	for r := range bnRigs(t) {
		for option := range 4 {
			g := BatchNorm{Rows: 70, C: 5 * r.stored().wide(), Eps: 1e-5, ReLU: option&1 != 0}
			run := func(unaligned int) [][]float64 {
				c := newBNCase(r.rig, g, true, 0.5, 1)
				c.more = r.floats(normals(8, c.dy.n)...)
				c.keepIn(r)
				arrays := []*Buffer{&c.x, &c.add, &c.gamma, &c.beta, &c.mean, &c.variance, &c.y, &c.dy, &c.more, &c.dx, &c.dgam, &c.dbet}
				if unaligned < len(arrays) {
					*arrays[unaligned] = r.shifted(*arrays[unaligned], 1)
				}
				c.forward(true)
				c.backward(option&2 != 0)
				return results([]Buffer{c.mean, c.variance, c.y, c.dx, c.dy, c.dgam, c.dbet})
			}
			want := run(12)
			for array := range 12 {
				for i, got := range run(array) {
					if at := firstDifference(got, want[i]); at >= 0 {
						t.Errorf("%v: %+v: array %d unaligned: result %d element %d: %v, aligned %v", r, g, array, i, at, got[at], want[i][at])
					}
				}
			}
		}
	}
}

// NaN passes the ReLU, and where y is NaN the gradient passes, as in PyTorch.
// Three channels go one by one, four at once.
func TestBatchNormOfSpecialValues(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		for _, channels := range []int{3, 4, 8} {
			r := openRig(t, config)
			g := BatchNorm{Rows: 6, C: channels, Eps: 1, ReLU: true}
			x, wantY, wantDy := []float64{nan, inf, -inf, 0, -1, 2}, []float64{nan, inf, 0, 0, 0, 2}, []float64{5, 5, 0, 0, 0, 5}
			c := newBNCase(r, g, false, 0, 1)
			spread := func(rows []float64) (all []float64) {
				for _, v := range rows {
					all = append(all, constant(channels, v)...)
				}
				return all
			}
			UploadFloats(c.x, spread(x))
			for b, v := range map[Buffer]float64{c.gamma: 1, c.beta: 0, c.mean: 0, c.variance: 0, c.dy: 5} {
				Fill(b, v)
			}
			c.forward(false)
			c.backward(false)
			for name, pair := range map[string][2][]float64{"y": {Floats(c.y), spread(wantY)}, "dz": {Floats(c.dy), spread(wantDy)}, "dx": {Floats(c.dx), spread(wantDy)}} {
				for i, want := range pair[1] {
					if got := pair[0][i]; got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
						t.Errorf("%s: %d channels: %s %d of x = %v is %v, want %v", config.Name, channels, name, i, x[i/channels], got, want)
					}
				}
			}
			BatchNormStatistics(c.mean, c.variance, c.x, BatchNormRunning{}, g)
			for i, v := range append(Floats(c.mean), Floats(c.variance)...) {
				if !math.IsNaN(v) {
					t.Errorf("%s: statistic %d of NaN is %v", config.Name, i, v)
				}
			}
		}
	}
}

// Given the statistics, the forward pass and the gradient through constant
// statistics round as the reference does, whatever the shape.
func TestBatchNormApplyAgreesExactly(t *testing.T) {
	for _, shape := range bnShapes {
		for option := range 4 {
			g := BatchNorm{Rows: shape[0], C: shape[1], Eps: 1e-5, ReLU: option&1 != 0}
			agreeEverywhere(t, fmt.Sprintf("%+v addend=%v", g, option&2 != 0), 0, 0, func(r rig) []Buffer {
				c := newBNCase(r, g, option&2 != 0, 0.5, 1)
				UploadFloats(c.mean, normals(6, g.C))
				UploadFloats(c.variance, constant(g.C, 1.7))
				c.forward(false)
				out := r.junk(c.y.Len())
				Copy(out, c.y)
				if option&2 != 0 {
					c.more, c.dx = c.dx, r.junk(c.y.Len())
					UploadFloats(c.more, normals(8, c.y.Len()))
				}
				c.backward(false)
				BatchNormApply(c.x, c.x, c.add, c.gamma, c.beta, c.mean, c.variance, g) // in place
				return []Buffer{out, c.dx, c.dy, c.x}
			})
		}
	}
}

func TestBatchNormBackwardInPlace(t *testing.T) {
	agreeEverywhere(t, "dx = x", 1e-5, 1e-5, func(r rig) []Buffer {
		c := newBNCase(r, BatchNorm{Rows: 70, C: 19, Eps: 1e-5}, false, 0, 1)
		c.forward(true)
		c.y, c.dx = Buffer{}, c.x // without a ReLU y is not needed
		c.backward(true)
		return []Buffer{c.dx}
	})
}

// Statistics survive a mean far larger than the deviation, and a first row
// that is nothing like the others.
func TestBatchNormStatisticsAreSafe(t *testing.T) {
	const rows, channels = 1000, 17
	for _, data := range []struct {
		offset, spread, first float64
		tolerance             float64 // of the variance, relative, on cpu
	}{
		// Blocks are exact to some roundings of 6e-8, relative to the spread.
		// The float64 sums across them lose on cpu some offset²/spread² times
		// 1e-16: a few 1e-5 of the variance in the third case, whose x is itself
		// rounded to 0.03 deviations. The kernel sums from the first row on.
		{0, 1, 0, 1e-6}, {1e4, 1, 0, 1e-6}, {-3e5, 1, 0, 1e-4}, {1e-20, 1e-15, 0, 1e-6}, {0, 1, 1e6, 1e-6}, {100, 0, 0, 0},
	} {
		x := normals(1, rows*channels)
		for i := range x {
			x[i] = float64(float32(data.offset + data.spread*x[i]))
			if i < channels {
				x[i] += data.first
			}
		}
		g := BatchNorm{Rows: rows, C: channels}
		statistics := func(r rig) (mean, variance []float64) {
			m, v := r.junk(channels), r.junk(channels)
			BatchNormStatistics(m, v, r.floats(x...), BatchNormRunning{}, g)
			return Floats(m), Floats(v)
		}
		wantMean, wantVariance := statistics(float64Rig(t))
		for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu", Threads: 2}) {
			mean, variance := statistics(openRig(t, c))
			for i, v := range mean { // what counts is the error in deviations, besides the rounding of the result
				if err := kerneltest.Compare([]float64{v}, wantMean[i:i+1], 1e-6*math.Sqrt(wantVariance[i]), 1e-7); err != nil {
					t.Errorf("%s: mean %d of %+v: %v", c.Name, i, data, err)
				}
			}
			tolerance := data.tolerance
			if c.Name != "cpu" {
				tolerance = min(tolerance, 1e-6)
			}
			if err := kerneltest.Compare(variance, wantVariance, 0, tolerance); err != nil {
				t.Errorf("%s: variance of %+v: %v", c.Name, data, err)
			}
		}
	}
}

// x is [4, 2]; the numbers are those of PyTorch 1.13:
//
//	bn = torch.nn.BatchNorm1d(2, momentum=.1, dtype=torch.float64)
//	bn.weight.data, bn.bias.data = torch.tensor([1.5, -.5]), torch.tensor([.25, 1])
//	x = torch.tensor([[1., 2], [3, -4], [5, 1], [0, .5]])
//	bn(x); bn.running_mean, bn.running_var      once, and once more
//	bn.eval(); bn(x)
func TestBatchNormOfPyTorch(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, config)
		tolerance := 1e-6
		if config.Precision == Float64 {
			tolerance = 1e-9
		}
		g := BatchNorm{Rows: 4, C: 2, Eps: 1e-5}
		x, y := r.floats(1, 2, 3, -4, 5, 1, 0, .5), r.junk(8)
		gamma, beta, mean, variance := r.floats(1.5, -.5), r.floats(.25, 1), r.junk(2), r.junk(2)
		runningMean, runningVar, count := r.floats(0, 0), r.floats(1, 1), r.ints(0)
		expect := func(what string, got Buffer, want ...float64) {
			if err := kerneltest.Compare(Floats(got), want, tolerance, tolerance); err != nil {
				t.Errorf("%s: %s: %v", config.Name, what, err)
			}
		}
		running := BatchNormRunning{runningMean, runningVar, count, .1, 1}
		BatchNormStatistics(mean, variance, x, running, g)
		BatchNormApply(y, x, Buffer{}, gamma, beta, mean, variance, g)
		expect("y", y, -.7264155084, .5383438062, .835849305, 1.841843648, 2.398114118, .7555937797, -1.507547915, .8642187665)
		expect("running mean", runningMean, .225, -.0125)
		expect("running variance", runningVar, 1.3916666666667, 1.60625)
		BatchNormStatistics(mean, variance, x, running, g)
		expect("running mean, twice", runningMean, .4275, -.02375)
		expect("running variance, twice", runningVar, 1.7441666666667, 2.151875)
		if got := results([]Buffer{count})[0][0]; got != 2 {
			t.Errorf("%s: count is %v, want 2", config.Name, got)
		}
		BatchNormApply(y, x, Buffer{}, gamma, beta, runningMean, runningVar, g)
		expect("y in evaluation", y, .900236754, .3102092965, 3.1718062, 2.355296002, 5.443375647, .6510570808, -.2355479692, .821480973)
	}
}

// Two updates at once are two updates one after the other, bit for bit, and
// round alike on all devices: the statistics of 32 small integers are exact.
func TestBatchNormUpdateTwiceIsTwoUpdates(t *testing.T) {
	for _, channels := range []int{1, 5, 33, 256} {
		g := BatchNorm{Rows: 32, C: channels}
		x := make([]float64, g.Rows*g.C)
		for i := range x {
			x[i] = float64(i*i%7 - 3)
		}
		agreeEverywhere(t, fmt.Sprintf("%+v", g), 0, 0, func(r rig) []Buffer {
			update := func(times ...int) []Buffer {
				mean, variance, m, v := r.junk(channels), r.junk(channels), r.floats(normals(2, channels)...), r.floats(constant(channels, 1.3)...)
				count := r.ints(4)
				for _, n := range times {
					BatchNormStatistics(mean, variance, r.floats(x...), BatchNormRunning{m, v, count, 0.1, n}, g)
				}
				return []Buffer{mean, variance, m, v, count}
			}
			first, second := update(1, 1, 0), update(2)
			one, both := results(first), results(second)
			for i := range one {
				if firstDifference(one[i], both[i]) >= 0 || one[4][0] != 6 {
					t.Errorf("%s: one by one %v, at once %v", r.dev.Name(), one[i], both[i])
				}
			}
			return append(first, second...)
		})
	}
}

func TestBatchNormOfNothingPanics(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	mustPanic(t, "no rows", func() {
		BatchNormStatistics(r.junk(3), r.junk(3), r.junk(0), BatchNormRunning{}, BatchNorm{C: 3})
	})
	mustPanic(t, "an update of what is absent", func() {
		BatchNormStatistics(r.junk(3), r.junk(3), r.junk(6), BatchNormRunning{Mean: r.junk(3), Var: r.junk(3), Times: 1}, BatchNorm{Rows: 2, C: 3})
	})
	mustPanic(t, "ReLU without y", func() {
		c := newBNCase(r, BatchNorm{Rows: 2, C: 3, ReLU: true}, false, 0, 1)
		c.y = Buffer{}
		c.backward(true)
	})
}

// A channel rounds the same in a vector of channels and alone.
func TestBatchNormChannelsRoundAlike(t *testing.T) {
	const rows, channels = 61, 59 // 32 + 16 + 8 + 3
	dy, y, x := normals32(1, rows*channels), normals32(2, rows*channels), normals32(3, rows*channels)
	mean, r := normals32(4, channels), normals32(5, channels)
	column := func(x []float32, c int) []float32 {
		var one []float32
		for i := c; i < len(x); i += channels {
			one = append(one, x[i])
		}
		return one
	}
	for _, relu := range []bool{false, true} {
		var all, alone [4][channels]float64
		output := y
		if !relu {
			output = nil
		}
		masked := append([]float32{}, dy...)
		batchNormMoments(all[0][:], all[1][:], x, channels)
		batchNormSums(all[2][:], all[3][:], masked, output, x, slopeOf(mean, r))
		for c := range channels {
			one := column(dy, c)
			batchNormMoments(alone[0][c:c+1], alone[1][c:c+1], column(x, c), 1)
			batchNormSums(alone[2][c:c+1], alone[3][c:c+1], one, column(output, c), column(x, c), slopeOf(mean[c:c+1], r[c:c+1]))
			for i, v := range column(masked, c) {
				if v != one[i] {
					t.Errorf("relu=%v: row %d of channel %d is %v and alone %v", relu, i, c, v, one[i])
				}
			}
		}
		for i := range all {
			if at := firstDifference(all[i][:], alone[i][:]); at >= 0 {
				t.Errorf("relu=%v: sum %d of channel %d is %v and alone %v", relu, i, at, all[i][at], alone[i][at])
			}
		}
	}
}

// A block that has all the rows of its channels computes the same bits as
// several blocks and two passes, which do it where an array is not aligned.
func TestBatchNormOfFewRows(t *testing.T) {
	for r := range bnRigs(t) {
		shapes := [][2]int{{1, 8}, {7, 128}, {64, 132}, {65, 128}, {200, 20}, {1000, 128}, {1900, 132}, {2048, 128}}
		if r.dtype != Float32 {
			shapes = [][2]int{{1, 8}, {7, 256}, {64, 264}, {200, 24}, {1000, 64}, {1900, 8}}
		}
		for _, shape := range shapes {
			for option := range 4 {
				relu, parts := option&1 != 0, option&2 != 0
				run := func(shift int) [][]float64 {
					c := newBNCase(r.rig, BatchNorm{Rows: shape[0], C: shape[1], Eps: 1e-5, ReLU: relu}, !parts, 0.5, 1)
					running := BatchNormRunning{r.floats(normals(6, shape[1])...), r.floats(constant(shape[1], 1.7)...), r.ints(4), 0.1, 2}
					if parts {
						c.split()
					}
					c.keepIn(r)
					c.x = r.shifted(c.x, shift)
					if _, can := c.g.walkOf(c.x).few(shape[1], c.x); can != (shift == 0) {
						t.Errorf("%v: %v that few rows are taken for so", shape, can)
					}
					BatchNormTrain(c.y, c.mean, c.variance, c.x, c.add, c.gamma, c.beta, running, c.g)
					c.backward(true)
					return results([]Buffer{c.y, c.mean, c.variance, running.Mean, running.Var, running.Count, c.dx, c.dy, c.dgam, c.dbet})
				}
				got, want := run(0), run(1)
				for i := range want {
					if at := firstDifference(got[i], want[i]); at >= 0 {
						t.Errorf("%v: %v relu=%v parts=%v: result %d element %d: %v, want %v", r, shape, relu, parts, i, at, got[i][at], want[i][at])
					}
				}
			}
		}
		if _, can := walkRows(2049, 128, 4).few(128); can {
			t.Error("2049 rows are few")
		}
	}
}
