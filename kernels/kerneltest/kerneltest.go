// Package kerneltest holds what tests of numerical code share: awkward
// inputs, a comparison that NaN cannot pass, and finite differences.
package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Float is the element type of the arrays under test.
type Float interface{ float32 | float64 }

// Randn draws n numbers from the unit normal distribution.
func Randn[T Float](rng *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(rng.NormFloat64())
	}
	return x
}

// Rng is the generator of the test case with the given number.
func Rng(seed int) *rand.Rand { return rand.New(rand.NewPCG(1, uint64(seed))) }

// Compare returns an error that names the first element of got that is not
// within atol + rtol·|want| of want. A NaN on either side is an error.
func Compare[T Float](got, want []T, atol, rtol float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d elements, want %d", len(got), len(want))
	}
	for i := range got {
		g, w := float64(got[i]), float64(want[i])
		if !(math.Abs(g-w) <= atol+rtol*math.Abs(w)) {
			return fmt.Errorf("element %d of %d: %v, want %v, difference %.3g", i, len(got), g, w, math.Abs(g-w))
		}
	}
	return nil
}

// SumTolerance is the error allowed to a float32 sum of k products of unit
// normals. Plain float32 sums erred by at most 1.7e-7·k for k up to 4,608.
func SumTolerance(k int) float64 { return 4e-7 * float64(max(k, 4)) }

// step and tolerance of CheckGradient: the truncation error of a central
// difference is of the order of step², its rounding error 1e-16/step.
const (
	step      = 1e-5
	tolerance = 1e-6
)

// CheckGradient compares dx, the gradient of loss by x, with central finite
// differences: loss is evaluated with each element of x moved up and down.
// The difference may be 1e-6 of the largest gradient.
func CheckGradient(x, dx []float64, loss func() float64) error {
	if len(x) != len(dx) {
		return fmt.Errorf("gradient of %d elements, want %d", len(dx), len(x))
	}
	differences := make([]float64, len(x))
	largest := 1e-3 // gradients that all vanish are compared absolutely
	for i, v := range x {
		x[i] = v + step
		up := loss()
		x[i] = v - step
		down := loss()
		x[i] = v
		differences[i] = (up - down) / (2 * step)
		largest = math.Max(largest, math.Abs(differences[i]))
	}
	for i, want := range differences {
		if !(math.Abs(dx[i]-want) <= tolerance*largest) {
			return fmt.Errorf("element %d: backward %.9g, finite difference %.9g, largest %.3g", i, dx[i], want, largest)
		}
	}
	return nil
}
