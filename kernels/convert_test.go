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
				back := h.shifted(h.junk(n), shift[1])
				toFloat32(back, y)
				got, wide := Floats(y), Floats(back)
				for i, v := range x {
					want := h.format().decode(h.format().encode(float64(float32(v))))
					for _, v := range []float64{got[i], wide[i]} {
						if math.Float64bits(v) != math.Float64bits(want) && !(math.IsNaN(v) && math.IsNaN(want)) {
							t.Fatalf("%v: n=%d from %v: %v became %v, want %v", h, n, shift, x[i], v, want)
						}
					}
				}
			}
		}
	}
}
