package kernels

import (
	"math"
	"testing"
)

// Two blocks, and lengths around four; ties go to the even number.
func TestCast(t *testing.T) {
	for h := range halfCases(t) {
		for _, n := range []int{0, 1, 3, 4, 5, 1024, 2048, 4101} {
			x := extremes(n+1, n)
			for i := 5; i < n; i += 3 {
				x[i] = math.Ldexp(float64(1<<h.format().fraction+i%8)+0.5, i%20) // a tie
			}
			for _, shift := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {8, 4}} {
				y := h.shifted(h.blank(n), shift[0])
				Cast(y, h.shifted(h.floats(x...), shift[1]))
				got := Floats(y)
				for i, v := range x {
					want := h.format().decode(h.format().encode(float64(float32(v))))
					if math.Float64bits(got[i]) != math.Float64bits(want) && !(math.IsNaN(got[i]) && math.IsNaN(want)) {
						t.Fatalf("%v: n=%d from %v: %v became %v, want %v", h, n, shift, v, got[i], want)
					}
				}
			}
		}
	}
}
