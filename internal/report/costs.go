package report

import (
	"fmt"

	"lbsam/internal/figure"
)

// costs are time, evaluations and speed of the arms.
func costs(arms []*arm) section {
	s := section{ID: "cost", Title: "Cost"}
	t := table{Names: 1, Head: []string{"arm", "seconds", "seconds per epoch", "gradient evaluations", "evaluations/s", "images/s", "waiting for data"}}
	time := figure.Intervals{Title: "Seconds of training, mean ± standard deviation", X: figure.Axis{Label: "seconds", Zero: true}}
	for _, a := range arms {
		spent := a.over((*Run).seconds)
		t.Rows = append(t.Rows, []string{
			a.Name, spent.text(1), a.over(func(r *Run) float64 { return r.seconds() / float64(max(r.last().Epoch, 1)) }).text(2), a.evaluations(),
			a.over(func(r *Run) float64 { _, n := r.at(); return float64(n) / r.seconds() }).text(1),
			a.over((*Run).speed).text(0), waiting(a),
		})
		time.Rows = append(time.Rows, figure.Interval{Name: a.Name, Value: spent.Mean, Low: spent.Mean - spent.SD, High: spent.Mean + spent.SD, Text: spent.text(1)})
	}
	s.Tables = append(s.Tables, t)
	if len(time.Rows) <= barsMost && len(arms) > 1 {
		s.draw(time)
	}
	s.Text = append(s.Text, "Time of training, evaluations on the test set not counted. Images per second count each image once, whatever the evaluations of a step. Runs that shared a machine slowed each other down.")
	return s
}

// speed is images per second over all intervals, NaN if there are none.
func (r *Run) speed() float64 {
	images, spent := 0.0, 0.0
	for _, v := range r.Intervals {
		if v.ImagesPerSecond > 0 {
			images, spent = images+float64(v.Images), spent+float64(v.Images)/v.ImagesPerSecond
		}
	}
	return images / spent
}

func waiting(a *arm) string {
	w := a.over((*Run).waited)
	if w.N == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*w.Mean)
}
