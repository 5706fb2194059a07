package study

import (
	"math"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// A Curve is the mean of a metric over the seeds of an arm at the end of each
// epoch that all of them have, over what it had cost. Low and High are the
// interval of the mean.
type Curve struct {
	Evals   []float64         `json:"evals"`
	Seconds []float64         `json:"seconds"` // of training, mean
	Mean    []float64         `json:"mean"`
	Low     []analysis.Number `json:"low"`
	High    []analysis.Number `json:"high"`
}

func newCurve(m Metric, trials []Trial) Curve {
	if m.measurement != nil {
		return Curve{} // measured once
	}
	epochs := len(trials[0].Epochs)
	for _, t := range trials {
		epochs = min(epochs, len(t.Epochs))
	}
	c := Curve{}
	passed := make([]float64, len(trials)) // seconds
	for i := range epochs {
		var list, evals []float64
		for j, t := range trials {
			e := t.Epochs[i]
			passed[j] += e.Seconds
			evals = append(evals, float64(e.Evals))
			if v, ok := m.of(e); ok {
				list = append(list, v)
			}
		}
		if len(list) < len(trials) {
			continue
		}
		half := margin(list)
		c.Evals, c.Seconds, c.Mean = append(c.Evals, mean(evals)), append(c.Seconds, mean(passed)), append(c.Mean, mean(list))
		c.Low, c.High = append(c.Low, analysis.Number(mean(list)-half)), append(c.High, analysis.Number(mean(list)+half))
	}
	return c
}

// at is y at place v of x, which rises, on straight lines between its points; NaN
// outside of them.
func at(x, y []float64, v float64) float64 {
	for i := range x {
		if near := 1e-9 * math.Abs(v); math.Abs(x[i]-v) <= near {
			return y[i]
		}
		if i > 0 && x[i-1] < v && v < x[i] {
			share := (v - x[i-1]) / (x[i] - x[i-1])
			return y[i-1] + share*(y[i]-y[i-1])
		}
	}
	return math.NaN()
}

// banded is the number of seeds from which a figure shows the interval: of two it
// is so wide, 12.7 standard errors, that it hides the lines.
const banded = 3

// Dots are the means of the arms with their intervals.
func (c Comparison) Dots() figure.Intervals {
	f := figure.Intervals{Title: c.title(), X: figure.Axis{Label: c.label()}}
	for _, m := range c.Arms {
		v := shownBy(c.metric.Share, []analysis.Number{m.Mean, m.Low, m.High})
		f.Rows = append(f.Rows, figure.Interval{Name: m.Arm, Value: v[0], Low: v[1], High: v[2], Text: c.number(m.Mean, 2, false)})
	}
	return f
}

// label is what an axis shows.
func (c Comparison) label() string {
	if c.metric.Share {
		return c.metric.What + ", %"
	}
	return c.metric.What
}

// Figures are the metric over gradient evaluations and over seconds, each arm's mean
// with the interval around it.
func (c Comparison) Figures() (evals, seconds figure.Lines) {
	draw := func(title, x string, of func(Curve) []float64) figure.Lines {
		f := figure.Lines{Title: title, X: figure.Axis{Label: x, Zero: true}, Y: figure.Axis{Label: c.label()}}
		for _, m := range c.Arms {
			s := figure.Series{Name: m.Arm, X: of(m.Curve), Y: shownBy(c.metric.Share, m.Curve.Mean)}
			if len(m.Seeds) >= banded {
				s.Low, s.High = shownBy(c.metric.Share, m.Curve.Low), shownBy(c.metric.Share, m.Curve.High)
			}
			f.Series = append(f.Series, s)
		}
		return f
	}
	return draw("At equal gradient evaluations", "gradient evaluations", func(k Curve) []float64 { return k.Evals }),
		draw("At equal wall clock", "seconds of training", func(k Curve) []float64 { return k.Seconds })
}

// shownBy are numbers as they are shown: accuracies in percent.
func shownBy[N ~float64](share bool, list []N) []float64 {
	scale := 1.0
	if share {
		scale = 100
	}
	var all []float64
	for _, v := range list {
		all = append(all, scale*float64(v))
	}
	return all
}
