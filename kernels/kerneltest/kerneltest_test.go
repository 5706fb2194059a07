package kerneltest

import (
	"math"
	"testing"
)

func TestCompareRejects(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct{ got, want []float64 }{
		{[]float64{1}, []float64{1, 2}},
		{[]float64{nan}, []float64{1}},
		{[]float64{1}, []float64{nan}},
		{[]float64{math.Inf(1)}, []float64{math.Inf(1)}}, // Inf - Inf is NaN
		{[]float64{1.1}, []float64{1}},
	} {
		if Compare(c.got, c.want, 0.01, 0.01) == nil {
			t.Errorf("Compare accepted %v for %v", c.got, c.want)
		}
	}
	if err := Compare([]float64{1.0001}, []float64{1}, 0.001, 0); err != nil {
		t.Error(err)
	}
}

func TestCheckGradientCanFail(t *testing.T) {
	x := []float64{0.3, -1.2, 2}
	loss := func() float64 { return x[0]*x[0]*x[1] + math.Sin(x[2]) }
	dx := []float64{2 * x[0] * x[1], x[0] * x[0], math.Cos(x[2])}
	if err := CheckGradient(x, dx, loss); err != nil {
		t.Error(err)
	}
	for _, wrong := range []float64{dx[1] + 1e-5, 0, math.NaN()} {
		bad := []float64{dx[0], wrong, dx[2]}
		if CheckGradient(x, bad, loss) == nil {
			t.Errorf("CheckGradient accepted %v for %v", wrong, dx[1])
		}
	}
}
