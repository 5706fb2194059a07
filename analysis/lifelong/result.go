package lifelong

import (
	"fmt"
	"strings"

	"lbsam/internal/figure"
)

// A Result is a whole measurement.
type Result struct {
	Kind     string         `json:"kind"` // "lifelong"
	Settings map[string]any `json:"settings"`
	Dataset  string         `json:"dataset"`
	Tasks    int            `json:"tasks"` // that were learnt
	Seeds    []SeedResult   `json:"seeds"`
	Mean     Metrics        `json:"mean"`
	SD       *Metrics       `json:"sd,omitempty"` // over the seeds; absent for one
	Matrix   [][]float64    `json:"matrix"`       // mean over the seeds: [after task][task]
	Evals    float64        `json:"evals"`        // gradient evaluations of a seed, on average
	Images   float64        `json:"images"`       // likewise: see Point
	Seconds  float64        `json:"seconds"`      // of training, of all seeds
}

// A SeedResult is that of one seed.
type SeedResult struct {
	Seed    uint64      `json:"seed"`
	Start   []float64   `json:"start"`   // accuracy before the first task
	Matrix  [][]float64 `json:"matrix"`  // [after task][task]
	Classes [][]string  `json:"classes"` // of each task
	Metrics
	Evals   int64   `json:"evals"`
	Images  int64   `json:"images"`
	Seconds float64 `json:"seconds"`
}

// newResult sums up the points of all seeds.
func newResult(c Config, dataset string, points []Point) Result {
	r := Result{Kind: "lifelong", Settings: c.settings(), Dataset: dataset, Tasks: c.Learn}
	var all []Metrics
	for _, seed := range c.Seeds {
		s := SeedResult{Seed: seed}
		for _, p := range points {
			switch {
			case p.Seed != seed:
			case p.Task == 0:
				s.Start = p.Accuracy
			default:
				s.Matrix, s.Classes = append(s.Matrix, p.Accuracy), append(s.Classes, p.Classes)
				s.Evals, s.Images, s.Seconds = p.Evals, p.Images, s.Seconds+p.Seconds
			}
		}
		s.Metrics = Measure(s.Start, s.Matrix)
		all = append(all, s.Metrics)
		r.Seeds = append(r.Seeds, s)
		r.Seconds += s.Seconds
		r.Evals += float64(s.Evals) / float64(len(c.Seeds))
		r.Images += float64(s.Images) / float64(len(c.Seeds))
	}
	r.Mean, r.SD = Summarize(all)
	for t := range c.Learn {
		row := make([]float64, c.Learn)
		for _, s := range r.Seeds {
			for i, v := range s.Matrix[t] {
				row[i] += v / float64(len(r.Seeds))
			}
		}
		r.Matrix = append(r.Matrix, row)
	}
	return r
}

// CSV has a row for each seed, each task behind which was tested, and each task that
// was tested; task 0 is before the first.
func (r Result) CSV() string {
	var b strings.Builder
	fmt.Fprintln(&b, "seed,after_task,task,accuracy")
	for _, s := range r.Seeds {
		for t, row := range append([][]float64{s.Start}, s.Matrix...) {
			for i, v := range row {
				fmt.Fprintf(&b, "%d,%d,%d,%v\n", s.Seed, t, i+1, v)
			}
		}
	}
	return b.String()
}

// title is what the figures are about.
func (r Result) title() string {
	return fmt.Sprintf("%s %s, %v with %v, mean of %d seeds", r.Settings["stream"], r.Dataset, r.Settings["method"], r.Settings["minimizer"], len(r.Seeds))
}

// Figure is the matrix of accuracies, in percent.
func (r Result) Figure() figure.Matrix {
	m := figure.Matrix{Title: "Accuracy in %: " + r.title(), RowLabel: "after task", ColLabel: "on task", Share: r.Matrix}
	for t, row := range r.Matrix {
		m.Names = append(m.Names, fmt.Sprint(t+1))
		var texts []string
		for _, v := range row {
			texts = append(texts, fmt.Sprintf("%.0f", 100*v))
		}
		m.Text = append(m.Text, texts)
	}
	return m
}

// Curve is the mean accuracy on the tasks learnt so far, and that on the first one,
// with a band of one standard deviation over the seeds.
func (r Result) Curve() figure.Lines {
	line := func(name string, value func(s SeedResult) []float64) figure.Series {
		out := figure.Series{Name: name}
		for t := range r.Tasks {
			var x []float64
			for _, s := range r.Seeds {
				x = append(x, 100*value(s)[t])
			}
			mean, sd := meanAndSD(x)
			out.X, out.Y = append(out.X, float64(t+1)), append(out.Y, mean)
			out.Low, out.High = append(out.Low, mean-sd), append(out.High, mean+sd)
		}
		return out
	}
	return figure.Lines{
		Title: "Accuracy: " + r.title(), X: figure.Axis{Label: "tasks learnt", Whole: true}, Y: figure.Axis{Label: "test accuracy, %"},
		Series: []figure.Series{
			line("all tasks so far", func(s SeedResult) []float64 { return SoFar(s.Matrix) }),
			line("task 1", func(s SeedResult) (first []float64) {
				for _, row := range s.Matrix {
					first = append(first, row[0])
				}
				return first
			}),
		},
	}
}
