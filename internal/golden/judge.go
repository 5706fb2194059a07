package golden

import (
	"fmt"
	"math"

	"lbsam/kernels"
)

// A Check is the verdict on one quantity of a trace.
type Check struct {
	Quantity string  `json:"quantity"`
	Error    finite  `json:"error"` // see distance
	Bound    float64 `json:"bound"`
	Judged   bool    `json:"judged"`            // in float32 some quantities of deep networks are not
	Problem  string  `json:"problem,omitempty"` // numbers that are NaN or missing
}

// Pass reports whether the quantity is not known to be wrong.
func (c Check) Pass() bool {
	return c.Problem == "" && (!c.Judged || float64(c.Error) <= c.Bound)
}

// String says what is wrong.
func (c Check) String() string {
	if c.Problem != "" {
		return fmt.Sprintf("%s: %s", c.Quantity, c.Problem)
	}
	return fmt.Sprintf("%s is off by %.2g, allowed %.2g", c.Quantity, float64(c.Error), c.Bound)
}

// Judge holds what a replay of t measured against the trace.
func Judge(t *Trace, got Numbers, precision kernels.Dtype) []Check {
	var checks []Check
	want := t.Numbers()
	for _, q := range quantities {
		if len(want[q]) == 0 && len(got[q]) == 0 {
			continue
		}
		c := Check{Quantity: q}
		c.Bound, c.Judged = bound(q, t.Float32Error[q], precision)
		c.Problem = problem(got[q], want[q])
		if c.Problem == "" {
			c.Error = finite(distance(got[q], want[q], q == "alpha"))
		}
		checks = append(checks, c)
	}
	return checks
}

// bound is the error allowed to quantity q, of which float32 runs of the
// reference have the given error, and whether that says anything.
func bound(q string, float32Error float64, precision kernels.Dtype) (allowed float64, judged bool) {
	if precision == kernels.Float64 {
		return max(1e-9, 1e-6*float32Error), true
	}
	allowed = max(1e-5, 20*float32Error)
	if q == "first_loss" || q == "first_norm" { // nothing has been amplified yet
		return min(allowed, 5e-3), true
	}
	return allowed, allowed <= 1e-2
}

// problem says what keeps got from being compared.
func problem(got, want []float64) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d numbers, want %d", len(got), len(want))
	}
	for i := range got {
		if difference := got[i] - want[i]; math.IsNaN(difference) || math.IsInf(difference, 0) {
			return fmt.Sprintf("number %d of %d is %v, want %v", i, len(got), got[i], want[i])
		}
	}
	return ""
}

// distance is the largest difference, relative to the largest magnitude that
// is wanted unless absolute is set.
func distance(got, want []float64, absolute bool) float64 {
	difference, largest := 0.0, 0.0
	for i, w := range want {
		difference = max(difference, math.Abs(got[i]-w))
		largest = max(largest, math.Abs(w))
	}
	if absolute || difference == 0 {
		return difference
	}
	return difference / largest
}
