package kernels

import (
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// Each thread adds up its own part of the array, the last of which is short, over
// all rounds.
func TestCeilingRead(t *testing.T) {
	for _, r := range ptxRigs(t) {
		for _, pieces := range []int{1, 255, 2048, 2049, 3000} { // of 16 bytes; 512 threads read four each at a time
			words := randomWords(4 * pieces)
			x, sums := r.dev.Alloc(Int32, len(words)), r.dev.Alloc(Int32, 512)
			Upload(x, words)
			r.dev.ceilingRead(sums, x, 3)
			want, got := make([]int32, 512), make([]int32, 512)
			for i, v := range words {
				want[i/4%512] += 3 * v
			}
			if Download(got, sums); !equal(got, want) {
				t.Errorf("%s: wrong sums of %d pieces", r.dev.Name(), pieces)
			}
		}
	}
}

func equal(x, y []int32) bool {
	for i := range x {
		if x[i] != y[i] {
			return false
		}
	}
	return true
}

func TestCeilingFMA(t *testing.T) {
	for _, r := range ptxRigs(t) {
		y, want := r.junk(512), make([]float64, 512)
		r.dev.ceilingProduct("ceiling_fma", y, r.floats(0.5, 3), 3)
		for i := range want {
			for c := range 8 {
				want[i] += float64(c)/8 + 3*(1+0.5+0.25) // exact
			}
		}
		if err := kerneltest.Compare(Floats(y), want, 0, 0); err != nil {
			t.Errorf("%s: %v", r.dev.Name(), err)
		}
	}
}

// The tensor cores multiply all that they are given: of whole numbers each sum is
// exact.
func TestCeilingMMA(t *testing.T) {
	for _, c := range []struct {
		kernel string
		dtype  Dtype
		k      int
	}{{"ceiling_f16", Float16, 16}, {"ceiling_tf32", Float32, 8}} {
		words := normals(1, 512*4/c.dtype.Size())
		for i := range words {
			words[i] = math.Round(4 * words[i])
		}
		for _, r := range ptxRigs(t) {
			x, y := r.dev.Alloc(c.dtype, len(words)), r.junk(256)
			UploadFloats(x, words)
			r.dev.ceilingProduct(c.kernel, y, x, 3)
			if err := kerneltest.Compare(Floats(y), ceilingMMARef(words, c.k, 3, 256), 0, 0); err != nil {
				t.Errorf("%s on %s: %v", c.kernel, r.dev.Name(), err)
			}
		}
	}
}

// ceilingMMARef is what threads find whose operands are words of 32 lanes, each
// of k/8 numbers: two matrices of 16 rows and four of 8 columns.
func ceilingMMARef(words []float64, k, rounds, threads int) []float64 {
	pair := k / 8
	at := func(word, lane, e int) float64 { return words[(word*32+lane)*pair+e] }
	left := func(i, row, c int) float64 { // word 2 h + row/8 has half h of k
		return at(4*i+c/(k/2)*2+row/8, row%8*4+c%(k/2)/pair, c%pair)
	}
	right := func(j, column, c int) float64 { return at(8+2*j+c/(k/2), column*4+c%(k/2)/pair, c%pair) }
	sums := make([]float64, threads)
	for t := range sums {
		lane := t % 32
		for product := range 8 {
			for e := range 4 {
				for c := range k {
					sums[t] += float64(rounds) * left(product/4, lane/4+e/2*8, c) * right(product%4, lane%4*2+e%2, c)
				}
			}
		}
	}
	return sums
}

// All rates are numbers, also of the little that an interpreter does.
func TestCeilings(t *testing.T) {
	c := openRig(t, Config{Name: "ptxsim"}).dev.Ceilings()
	for name, v := range map[string]float64{
		"copy": c.Copy, "cache": c.Read[0].Rate, "memory": c.Read[1].Rate, "recorded": float64(c.Recorded), "launched": float64(c.Launched),
		"float32": c.Float32, "tf32": c.TF32, "float16": c.Float16,
	} {
		if !(v > 0) || math.IsInf(v, 0) {
			t.Errorf("%s: %g", name, v)
		}
	}
	mustPanic(t, "of the processor", func() { openRig(t, Config{Name: "cpu"}).dev.Ceilings() })
}
