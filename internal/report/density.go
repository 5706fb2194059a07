package report

import (
	"math"

	"lbsam/internal/figure"
)

// densities are those of the eigenvalues of each arm: the mean over its results of
// the nodes, each widened to a normal distribution.
func densities(arms []string, spectra [][][]node) figure.Lines {
	f := figure.Lines{Title: "Density of the Hessian's eigenvalues", X: figure.Axis{Label: "eigenvalue"}, Y: figure.Axis{Label: "density", Log: true}}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, results := range spectra {
		for _, nodes := range results {
			for _, n := range nodes {
				if v := float64(n.Value); finite(v) {
					lo, hi = min(lo, v), max(hi, v)
				}
			}
		}
	}
	if !(lo < hi) {
		return f
	}
	const points = 160
	width := 0.02 * (hi - lo)
	lo, hi = lo-3*width, hi+3*width
	for arm, results := range spectra[:min(len(spectra), linesMost)] {
		line := figure.Series{Name: arms[arm]}
		for i := range points {
			x := lo + (hi-lo)*float64(i)/(points-1)
			if y := density(results, x, width); y > leastDensity/(hi-lo) {
				line.X, line.Y = append(line.X, x), append(line.Y, y)
			} else { // a gap
				line.X, line.Y = append(line.X, x), append(line.Y, math.NaN())
			}
		}
		if len(results) > 0 {
			f.Series = append(f.Series, line)
		}
	}
	return f
}

// leastDensity is the density that is still shown, of one where all are spread
// evenly.
const leastDensity = 1e-7

// density is the mean over results at x.
func density(results [][]node, x, width float64) (sum float64) {
	for _, nodes := range results {
		for _, n := range nodes {
			z := (x - float64(n.Value)) / width
			if y := float64(n.Share) * math.Exp(-z*z/2) / (width * math.Sqrt(2*math.Pi)); finite(y) {
				sum += y / float64(len(results))
			}
		}
	}
	return sum
}
