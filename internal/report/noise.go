package report

import (
	"cmp"
	"math"
	"slices"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// A noised is what is read of the result of a noise measurement.
type noised struct {
	Noise  string
	Points []struct {
		Tensor string
		Level  analysis.Number
		level
		Recalibrated *level // with statistics taken anew
	}
}

// A noisy is where noise was: of which kind, on which tensor ("": all), how strong.
type noisy struct {
	kind, tensor string
	level        float64
}

// noise shows what becomes of the accuracy where the weights are noisy.
func noise(b *bundle) section {
	s := section{ID: "noise", Title: "Noisy weights"}
	all := newSheet[noisy](len(b.arms))
	b.each(func(arm int, r Result) error {
		var v noised
		if err := r.decode(&v); err != nil {
			return err
		}
		draws := newSheet[noisy](1) // a run counts once, however many its draws are
		for _, p := range v.Points {
			draws.add(noisy{v.Noise, p.Tensor, float64(p.Level)}, 0, 100*float64(p.Accuracy))
			if p.Recalibrated != nil {
				draws.add(noisy{v.Noise + ", statistics taken anew", p.Tensor, float64(p.Level)}, 0, 100*float64(p.Recalibrated.Accuracy))
			}
		}
		for _, k := range draws.keys {
			all.add(k, arm, draws.of(k, 0).Mean)
		}
		return nil
	})
	slices.SortStableFunc(all.keys, func(a, b noisy) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.level, b.level))
	})
	t := table{Title: "Accuracy with noise on all weights, %", Names: 1, Head: append([]string{"noise", "level"}, b.arms...)}
	for _, k := range all.keys {
		if k.tensor == "" {
			t.Rows = append(t.Rows, append([]string{k.kind, short(k.level)}, b.row(func(arm int) spread { return all.of(k, arm) })...))
		}
	}
	if t.Rows != nil {
		s.draw(noiseFigures(b, all)...)
		s.Tables = append(s.Tables, t)
	}
	s.draw(layerFigures(b, all)...)
	if !s.empty() {
		s.Text = append(s.Text, "Each run counts with its mean over the draws of the noise. Level 0 is the model as it is.")
	}
	return s
}

// noiseFigures are the accuracies over the level, a figure for each kind of noise.
func noiseFigures(b *bundle, all *sheet[noisy]) (list []figure.Figure) {
	var f *figure.Lines
	last := ""
	for _, k := range all.keys {
		if k.tensor != "" || f != nil && k.kind == last {
			continue
		}
		last = k.kind
		f = &figure.Lines{Title: "Accuracy with noise: " + k.kind, X: figure.Axis{Label: "level of the noise", Zero: true}, Y: figure.Axis{Label: "accuracy, %"}}
		for arm := range min(len(b.arms), linesMost) {
			line := figure.Series{Name: b.arms[arm]}
			for _, other := range all.keys {
				if v := all.of(other, arm); v.N > 0 && other.tensor == "" && other.kind == k.kind {
					grow(&line, other.level, v)
				}
			}
			if line.X != nil {
				f.Series = append(f.Series, line)
			}
		}
		list = append(list, *f)
	}
	return list
}

// layerFigures are the accuracies with noise on one tensor at a time, a table for
// each arm.
func layerFigures(b *bundle, all *sheet[noisy]) (list []figure.Figure) {
	var kinds []string
	for _, k := range all.keys {
		place(&kinds, k.kind)
	}
	for n := range len(kinds) * len(b.arms) {
		kind, arm := kinds[n/len(b.arms)], n%len(b.arms)
		h := figure.Heat{Title: b.arms[arm] + ": " + kind + " noise on one tensor", ColLabel: "level of the noise", Value: figure.Axis{Label: "accuracy, %"}}
		for _, k := range all.keys {
			v := all.of(k, arm)
			if k.tensor == "" || v.N == 0 || k.kind != kind {
				continue
			}
			i, j := place(&h.Rows, k.tensor), place(&h.Cols, short(k.level))
			for len(h.Values) <= i {
				h.Values, h.Text = append(h.Values, nil), append(h.Text, nil)
			}
			for len(h.Values[i]) <= j {
				h.Values[i], h.Text[i] = append(h.Values[i], math.NaN()), append(h.Text[i], "")
			}
			h.Values[i][j], h.Text[i][j] = v.Mean, spread{Mean: v.Mean, N: 1}.text(1)
		}
		if h.Rows != nil && len(list) < figuresMost {
			list = append(list, h)
		}
	}
	return list
}

// place is where a name stands in a list, to which it is added if it is new.
func place(list *[]string, name string) int {
	i := slices.Index(*list, name)
	if i < 0 {
		i = len(*list)
		*list = append(*list, name)
	}
	return i
}
