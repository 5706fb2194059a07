package study

import (
	"math"
	"testing"
)

var nan = math.NaN()

// same is whether two numbers agree to a relative 1e-12, or are both unknown.
func same(a, b float64) bool {
	return math.Abs(a-b) <= 1e-12*max(1, math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b)
}

// The quantiles are those of every printed table of Student's t (column .975), with
// scipy 1's digits (stats.t.ppf).
func TestStudentTable(t *testing.T) {
	for freedom, want := range map[int]float64{
		1: 12.706204736174694, 2: 4.302652729749462, 4: 2.7764451051977934, 9: 2.262157162798205, 30: 2.0422724563012378,
	} {
		if got := student(freedom).Quantile(0.975); !(math.Abs(got-want) <= 1e-9) { // gonum's inverse of the beta function
			t.Errorf("%d degrees of freedom: %v, want %v", freedom, got, want)
		}
	}
}

// The numbers come from scipy: stats.t.interval, ttest_rel, ttest_1samp, and
// permutation_test of the mean with permutation_type "samples" and all resamples.
func TestStatisticsAreThoseOfScipy(t *testing.T) {
	a, b := []float64{.881, .8834, .8797, .8851, .8822}, []float64{.8795, .8801, .8799, .8803, .8788}
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	half := margin(a)
	for name, c := range map[string][2]float64{
		"mean": {mean(a), 0.88228}, "deviation": {deviation(a), 0.002092128103152368},
		"low": {mean(a) - half, 0.8796822798546853}, "high": {mean(a) + half, 0.8848777201453146},
		"mean difference": {mean(d), 0.0025600000000000067}, "low of it": {mean(d) - margin(d), 0.00015456641016930745}, "high of it": {mean(d) + margin(d), 0.004965433589830706},
	} {
		if !(math.Abs(c[0]-c[1]) <= 1e-12) {
			t.Errorf("%s: %v, want %v", name, c[0], c[1])
		}
	}
	for _, c := range []struct {
		d             []float64
		t, p, permute float64
	}{
		{d, 2.954851673874991, 0.0417674510078356, 0.125},
		{[]float64{1, -2, 3, 4, -.5, 2, 7, 1}, 1.9690691784177654, 0.08961404528246271, 0.09375},
		{[]float64{1, 1, 1, 1, 1}, math.Inf(1), 0, 0.0625}, // every sign, and the opposite: 2 of 32
		{[]float64{0, 0, 0}, 0, 1, 1},
		{[]float64{0.3}, nan, nan, 1},
		{nil, nan, nan, nan},
	} {
		statistic, p := pairedT(c.d)
		if math.Abs(p-c.p) <= 1e-10 {
			p = c.p // the t distribution of gonum
		}
		if got := signFlip(c.d); !same(got, c.permute) || !same(p, c.p) || statistic != c.t && !same(statistic, c.t) {
			t.Errorf("%v: t %v, p %v, sign flips %v: want %+v", c.d, statistic, p, got, c)
		}
	}
	if !math.IsNaN(signFlip(make([]float64, exactMost+1))) || !math.IsNaN(margin([]float64{1})) {
		t.Error("an unknown number is known")
	}
}

// Sums of flipped signs that are equal in exact arithmetic count as equal.
func TestSignFlipsHaveTies(t *testing.T) {
	if got := signFlip([]float64{.1, .2, .3}); got != 0.25 {
		t.Errorf("%v, want 2 of 8", got)
	}
	if got := signFlip([]float64{.1, .2, -.3}); got != 1 {
		t.Errorf("%v, want all: the sum is 0", got)
	}
	if got := signFlip([]float64{.3, .1, -.1}); got != 0.75 { // sums: .3 ± .2, and .3 twice; all four as far as .3 but .1
		t.Errorf("%v, want 6 of 8", got)
	}
}
