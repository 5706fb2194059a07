package report

import (
	"fmt"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// A comparison is what is read of the result of compare.
type comparison struct {
	Title, Metric string
	Arms          []struct {
		Arm       string
		Seeds     []uint64
		Mean      analysis.Number
		Deviation analysis.Number `json:"standard_deviation"`
		Low, High analysis.Number
		Evals     analysis.Number
		Seconds   analysis.Number
		ByEvals   analysis.Number `json:"mean_at_evals"`
		BySeconds analysis.Number `json:"mean_at_seconds"`
		Curve     struct {
			Evals, Seconds, Mean, Low, High []analysis.Number
		}
	}
	Contrasts []struct {
		A, B      string
		Seeds     []uint64
		Mean      analysis.Number
		Low, High analysis.Number
		P         analysis.Number
		SignFlip  analysis.Number `json:"sign_flip"`
	}
	Notes []string
}

// compare shows arms against each other, with what the comparison says of their
// difference.
func compare(b *bundle) section {
	s := section{ID: "compare", Title: "Comparison"}
	shown := 0
	b.each(func(arm int, r Result) error {
		var v comparison
		if err := r.decode(&v); err != nil {
			return err
		}
		if len(v.Arms) == 0 && len(v.Contrasts) == 0 {
			return nil
		}
		if shown++; shown <= figuresMost {
			v.show(&s)
		}
		return nil
	})
	if shown > 0 {
		s.Text = append(s.Text, "Intervals are of 95%. Differences are those of pairs of runs with one seed.")
	}
	return s
}

// show adds figures and tables.
func (v comparison) show(s *section) {
	title := v.Title
	if title == "" {
		title = v.Metric
	}
	arms := table{Title: title, Names: 1, Head: []string{"arm", "seeds", "mean ± sd", "95% interval", "gradient evaluations", "seconds", "at equal evaluations", "at equal seconds"}}
	byEvals := figure.Lines{Title: title, X: figure.Axis{Label: "gradient evaluations", Zero: true}, Y: figure.Axis{Label: v.Metric}}
	bySeconds := byEvals
	bySeconds.X.Label = "seconds of training"
	for i, a := range v.Arms {
		mean := spread{Mean: float64(a.Mean), SD: float64(a.Deviation), N: len(a.Seeds)}
		if !finite(mean.Mean) {
			mean.N = 0
		} else if !finite(mean.SD) {
			mean.N = 1
		}
		arms.Rows = append(arms.Rows, []string{
			a.Arm, fmt.Sprint(len(a.Seeds)), mean.brief(), interval(a.Low, a.High), short(float64(a.Evals)), short(float64(a.Seconds)),
			short(float64(a.ByEvals)), short(float64(a.BySeconds)),
		})
		if c := a.Curve; i < linesMost && len(c.Mean) > 0 { // a number that is measured once has none
			byEvals.Series = append(byEvals.Series, track(a.Arm, c.Evals, c.Mean, c.Low, c.High))
			bySeconds.Series = append(bySeconds.Series, track(a.Arm, c.Seconds, c.Mean, c.Low, c.High))
		}
	}
	differences := table{Title: "Differences: " + title, Names: 1, Head: []string{"difference", "seeds", "mean", "95% interval", "p of the paired t-test", "p of the sign-flip test"}}
	dots := figure.Intervals{Title: "Differences with intervals of 95%", X: figure.Axis{Label: title, Zero: true}}
	for _, c := range v.Contrasts {
		name := c.A + " − " + c.B
		differences.Rows = append(differences.Rows, []string{
			name, fmt.Sprint(len(c.Seeds)), short(float64(c.Mean)), interval(c.Low, c.High), short(float64(c.P)), short(float64(c.SignFlip)),
		})
		dots.Rows = append(dots.Rows, figure.Interval{Name: name, Value: float64(c.Mean), Low: float64(c.Low), High: float64(c.High), Text: short(float64(c.Mean))})
	}
	if len(v.Arms) > 0 {
		if byEvals.Series != nil {
			s.draw(byEvals, bySeconds)
		}
		s.Tables = append(s.Tables, arms)
	}
	if len(v.Contrasts) > 0 {
		dots.Rows = dots.Rows[:min(len(dots.Rows), barsMost)]
		s.draw(dots)
		s.Tables = append(s.Tables, differences)
	}
	s.Text = append(s.Text, v.Notes...)
}

// interval writes an interval, "" of none.
func interval(low, high analysis.Number) string {
	if !finite(float64(low)) || !finite(float64(high)) {
		return ""
	}
	return short(float64(low)) + " to " + short(float64(high))
}

// track is a series of a result, as long as its shortest list; a band where there
// is one.
func track(name string, x, y, low, high []analysis.Number) figure.Series {
	s := figure.Series{Name: name}
	n := min(len(x), len(y))
	band := len(low) >= n && len(high) >= n
	for i := range n {
		s.X, s.Y = append(s.X, float64(x[i])), append(s.Y, float64(y[i]))
		if band {
			s.Low, s.High = append(s.Low, float64(low[i])), append(s.High, float64(high[i]))
		}
	}
	return s
}
