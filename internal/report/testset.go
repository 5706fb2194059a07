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
	all := newSheet[int](len(arms)) // of the classes
	for i, a := range arms {
		for _, r := range a.Runs {
			t := o.tested[r]
			if t == nil {
				continue
			}
			var names []string
			for class, c := range t.Classes {
				if names = append(names, c.Name); c.Seen {
					all.add(class, i, 100*c.Recall)
				}
			}
			if h.Rows == nil {
				h.Rows = names
			}
			if !slices.Equal(h.Rows, names) || len(names) > barsMost {
				return h, false
			}
		}
	}
	h.Values, h.Text = make([][]float64, len(h.Rows)), make([][]string, len(h.Rows))
	for i, a := range arms[:min(len(arms), linesMost)] {
		h.Cols = append(h.Cols, a.Name)
		for class := range h.Rows {
			v := all.of(class, i)
			h.Values[class], h.Text[class] = append(h.Values[class], v.Mean), append(h.Text[class], spread{Mean: v.Mean, N: min(v.N, 1)}.text(1))
		}
	}
	return h, len(h.Rows) > 0
}
