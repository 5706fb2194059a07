package study

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// deviation is the standard deviation of a sample, with n-1; NaN of fewer than two.
func deviation(x []float64) float64 {
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(x)-1)) // 0/0 is NaN
}

// margin is half the 95% confidence interval of the mean of x by Student's t: NaN
// of fewer than two.
func margin(x []float64) float64 {
	if len(x) < 2 {
		return math.NaN()
	}
	return student(len(x)-1).Quantile(0.975) * deviation(x) / math.Sqrt(float64(len(x)))
}

// student is the t distribution with so many degrees of freedom.
func student(freedom int) distuv.StudentsT {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(freedom)}
}

// pairedT is the two-sided p-value of the t-test that the mean of the differences d
// is 0, and its t; NaN of fewer than two. Differences that are all the same but for
// 0 give p = 0.
func pairedT(d []float64) (t, p float64) {
	if len(d) < 2 {
		return math.NaN(), math.NaN()
	}
	t = mean(d) / (deviation(d) / math.Sqrt(float64(len(d))))
	if math.IsNaN(t) { // all are 0
		return 0, 1
	}
	return t, 2 * student(len(d)-1).CDF(-math.Abs(t))
}

// exactMost is the largest number of differences for which signFlip tries all
// signs.
const exactMost = 20

// signFlip is the exact two-sided p-value of the permutation test that the
// differences d are symmetric around 0: the share of the 2ⁿ ways to give them signs
// whose sum is as far from 0 as that of d. It is never below 2/2ⁿ. NaN of more than
// exactMost, and of none.
func signFlip(d []float64) float64 {
	if len(d) == 0 || len(d) > exactMost {
		return math.NaN()
	}
	sum, size := 0.0, 0.0
	for _, v := range d {
		sum += v
		size += math.Abs(v)
	}
	least := math.Abs(sum) - 1e-12*size // sums that are equal may be rounded differently
	count, all := 0, 1<<len(d)
	for signs := range all {
		s := 0.0
		for i, v := range d {
			if signs>>i&1 == 1 {
				v = -v
			}
			s += v
		}
		if math.Abs(s) >= least {
			count++
		}
	}
	return float64(count) / float64(all)
}
