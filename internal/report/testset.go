package report

import (
	"fmt"
	"slices"

	"lbsam/internal/figure"
)

// testSet shows what the weights of each run say about the test set.
func (o *Overview) testSet(arms []*arm) section {
	s := section{ID: "test", Title: "Test set"}
	if len(o.Runs) > runsMost {
		s.Text = append(s.Text, fmt.Sprintf("Of the first %d of %d runs.", runsMost, len(o.Runs)))
	}
	if f, ok := o.perClass(arms); ok {
		s.draw(f)
	}
	root := o.root()
	for _, a := range arms {
		for _, r := range a.Runs {
			if !o.WithPredictions(r) {
				continue
			}
			part := folded{Title: fmt.Sprintf("%s: %s, seed %d", r.under(root), a.Name, r.Config.Seed), Tested: o.tested[r]}
			if part.Tested == nil {
				part.Note = o.Missing[r.Path]
			}
			s.Folded = append(s.Folded, part)
		}
	}
	return s
}

// perClass is the accuracy of each class by arm, if all have the same classes and
// these are few.
func (o *Overview) perClass(arms []*arm) (h figure.Heat, ok bool) {
	h = figure.Heat{Title: "Accuracy per class, mean of the runs", Value: figure.Axis{Label: "%"}}
	for _, a := range arms {
		var sums [][]float64 // of each class
		for _, r := range a.Runs {
			t := o.tested[r]
			if t == nil {
				continue
			}
			var names []string
			for i, c := range t.Classes {
				names = append(names, c.Name)
				if len(sums) <= i {
					sums = append(sums, nil)
				}
				if c.Seen {
					sums[i] = append(sums[i], 100*c.Recall)
				}
			}
			if h.Cols == nil {
				h.Cols = names
			}
			if !slices.Equal(h.Cols, names) || len(names) > barsMost {
				return h, false
			}
		}
		if sums == nil {
			continue
		}
		h.Rows = append(h.Rows, a.Name)
		var row []float64
		var text []string
		for _, list := range sums {
			v := spreadOf(list)
			row, text = append(row, v.Mean), append(text, spread{Mean: v.Mean, N: min(v.N, 1)}.text(1))
		}
		h.Values, h.Text = append(h.Values, row), append(h.Text, text)
	}
	return h, len(h.Rows) > 0 && len(h.Rows) <= barsMost
}
