package main

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"lbsam/analysis"
	"lbsam/internal/atomicfile"
	"lbsam/internal/figure"
	"lbsam/train"
)

// nameOf is what a line of sharpness is called.
func nameOf(l analysis.SharpnessLine) string {
	name := l.Geometry + " " + l.Measure
	if l.Measure != analysis.Random && l.M > 0 {
		name += fmt.Sprintf(" m=%d", l.M)
	}
	return name
}

// sharpnessTable is the result for a reader: a row for each radius.
func sharpnessTable(r analysis.SharpnessResult) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "clean loss %.4g, accuracy %s\n", r.Clean.Loss, percent(r.Clean.Accuracy))
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	names, radii, cells := grouped(r.Lines)
	if len(names) > 0 {
		fmt.Fprint(w, "rise of the loss, fall of the accuracy at\tradius")
		for _, radius := range radii {
			fmt.Fprintf(w, "\t%g", radius)
		}
		fmt.Fprintln(w)
	}
	for _, name := range names {
		fmt.Fprintf(w, "%s\tloss", name)
		for _, radius := range radii {
			fmt.Fprintf(w, "\t%s", signed(cells[name][radius].LossRise.Mean))
		}
		fmt.Fprint(w, "\n\taccuracy")
		for _, radius := range radii {
			fmt.Fprintf(w, "\t%s", percent(float64(cells[name][radius].AccuracyLoss.Mean)))
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	writeCurvature(b, r.Curvature)
	return b.String()
}

func signed(n analysis.Number) string {
	if !n.Finite() {
		return "not finite"
	}
	return fmt.Sprintf("%+.4g", float64(n))
}

// grouped are the lines by name and radius, both in their order.
func grouped(lines []analysis.SharpnessLine) (names []string, radii []float64, cells map[string]map[float64]analysis.SharpnessLine) {
	cells = map[string]map[float64]analysis.SharpnessLine{}
	seen := map[float64]bool{}
	for _, l := range lines {
		name := nameOf(l)
		if cells[name] == nil {
			names, cells[name] = append(names, name), map[float64]analysis.SharpnessLine{}
		}
		if !seen[l.Radius] {
			radii, seen[l.Radius] = append(radii, l.Radius), true
		}
		cells[name][l.Radius] = l
	}
	return names, radii, cells
}

func writeCurvature(b *strings.Builder, c analysis.Curvature) {
	if s := c.Spectrum; s != nil {
		fmt.Fprint(b, "eigenvalues of the Hessian ")
		for _, e := range s.Largest {
			fmt.Fprint(b, eigenvalueText(e), ", ")
		}
		fmt.Fprint(b, "smallest ", eigenvalueText(s.Smallest))
		if !s.Converged {
			fmt.Fprintf(b, "; not converged with %s: take more --vectors", count(s.Vectors, "vector"))
		}
		fmt.Fprintln(b)
	}
	if t := c.Trace; t != nil {
		fmt.Fprintf(b, "trace of the Hessian %.4g", t.Value)
		if t.Error.Finite() {
			fmt.Fprintf(b, " ± %.2g", t.Error)
		}
		fmt.Fprintf(b, " (step %.2g, of one vector)\n", t.StepError)
	}
}

// eigenvalueText is an eigenvalue with its residual and what the step costs.
func eigenvalueText(e analysis.Eigenvalue) string {
	return fmt.Sprintf("%.4g (residual %.2g, step %.2g)", e.Value, e.Residual, e.StepError)
}

// writeSharpness writes the table and the figure.
func (m *measurement) writeSharpness(r analysis.SharpnessResult) error {
	err := atomicfile.Write(filepath.Join(m.folder, "sharpness.csv"), sharpnessCSV(r))
	if err == nil {
		err = figure.Write(m.folder, "sharpness", sharpnessFigure(r))
	}
	if err != nil {
		return train.FolderError{Err: fmt.Errorf("sharpness: %w", err)}
	}
	return nil
}

// sharpnessCSV has a row for each number: rises of the loss, then eigenvalues and
// the trace.
func sharpnessCSV(r analysis.SharpnessResult) []byte {
	b := &strings.Builder{}
	w := csv.NewWriter(b)
	// error: of a rise the standard deviation over groups or directions, of an
	// eigenvalue its residual, of the trace its standard error.
	w.Write([]string{"measure", "geometry", "radius", "m", "parts", "value", "error", "accuracy_loss", "accuracy_loss_error"})
	for _, l := range r.Lines {
		w.Write([]string{
			l.Measure, l.Geometry, strconv.FormatFloat(l.Radius, 'g', -1, 64), strconv.Itoa(l.M), strconv.Itoa(l.Parts),
			l.LossRise.Mean.String(), l.LossRise.Std.String(), l.AccuracyLoss.Mean.String(), l.AccuracyLoss.Std.String(),
		})
	}
	number := func(measure string, parts int, value, err analysis.Number) {
		w.Write([]string{measure, "", "", "", strconv.Itoa(parts), value.String(), err.String(), "", ""})
	}
	if s := r.Curvature.Spectrum; s != nil {
		for i, e := range s.Largest {
			number("eigenvalue "+strconv.Itoa(i+1), s.Vectors, e.Value, e.Residual)
		}
		number("smallest eigenvalue", s.Vectors, s.Smallest.Value, s.Smallest.Residual)
	}
	if t := r.Curvature.Trace; t != nil {
		number("trace", t.Vectors, t.Value, t.Error)
	}
	w.Flush()
	return []byte(b.String())
}

// sharpnessFigure shows the rise of the loss over the radius, but for single steps
// where there are longer ascents.
func sharpnessFigure(r analysis.SharpnessResult) figure.Lines {
	f := figure.Lines{Title: "Sharpness", X: figure.Axis{Label: "radius", Log: true}, Y: figure.Axis{Label: "rise of the loss", Log: true}}
	longer := false
	for _, l := range r.Lines {
		longer = longer || l.Measure == analysis.WorstLoss
	}
	names, radii, cells := grouped(r.Lines)
	radii = slices.Sorted(slices.Values(radii))
	for _, name := range names {
		s := figure.Series{Name: name}
		for _, radius := range radii {
			l := cells[name][radius]
			if longer && l.Measure == analysis.OneStep {
				continue
			}
			mean, std := float64(l.LossRise.Mean), float64(l.LossRise.Std)
			s.X, s.Y = append(s.X, radius), append(s.Y, mean)
			if l.Measure == analysis.Random {
				s.Low, s.High = append(s.Low, mean-std), append(s.High, mean+std)
			}
		}
		if len(s.X) > 0 {
			f.Series = append(f.Series, s)
		}
	}
	return f
}
