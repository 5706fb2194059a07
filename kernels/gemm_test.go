package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lbsam/kernels/kerneltest"
)

// fence is how many elements around an array must not be touched, and
// fenceValue what they hold.
const (
	fence      = 80
	fenceValue = -12345.678
)

// A fenced array starts at an address that is a multiple of 4 bytes only.
type fenced struct{ whole, data []float32 }

func fencedCopy(x []float32) fenced {
	whole := make([]float32, len(x)+2*fence+1)
	fill(whole, fenceValue)
	g := fenced{whole, whole[fence+1:][:len(x):len(x)]}
	copy(g.data, x)
	return g
}

// check fails the test if anything around the array has changed.
func (g fenced) check(t *testing.T, name string) {
	t.Helper()
	for i, v := range g.whole {
		if (i <= fence || i > fence+len(g.data)) && v != fenceValue {
			t.Errorf("%s: element %d of %d was written", name, i-fence-1, len(g.data))
			return
		}
	}
}

// widened converts to float64.
func widened(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// compare compares an array, whose fence must be unchanged, with the
// reference, for sums of k products.
func compare(t *testing.T, name string, got fenced, want []float64, k int) {
	t.Helper()
	got.check(t, name)
	if err := kerneltest.Compare(widened(got.data), want, kerneltest.SumTolerance(k), 0); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// TestMicrokernel runs every microkernel, also those that pickMicrokernel never
// chooses here, in both orders in which A is read, at awkward addresses.
func TestMicrokernel(t *testing.T) {
	for _, set := range instructionSets() {
		for _, k := range set.microkernels {
			t.Run(k.name, func(t *testing.T) {
				for _, c := range []productCase{{1, 1, false, false, false}, {2, 16, true, false, true}, {3, 67, false, true, true}, {1, 7, true, true, false}, {2, 300, true, false, true}} {
					c.test(t, k)
				}
			})
		}
	}
}

// A productCase is a product of so many tiles and sums of k elements.
type productCase struct {
	tiles, k int
	add      bool
	columns  bool // elements of a sum are rows of A in memory
	ahead    bool // something is asked for, here where nothing is
}

func (c productCase) test(t *testing.T, k microkernel) {
	rng := kerneltest.Rng(c.k)
	rows := c.tiles * k.mr
	a := fencedCopy(kerneltest.Randn[float32](rng, rows*(c.k+3)+c.k*(rows+3)))
	b := fencedCopy(kerneltest.Randn[float32](rng, c.k*(k.nr+5)))
	out := fencedCopy(kerneltest.Randn[float32](rng, rows*(k.nr+7)))
	aRow, aStep := c.k+3, 1
	if c.columns {
		aRow, aStep = 1, rows+3
	}
	want := widened(out.data)
	for i := range rows {
		for j := range k.nr {
			sum := 0.0
			if c.add {
				sum = want[i*(k.nr+7)+j]
			}
			for e := range c.k {
				sum += float64(a.data[i*aRow+e*aStep]) * float64(b.data[e*(k.nr+5)+j])
			}
			want[i*(k.nr+7)+j] = sum
		}
	}
	var ahead *float32
	if c.ahead {
		ahead = &a.data[0]
	}
	k.product(&out.data[0], &a.data[0], &b.data[0], c.tiles, c.k, 4*aRow, 4*aStep, 4*(k.nr+5), 4*(k.nr+7), c.add, ahead, 1<<40)
	compare(t, fmt.Sprintf("%+v", c), out, want, c.k+1)
}

// TestPickMicrokernel checks the choice among the AVX-512 microkernels, on
// any processor: as few padded columns as possible, but no detours.
func TestPickMicrokernel(t *testing.T) {
	set := []microkernel{{nr: 64, cost: 1}, {nr: 32, cost: 1.05}, {nr: 16, cost: 1.2}}
	for columns, want := range map[int]int{1: 16, 10: 16, 16: 16, 17: 32, 27: 32, 48: 16, 60: 64, 64: 64, 96: 32, 128: 64, 512: 64} {
		if k := pickMicrokernel(set, columns); k.nr != want {
			t.Errorf("%d columns: %d at a time, want %d", columns, k.nr, want)
		}
	}
}

// TestRowLoops copies rows bit by bit, and adds rows that overlap one behind the
// other, as windows do, of all widths around those of vectors.
func TestRowLoops(t *testing.T) {
	for _, set := range instructionSets() {
		k := set.microkernels[0]
		for width := 1; width < 70; width++ {
			for _, rows := range []int{0, 1, 3} {
				rng := kerneltest.Rng(width)
				toStride, fromStride := 1+width/2, width+rows
				from := fencedCopy(kerneltest.Randn[float32](rng, rows*fromStride+width))
				from.data[width-1] = math.Float32frombits(0x7fa00001) // a signalling NaN
				to := fencedCopy(kerneltest.Randn[float32](rng, rows*toStride+width))
				name := fmt.Sprintf("%s: %d rows of %d", set.name, rows, width)

				want := slices.Clone(to.data)
				copyRows(&want[0], &from.data[0], width, rows, 4*toStride, 4*fromStride)
				k.copyRows(&to.data[0], &from.data[0], width, rows, 4*toStride, 4*fromStride)
				to.check(t, name)
				if !slices.EqualFunc(to.data, want, equalBits) {
					t.Errorf("%s: the copy differs", name)
				}

				from.data[width-1] = 1
				fill(to.data, 0.5)
				fill(want, 0.5)
				for i := range rows {
					for j := range width {
						want[i*toStride+j] += from.data[i*fromStride+j]
					}
				}
				k.addRows(&to.data[0], &from.data[0], width, rows, 4*toStride, 4*fromStride)
				to.check(t, name)
				if !slices.EqualFunc(to.data, want, equalBits) {
					t.Errorf("%s: the sum differs", name)
				}
			}
		}
	}
}

func equalBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
