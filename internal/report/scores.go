package report

import (
	"fmt"
	"math"
	"slices"

	"lbsam/internal/figure"
	"lbsam/train"
)

func testAccuracy(r *Run) float64   { return scored(r.last(), 100*r.last().Test.Accuracy) }
func testLoss(r *Run) float64       { return scored(r.last(), r.last().Test.Loss) }
func trainLoss(r *Run) float64      { return r.last().TrainLoss }
func trainAccuracy(r *Run) float64  { return 100 * r.last().TrainAccuracy }
func lastValidation(r *Run) float64 { return validation(r.last()) }

// scored is score, NaN where the test set was not scored behind e.
func scored(e train.Epoch, score float64) float64 {
	if !e.Tested() {
		return math.NaN()
	}
	return score
}

// scores are the numbers of the arms at the end, with what they cost.
func scores(arms []*arm) section {
	s := section{ID: "results", Title: "Results", Text: []string{
		"At the end of each run: mean ± standard deviation over the runs of an arm of which an epoch has ended.",
	}}
	head := []string{"arm", "runs", "test, %", "test loss", "train loss", "train − test, points", "best, %", "gradient evaluations", "seconds"}
	validated := false
	for _, a := range arms {
		validated = validated || a.over(lastValidation).N > 0
	}
	if validated {
		head = append(head, "validation, %")
	}
	t := table{Names: 1, Head: head}
	dots := figure.Intervals{Title: "Test accuracy at the end, mean ± standard deviation", X: figure.Axis{Label: "accuracy, %"}}
	for _, a := range arms {
		test := a.over(testAccuracy)
		row := []string{
			a.Name, fmt.Sprint(test.N), test.text(2), a.over(testLoss).text(4), a.over(trainLoss).text(4),
			a.over(func(r *Run) float64 { return trainAccuracy(r) - testAccuracy(r) }).text(2),
			a.over(func(r *Run) float64 { return 100 * r.last().Best }).text(2), a.evaluations(), a.over((*Run).seconds).text(1),
		}
		if validated {
			row = append(row, a.over(lastValidation).text(2))
		}
		t.Rows = append(t.Rows, row)
		dots.Rows = append(dots.Rows, figure.Interval{Name: a.Name, Value: test.Mean, Low: test.Mean - test.SD, High: test.Mean + test.SD, Text: test.text(2)})
	}
	s.Tables = append(s.Tables, t)
	if len(dots.Rows) <= barsMost && len(arms) > 1 {
		s.draw(dots)
	}
	return s
}

// validation is the accuracy on the validation set behind e, NaN without one.
func validation(e train.Epoch) float64 {
	if e.Validation == nil {
		return math.NaN()
	}
	return 100 * e.Validation.Accuracy
}

// evaluations are the gradient evaluations of a run.
func (a *arm) evaluations() string {
	s := a.over(func(r *Run) float64 { _, n := r.at(); return float64(n) })
	switch {
	case s.N == 0:
		return ""
	case s.N == 1 || s.SD == 0:
		return thousands(int(s.Mean))
	}
	return fmt.Sprintf("%s ± %s", thousands(int(s.Mean+0.5)), thousands(int(s.SD+0.5)))
}

// armCurves are how the arms went: losses and accuracies over what they cost.
func armCurves(arms []*arm) section {
	s := section{ID: "curves", Title: "Curves"}
	if len(arms) > linesMost {
		s.Text = append(s.Text, fmt.Sprintf("The first %d of %d arms.", linesMost, len(arms)))
		arms = arms[:linesMost]
	}
	s.Text = append(s.Text, "Means over the runs of an arm at the end of each epoch; bands are one standard deviation to either side.")
	for _, y := range quantities(arms) {
		for _, x := range []struct {
			label string
			of    func(r *Run, epochs int) float64
		}{
			{"gradient evaluations", func(r *Run, n int) float64 { return float64(r.Epochs[n].Evals) }},
			{"seconds of training", func(r *Run, n int) (sum float64) {
				for _, e := range r.Epochs[:n+1] {
					sum += e.Seconds
				}
				return sum
			}},
		} {
			f := figure.Lines{Title: y.title, X: figure.Axis{Label: x.label, Zero: true}, Y: figure.Axis{Label: y.label}}
			for _, a := range arms {
				f.Series = append(f.Series, a.curve(x.of, y.of))
			}
			s.draw(f)
		}
	}
	return s
}

// A quantity is a number of every epoch, NaN where it was not measured.
type quantity struct {
	title, label string
	of           func(train.Epoch) float64
}

// quantities are what was measured more than once of some run: a test set that is
// scored at the end alone has no curve.
func quantities(arms []*arm) []quantity {
	all := []quantity{
		{"Train loss", "loss", func(e train.Epoch) float64 { return e.TrainLoss }},
		{"Validation accuracy", "accuracy, %", validation},
		{"Test accuracy", "accuracy, %", func(e train.Epoch) float64 { return scored(e, 100*e.Test.Accuracy) }},
	}
	return slices.DeleteFunc(all, func(q quantity) bool {
		most, epochs := 0, 0
		for _, a := range arms {
			for _, r := range a.Runs {
				known := 0
				for _, e := range r.Epochs {
					if !math.IsNaN(q.of(e)) {
						known++
					}
				}
				most, epochs = max(most, known), max(epochs, len(r.Epochs))
			}
		}
		return epochs > 0 && (most == 0 || most == 1 && epochs > 1)
	})
}

// curve is an arm at the ends of its epochs, each over the runs that came so far.
func (a *arm) curve(x func(*Run, int) float64, y func(train.Epoch) float64) figure.Series {
	s := figure.Series{Name: a.Name}
	for n := 0; ; n++ {
		var xs, ys []float64
		for _, r := range a.Runs {
			if n < len(r.Epochs) {
				xs, ys = append(xs, x(r, n)), append(ys, y(r.Epochs[n]))
			}
		}
		if xs == nil {
			return s
		}
		grow(&s, spreadOf(xs).Mean, spreadOf(ys))
	}
}
