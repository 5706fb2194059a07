package kernels

import (
	"fmt"
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

// TestMicrokernel runs every microkernel, also those that pickMicrokernel
// never chooses here, on runs of several lengths at awkward addresses.
func TestMicrokernel(t *testing.T) {
	for _, set := range instructionSets() {
		for _, k := range set.microkernels {
			t.Run(k.name, func(t *testing.T) {
				for _, counts := range [][]int{nil, {1}, {7}, {3, 1, 4}, {16, 100, 2}} {
					for _, add := range []bool{false, true} {
						testMicrokernel(t, k, counts, add)
					}
				}
			})
		}
	}
}

func testMicrokernel(t *testing.T, k microkernel, counts []int, add bool) {
	rng := kerneltest.Rng(len(counts))
	const length, distance = 128, 3 // elements of a row of A, between those that are used
	a := fencedCopy(kerneltest.Randn[float32](rng, len(counts)*k.mr*length*distance+1))
	b := fencedCopy(kerneltest.Randn[float32](rng, len(counts)*length*k.nr+1))
	out := fencedCopy(kerneltest.Randn[float32](rng, k.mr*(k.nr+5)))
	var rows, outs []*float32
	runs := []run{}
	total := 0
	for r, count := range counts {
		// Every run starts one element behind its row.
		runs = append(runs, run{8 * r * k.mr, 4, 4 * (r*length*k.nr + 1), count})
		for i := range k.mr {
			rows = append(rows, &a.data[(r*k.mr+i)*length*distance])
		}
		total += count
	}
	rows, runs = append(rows, nil), append(runs, run{})
	want := widened(out.data)
	for i := range k.mr {
		outs = append(outs, &out.data[i*(k.nr+5)])
		for j := range k.nr {
			sum := 0.0
			if add {
				sum = want[i*(k.nr+5)+2+j]
			}
			for r, count := range counts {
				for e := range count {
					sum += float64(a.data[(r*k.mr+i)*length*distance+1+e*distance]) * float64(b.data[(r*length+e)*k.nr+1+j])
				}
			}
			want[i*(k.nr+5)+2+j] = sum
		}
	}
	k.run(&outs[0], 4*2, &rows[0], &b.data[0], &runs[0], len(counts), 4*distance, 4*k.nr, add)
	name := fmt.Sprintf("runs %v, add %v", counts, add)
	a.check(t, name)
	b.check(t, name)
	compare(t, name, out, want, total+1)
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
