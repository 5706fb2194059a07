package kernels

import (
	"fmt"
	"math"
	"testing"
)

// innerProduct is a·b in float64.
func innerProduct(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// The sums are float64's everywhere, in another order: the factor, about 1/2, may
// differ in its last bit, and y by that times the largest element of the
// reference, 5.
func TestDeconflictAgrees(t *testing.T) {
	for _, l := range layouts {
		for _, share := range []float64{-.5, .5} {
			agreeEverywhere(t, fmt.Sprint(l.name, share), 4e-7, 1.2e-7, func(r rig) []Buffer {
				s := l.segments(r)
				y, g, reference, factor := l.arena(r, 0, padded(1, s)), l.arena(r, 1, padded(2, s)), l.arena(r, 2, padded(3, s)), r.junk(1)
				AddScaled(g, reference, share)
				Deconflict(y, g, reference, factor, s)
				return []Buffer{y, factor}
			})
		}
	}
}

// Against equation 11 itself, in float64; and what it is for: the result does not
// go against the reference, whatever the gradients are.
func TestDeconflictIsTheProjection(t *testing.T) {
	for _, c := range []Config{{Name: "ref", Precision: Float64}, {Name: "ref"}, {Name: "cpu"}} {
		r := openRig(t, c)
		eps := 0x1p-24 // of a rounding
		if c.Precision == Float64 {
			eps = 0x1p-53
		}
		for seed := range 40 {
			s := crowdedSegments(r)
			g, reference := padded(2*seed, s), padded(2*seed+1, s)
			for i := range g { // of all angles and lengths
				g[i] = float64(float32(g[i]*math.Exp(float64(seed-20)) + reference[i]*math.Cos(float64(seed))))
			}
			y, factor := r.floats(g...), r.junk(1)
			Deconflict(y, y, r.floats(reference...), factor, s)
			got := Floats(y)
			gr, rr := innerProduct(g, reference), innerProduct(reference, reference)
			wantFactor := min(0, gr) / rr
			if f := Floats(factor)[0]; !(math.Abs(f-wantFactor) <= (4*eps+1e-12)*math.Abs(wantFactor)) { // sums in two orders
				t.Fatalf("%v: seed %d: the factor is %v, want %v", c, seed, f, wantFactor)
			}
			rounding := 0.0 // each element: that of the factor, of the product and of the difference
			for i, v := range g {
				want := v - wantFactor*reference[i]
				bound := 3*eps*math.Abs(v) + (5*eps+1e-12)*math.Abs(wantFactor*reference[i])
				if !(math.Abs(got[i]-want) <= bound) {
					t.Fatalf("%v: seed %d: element %d is %v, want %v", c, seed, i, got[i], want)
				}
				if gr >= 0 && got[i] != v {
					t.Fatalf("%v: seed %d: there is no conflict, and element %d changes from %v to %v", c, seed, i, v, got[i])
				}
				rounding += bound * math.Abs(reference[i])
			}
			if after := innerProduct(got, reference); !(after >= -rounding) {
				t.Errorf("%v: seed %d: y·r is %v behind g·r of %v, want 0 or more up to a rounding of %v", c, seed, after, gr, rounding)
			}
		}
	}
}

func TestDeconflictAtTheEdges(t *testing.T) {
	agreeEverywhere(t, "no reference", 0, 0, func(r rig) []Buffer {
		s := NewSegments(r.dev, 3, []Segment{{Len: 3}})
		y, factor := r.junk(3), r.junk(1)
		Deconflict(y, r.floats(1, -2, 3), r.floats(0, 0, 0), factor, s)
		if got := results([]Buffer{y, factor}); got[0][1] != -2 || got[1][0] != 0 {
			t.Errorf("%s: a reference of zeros leaves %v with a factor of %v", r.dev.name, got[0], got[1])
		}
		return []Buffer{y, factor}
	})
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) { // a gradient that is broken must not look whole
		r := openRig(t, c)
		s := NewSegments(r.dev, 2, []Segment{{Len: 2}})
		y, factor := r.junk(2), r.junk(1)
		Deconflict(y, r.floats(1, 2), r.floats(math.NaN(), 1), factor, s)
		if got := results([]Buffer{y})[0]; got[0] == got[0] || got[1] == got[1] {
			t.Errorf("%v: a NaN in the reference leaves %v, want NaN", c, got)
		}
	}
	r := openRig(t, Config{Name: "cpu"})
	s := NewSegments(r.dev, 2, []Segment{{Len: 2}})
	mustPanic(t, "a reference that is too short", func() { Deconflict(r.junk(2), r.junk(2), r.junk(1), r.junk(1), s) })
}
