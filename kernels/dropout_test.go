package kernels

import (
	"fmt"
	"math"
	"testing"

	"lbsam/internal/rng"
)

// The mask is Philox of the documented key and counter, element by element.
func TestDropoutMask(t *testing.T) {
	const n, p = 3*grain + 3, 0.25
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu", Threads: 3}) {
		r := openRig(t, c)
		y := r.junk(n)
		Dropout(y, r.floats(constant(n, 3)...), r.ints(-5, 11, 2), p)
		kept := 0
		for i, v := range Floats(y) {
			words := rng.Philox(0xFFFFFFFB, [4]uint32{uint32(i / 4), 11, 2, rng.Dropout})
			want := 0.0
			if float64(words[i%4]) >= p*(1<<32) {
				want = 4
				kept++
			}
			if v != want {
				t.Fatalf("%s: element %d is %v, want %v", c.Name, i, v, want)
			}
		}
		if d := 5 * math.Sqrt(n*p*(1-p)); math.Abs(float64(kept)-n*(1-p)) > d { // 5 standard deviations
			t.Errorf("%d of %d kept, want %v ± %v", kept, n, n*(1-p), d)
		}
	}
}

// Where the arrays start changes nothing of the mask.
func TestDropoutOfSlices(t *testing.T) {
	agreeEverywhere(t, "Dropout", 0, 0, func(r rig) []Buffer {
		var all []Buffer
		for _, n := range []int{1, 3, 4, 5, 1023, 1024, 1025} {
			y, x := r.junk(n+2), r.floats(normals(n, n+1)...).Slice(1, n+1)
			Dropout(y.Slice(2, n+2), x, r.ints(3, 4, 5), 0.4)
			all = append(all, y.Slice(2, n+2))
		}
		return all
	})
}

func TestDropoutOfSlicesInHalf(t *testing.T) {
	for _, n := range wideLengths {
		exactInHalf(t, fmt.Sprint(n), func(h halfCase) []Buffer {
			x := h.activations(extremes(n+1, n)...)
			y, slice := h.blank(n), h.shifted(h.blank(n), 2)
			Dropout(y, x, h.ints(3, 4, 5), 0.4)
			Dropout(slice, h.shifted(x, 1), h.ints(3, 4, 5), 0.4)
			Dropout(x, x, h.ints(6, 4, 5), 0.4)
			return []Buffer{x, y, slice}
		})
	}
}

func TestDropoutEdges(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "cpu"}) {
		testDropoutEdges(t, openRig(t, config))
	}
}

func testDropoutEdges(t *testing.T, r rig) {
	x := []float64{1, -2, 3, 4, 5}
	y := r.junk(5)
	Dropout(y, r.floats(x...), r.ints(0, 0, 0), 0)
	for i, v := range Floats(y) {
		if v != x[i] {
			t.Errorf("probability 0 changed element %d to %v", i, v)
		}
	}
	Dropout(y, r.floats(constant(5, math.Inf(1))...), r.ints(0, 0, 0), 0.999)
	for i, v := range Floats(y) {
		if v != 0 && !math.IsInf(v, 1) {
			t.Errorf("a dropped infinity left %v at %d", v, i)
		}
	}
	for _, p := range []float64{-0.1, 1, math.NaN()} {
		mustPanic(t, "a probability outside of [0, 1)", func() { Dropout(y, y, r.ints(0, 0, 0), p) })
	}
}

func TestDropoutKeysDiffer(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	ones := r.floats(constant(1000, 1)...)
	draw := func(seed, pass, layer int32) []float64 {
		y := r.junk(1000)
		Dropout(y, ones, r.ints(seed, pass, layer), 0.5)
		return Floats(y)
	}
	base := draw(1, 2, 3)
	for _, other := range [][]float64{draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)} {
		same := 0
		for i := range base {
			if base[i] == other[i] {
				same++
			}
		}
		if same < 400 || same > 600 { // 500 ± 6 standard deviations
			t.Errorf("two keys agree on %d of 1000 elements", same)
		}
	}
}
