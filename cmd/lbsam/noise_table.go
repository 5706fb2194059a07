package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// noiseTable is what a user reads of the levels: of one tensor at a time, the most
// sensitive ones first.
func noiseTable(n analysis.Noise, summary []analysis.NoiseLevel) string {
	b := &strings.Builder{}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	if n.PerLayer {
		writeTensors(w, n, summary)
	} else {
		writeLevels(w, summary)
	}
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// writeLevels writes a row for each level.
func writeLevels(w *tabwriter.Writer, summary []analysis.NoiseLevel) {
	fmt.Fprint(w, "noise\taccuracy\tloss")
	if summary[0].Recalibrated != nil {
		fmt.Fprint(w, "\trecalibrated\tloss")
	}
	fmt.Fprintln(w)
	for _, l := range summary {
		fmt.Fprintf(w, "%g\t%s\t%s", l.Level, shareText(l.Accuracy), lossText(l.Loss))
		if r := l.Recalibrated; r != nil {
			fmt.Fprintf(w, "\t%s\t%s", shareText(r.Accuracy), lossText(r.Loss))
		}
		fmt.Fprintln(w)
	}
}

// writeTensors writes a row for each tensor, with its accuracies.
func writeTensors(w *tabwriter.Writer, n analysis.Noise, summary []analysis.NoiseLevel) {
	fmt.Fprint(w, "accuracy with noise")
	for _, level := range n.Levels {
		fmt.Fprintf(w, "\t%g", level)
	}
	fmt.Fprintf(w, "\nnone\t%s\n", shareText(summary[0].Accuracy))
	for _, row := range tensorsOf(n, summary) {
		fmt.Fprint(w, row[0].Tensor)
		for _, l := range row {
			fmt.Fprintf(w, "\t%s", shareText(l.Accuracy))
		}
		fmt.Fprintln(w)
	}
}

// tensorsOf are the levels by tensor, that of the lowest accuracy at the highest
// level first.
func tensorsOf(n analysis.Noise, summary []analysis.NoiseLevel) (rows [][]analysis.NoiseLevel) {
	rows = slices.Collect(slices.Chunk(summary[1:], len(n.Levels)))
	last := len(n.Levels) - 1
	slices.SortStableFunc(rows, func(a, b []analysis.NoiseLevel) int {
		return cmp.Compare(a[last].Accuracy.Mean, b[last].Accuracy.Mean)
	})
	return rows
}

// shareText is a spread of shares as percent.
func shareText(s analysis.Spread) string {
	text := fmt.Sprintf("%.2f", 100*float64(s.Mean))
	if s.Std.Finite() {
		text += fmt.Sprintf(" ± %.2f", 100*float64(s.Std))
	}
	return text + "%"
}

// lossText is a spread of losses.
func lossText(s analysis.Spread) string {
	switch {
	case !s.Mean.Finite():
		return "not finite"
	case !s.Std.Finite():
		return fmt.Sprintf("%.4f", float64(s.Mean))
	}
	return fmt.Sprintf("%.4f ± %.4f", float64(s.Mean), float64(s.Std))
}

// noiseRows are the points as a table.
func noiseRows(points []analysis.NoisePoint) [][]string {
	names := []string{"tensor", "level", "draw", "loss", "accuracy"}
	again := points[0].Recalibrated != nil
	if again {
		names = append(names, "loss_recalibrated", "accuracy_recalibrated")
	}
	rows := [][]string{names}
	for _, p := range points {
		row := []string{p.Tensor, analysis.Number(p.Level).String(), strconv.Itoa(p.Draw), p.Loss.String(), analysis.Number(p.Accuracy).String()}
		if again {
			row = append(row, p.Recalibrated.Loss.String(), analysis.Number(p.Recalibrated.Accuracy).String())
		}
		rows = append(rows, row)
	}
	return rows
}

// noiseFigure shows the accuracy over the levels or, of one tensor at a time, that
// at the highest level.
func noiseFigure(n analysis.Noise, model string, summary []analysis.NoiseLevel) figure.Figure {
	if n.PerLayer {
		return tensorsFigure(n, model, summary)
	}
	l := figure.Lines{
		Title: "Accuracy of " + model + " with noise on its weights",
		X:     figure.Axis{Label: n.Kind + " noise, standard deviation"}, Y: figure.Axis{Label: "accuracy, %"},
		Series: []figure.Series{accuracySeries("statistics as trained", summary, func(l analysis.NoiseLevel) analysis.Spread { return l.Accuracy })},
	}
	if summary[0].Recalibrated != nil {
		l.Series = append(l.Series, accuracySeries("recalibrated", summary, func(l analysis.NoiseLevel) analysis.Spread { return l.Recalibrated.Accuracy }))
	}
	return l
}

// accuracySeries is a line of means with a band of a standard deviation to each side.
func accuracySeries(name string, summary []analysis.NoiseLevel, of func(analysis.NoiseLevel) analysis.Spread) figure.Series {
	s := figure.Series{Name: name}
	for _, l := range summary {
		a := of(l)
		mean, std := 100*float64(a.Mean), 0.0 // of one number there is no band
		if a.Std.Finite() {
			std = 100 * float64(a.Std)
		}
		s.X, s.Y = append(s.X, l.Level), append(s.Y, mean)
		s.Low, s.High = append(s.Low, mean-std), append(s.High, mean+std)
	}
	return s
}

// tensorsFigure shows the tensors, the most sensitive one first.
func tensorsFigure(n analysis.Noise, model string, summary []analysis.NoiseLevel) figure.Figure {
	last := len(n.Levels) - 1
	f := figure.Intervals{
		Title: "Accuracy of " + model + " with noise on one tensor",
		X:     figure.Axis{Label: fmt.Sprintf("accuracy in %% at %s noise %g", n.Kind, n.Levels[last])},
	}
	for _, row := range tensorsOf(n, summary) {
		a := row[last].Accuracy
		mean, std := 100*float64(a.Mean), 100*float64(a.Std)
		f.Rows = append(f.Rows, figure.Interval{Name: row[last].Tensor, Value: mean, Low: mean - std, High: mean + std, Text: shareText(a)})
	}
	return f
}
