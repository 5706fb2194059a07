package report

import (
	"fmt"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// A lifelongResult is what is read of the result of a lifelong measurement.
type lifelongResult struct {
	Mean   lifelongMetrics
	SD     *lifelongMetrics
	Matrix [][]analysis.Number // [after task][task], mean over the seeds
	Seeds  []struct{ Matrix [][]analysis.Number }
	Evals  analysis.Number
}

type lifelongMetrics struct {
	Accuracy   analysis.Number `json:"average_accuracy"`
	Forgetting analysis.Number `json:"forgetting"`
	Backward   analysis.Number `json:"backward_transfer"`
	Forward    analysis.Number `json:"forward_transfer"`
	Learning   analysis.Number `json:"learning_accuracy"`
}

func (m lifelongMetrics) list() []analysis.Number {
	return []analysis.Number{m.Accuracy, m.Forgetting, m.Backward, m.Forward, m.Learning}
}

// lifelong shows what is remembered over a stream of tasks.
func lifelong(b *bundle) section {
	s := section{ID: "lifelong", Title: "Lifelong learning"}
	t := table{Title: "At the end of the stream, %", Names: 1, Head: []string{"", "seeds", "average accuracy", "forgetting", "backward transfer", "forward transfer", "learning accuracy", "gradient evaluations"}}
	course := figure.Lines{Title: "Accuracy on the tasks seen so far", X: figure.Axis{Label: "tasks", Whole: true}, Y: figure.Axis{Label: "mean accuracy, %"}}
	var matrices []figure.Figure
	b.each(func(arm int, r Result) error {
		var v lifelongResult
		if err := r.decode(&v); err != nil {
			return err
		}
		if len(v.Matrix) == 0 {
			return nil
		}
		name := b.arms[arm]
		if len(b.results[arm]) > 1 {
			name = r.name()
		}
		row := []string{name, fmt.Sprint(len(v.Seeds))}
		for i, mean := range v.Mean.list() {
			d := spread{Mean: 100 * float64(mean), N: 1}
			if !finite(d.Mean) {
				d.N = 0
			} else if v.SD != nil && finite(float64(v.SD.list()[i])) {
				d.SD, d.N = 100*float64(v.SD.list()[i]), len(v.Seeds)
			}
			row = append(row, d.text(2))
		}
		evals := ""
		if finite(float64(v.Evals)) {
			evals = thousands(int(v.Evals))
		}
		t.Rows = append(t.Rows, append(row, evals))
		if len(course.Series) < linesMost {
			course.Series = append(course.Series, v.course(name))
		}
		if len(matrices) < figuresMost {
			matrices = append(matrices, v.heat(name))
		}
		return nil
	})
	if t.Rows == nil {
		return s
	}
	s.draw(course)
	s.draw(matrices...)
	s.Tables = append(s.Tables, t)
	return s
}

// course is the mean accuracy on the tasks seen, after each task: the mean over the
// seeds with one standard deviation.
func (v lifelongResult) course(name string) figure.Series {
	s := figure.Series{Name: name}
	for task := range v.Matrix {
		var seeds []float64
		for _, seed := range v.Seeds {
			if task < len(seed.Matrix) && task < len(seed.Matrix[task]) {
				sum := 0.0
				for _, a := range seed.Matrix[task][:task+1] {
					sum += float64(a)
				}
				seeds = append(seeds, 100*sum/float64(task+1))
			}
		}
		grow(&s, float64(task+1), spreadOf(seeds))
	}
	return s
}

// heat is the accuracy on each task after each.
func (v lifelongResult) heat(name string) figure.Heat {
	var m [][]float64
	for _, row := range v.Matrix {
		var cells []float64
		for _, a := range row {
			cells = append(cells, 100*float64(a))
		}
		m = append(m, cells)
	}
	h := heat("Accuracy after each task: "+name, m)
	h.RowLabel, h.ColLabel, h.Value, h.Low, h.High = "after task", "task", figure.Axis{Label: "accuracy, %"}, 0, 100
	for i, row := range m {
		for j, a := range row {
			if h.Text[i][j] = ""; finite(a) {
				h.Text[i][j] = spread{Mean: a, N: 1}.text(1)
			}
		}
	}
	return h
}
