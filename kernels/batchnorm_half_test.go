package kernels

import (
	"fmt"
	"iter"
	"strings"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// keepIn keeps the activations of c in 16 bits, where h stands for such a device.
func (c *bnCase) keepIn(h halfCase) {
	if _, ok := h.dtype.half(); !ok {
		return
	}
	for _, b := range []*Buffer{&c.x, &c.add, &c.y, &c.dy, &c.dx, &c.more} {
		if !b.IsNil() {
			*b = h.activations(Floats(*b)...)
		}
	}
}

// bnRigs are the devices that run PTX, with activations of every type.
func bnRigs(t testing.TB) iter.Seq[halfCase] {
	return func(yield func(halfCase) bool) {
		for _, r := range ptxRigs(t) {
			if !yield(halfCase{r, Float32}) {
				return
			}
		}
		halfCases(t)(yield)
	}
}

// The devices agree as they do in float32, but for the rounding of what is
// stored. Whatever is computed from dz is computed from what is stored of it:
// the reference is given that sum. A device does all the shapes, as it takes
// longer to load the kernels than to run them.
func TestBatchNormAgreesInHalf(t *testing.T) {
	const tolerance = 1e-5
	for option := range 4 {
		train, relu := option&1 == 0, option&2 != 0
		agreeInHalf(t, fmt.Sprintf("train=%v relu=%v", train, relu), tolerance, tolerance, func(h halfCase) (all []Buffer) {
			for i, shape := range [][2]int{{1, 1}, {2, 3}, {33, 64}, {63, 24}, {65, 17}, {300, 20}, {257, 16}, {400, 264}, {2049, 8}} {
				g := BatchNorm{Rows: shape[0], C: shape[1], Eps: 1e-5, ReLU: relu}
				if g.Rows == 1 {
					g.Eps = 1 // otherwise 1/√Eps magnifies the rounding of a variance that is 0
				}
				all = append(all, bnInHalf(h, g, train, (i+option)%2 == 0, (i+option/2)%2 == 0)...)
			}
			return all
		})
	}
}

// bnInHalf returns what a pass forward and back computes.
func bnInHalf(h halfCase, g BatchNorm, train, addend, parts bool) []Buffer {
	c := newBNCase(h.rig, g, addend, 0.5, 1)
	running := BatchNormRunning{h.floats(normals(6, g.C)...), h.floats(constant(g.C, 1.7)...), h.ints(4), 0.1, 2}
	if parts {
		c.split()
	}
	c.keepIn(h)
	if train {
		BatchNormTrain(c.y, c.mean, c.variance, c.x, c.add, c.gamma, c.beta, running, g)
	} else {
		BatchNormStatistics(c.mean, c.variance, c.x, running, g)
		BatchNormApply(c.y, c.x, c.add, c.gamma, c.beta, running.Mean, running.Var, g)
	}
	y := c.y
	c.y = h.activations(normals(7, y.n)...) // masks on either side of 0 would differ by rounding alone
	if parts && h.dev.gpu == nil {
		dz := Floats(c.more)
		for i, v := range Floats(c.dy) {
			dz[i] += v
		}
		c.dy, c.more = h.activations(dz...), Buffer{}
	}
	c.backward(train)
	for _, b := range []Buffer{c.dgam, c.dbet} { // the sums grow with the rows: compare means
		Scale(b, b, h.floats(1/float64(g.Rows)))
	}
	return []Buffer{y, c.mean, c.variance, running.Mean, running.Var, running.Count, c.dx, c.dy, c.dgam, c.dbet}
}

// Given the statistics, results are those of float32, rounded. Some overflow,
// some vanish, and some are NaN; those stay what they are.
func TestBatchNormRoundsToHalf(t *testing.T) {
	exactInHalf(t, "batch normalisation with given statistics", func(h halfCase) (all []Buffer) {
		for option := range 16 {
			relu, addend, huge := option&1 != 0, option&2 != 0, option&4 != 0
			g := BatchNorm{Rows: 65, C: []int{3, 40}[option/8], Eps: 1e-5, ReLU: relu}
			c := newBNCase(h.rig, g, addend, 0.5, 1)
			UploadFloats(c.mean, normals(6, g.C))
			UploadFloats(c.variance, constant(g.C, 1.7))
			if huge {
				for i, b := range []Buffer{c.x, c.add, c.dy} {
					if !b.IsNil() {
						UploadFloats(b, extremes(i, b.n))
					}
				}
				Fill(c.gamma, 40)
			}
			c.keepIn(h)
			c.forward(false)
			y := h.blank(c.y.n)
			Copy(y, c.y)
			c.y = h.activations(Floats(c.y)...) // the mask is that of what is stored
			c.backward(false)
			BatchNormApply(c.x, c.x, c.add, c.gamma, c.beta, c.mean, c.variance, g) // in place
			all = append(all, y, c.dx, c.dy, c.x)
		}
		return all
	})
}

// The statistics are those of what is stored, however large their mean.
func TestBatchNormStatisticsOfHalf(t *testing.T) {
	for h := range halfCases(t) {
		for _, g := range []BatchNorm{{Rows: 700, C: 9}, {Rows: 700, C: 16}} {
			x := normals(1, g.Rows*g.C)
			for i := range x {
				x[i] = 500 + 2*x[i]
			}
			statistics := func(h halfCase) [][]float64 {
				mean, variance := h.junk(g.C), h.junk(g.C)
				BatchNormStatistics(mean, variance, h.activations(x...), BatchNormRunning{}, g)
				return results([]Buffer{mean, variance})
			}
			got, want := statistics(h), statistics(halfCase{float64Rig(t), h.dtype})
			for i := range got {
				if err := kerneltest.Compare(got[i], want[i], 0, 1e-6); err != nil {
					t.Errorf("%v: %+v: mean or variance, %d: %v", h, g, i, err)
				}
			}
		}
	}
}

func TestBatchNormTakesActivationsOfOneType(t *testing.T) {
	for h := range halfCases(t) {
		g := BatchNorm{Rows: 6, C: 8, Eps: 1}
		other := map[Dtype]Dtype{Float16: BFloat16, BFloat16: Float16}[h.dtype]
		c := newBNCase(h.rig, g, true, 0, 1) // of float32, which may be
		c.more = h.junk(48)
		c.forward(true)
		c.backward(true)
		c.keepIn(h)
		for i, b := range []*Buffer{&c.y, &c.x, &c.add, &c.dy, &c.dx, &c.more} {
			for _, dtype := range []Dtype{Float32, other} {
				own := *b
				*b = h.dev.Alloc(dtype, 48)
				for train := range 2 {
					message := mustPanic(t, fmt.Sprintf("%v: array %d of %v", h, i, dtype), func() {
						c.forward(train == 1)
						c.backward(train == 1)
					})
					if !strings.Contains(message, "elements of") {
						t.Errorf("%v: array %d of %v: %s", h, i, dtype, message)
					}
				}
				*b = own
			}
		}
		c.mean = h.blank(8)
		mustPanic(t, "a mean of 16 bits", func() { c.forward(true) })
	}
}

// Sums of so many slices are added up in two steps, of as many channels as a
// block can have.
func TestBatchNormOfManySlicesInHalf(t *testing.T) {
	agreeInHalf(t, "many slices", 1e-5, 1e-5, func(h halfCase) []Buffer {
		return bnInHalf(h, BatchNorm{Rows: 2100, C: 256, Eps: 1e-5, ReLU: true}, true, false, false)
	})
}

// Each array is read and written once, 16 bytes by a thread: the fewest accesses
// that there can be for the rows that one shape has and the other has not, with
// the same blocks.
func TestBatchNormAccessesOfHalf(t *testing.T) {
	sim := ptxsim.New(ptxsim.Config{})
	h := halfCase{rig{t, OpenDriver(sim, ComputeFloat16)}, Float16}
	t.Cleanup(h.dev.Close)
	kernels := map[string]int{
		"batch_norm_statistics_f16": 1, "batch_norm_apply_f16": 3, "batch_norm_gradients_f16": 5, "batch_norm_backward_f16": 3,
		"batch_norm_gradients_masked_f16": 2, "batch_norm_backward_masked_f16": 3,
	}
	const channels, less, more = 256, 2056, 2112
	counted, told := map[string][]int{}, map[string]int{}
	for _, rows := range []int{less, more} {
		g := BatchNorm{Rows: rows, C: channels, Eps: 1, ReLU: true}
		c := bnCase{g: g}
		for _, b := range []*Buffer{&c.x, &c.add, &c.y, &c.dy, &c.dx, &c.more} {
			*b = h.dev.Alloc(Float16, rows*channels)
		}
		for _, b := range []*Buffer{&c.gamma, &c.beta, &c.mean, &c.variance, &c.dgam, &c.dbet} {
			*b = h.dev.Alloc(Float32, channels)
		}
		h.dev.Watch(func(l Launch) { told[l.Kernel] = int(l.Bytes) })
		c.forward(true)
		c.backward(true)
		c.more, c.alone = Buffer{}, true
		c.backward(true)
		for kernel := range kernels {
			counted[kernel] = append(counted[kernel], int(sim.Counters(kernel).Requests))
		}
	}
	for kernel, arrays := range kernels {
		n := counted[kernel] // the second number has the first in it
		if got, want := n[1]-2*n[0], arrays*(more-less)*channels/(32*8); got != want {
			t.Errorf("%s: %d more accesses of warps for the rows that are more, want %d", kernel, got, want)
		}
		if least := arrays * more * channels * 2; told[kernel] < least || told[kernel] > least+300<<10 { // and the sums of 33 slices
			t.Errorf("%s: %d bytes are told of, and the arrays have %d", kernel, told[kernel], least)
		}
	}
}
