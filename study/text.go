package study

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"lbsam/analysis"
	"lbsam/internal/figure"
	"lbsam/train"
)

// number writes v, an accuracy in percent, with so many digits behind the point;
// "-" for what is not known.
func (c Comparison) number(v analysis.Number, digits int, signed bool) string {
	x := float64(v)
	if math.IsNaN(x) {
		return "-"
	}
	if c.metric.Share {
		x *= 100
	} else {
		digits += 2
	}
	verb := "f"
	if c.metric.measurement != nil && !c.metric.Share {
		verb = "g" // a rise of the loss may be small, an eigenvalue large
	}
	if signed {
		verb = "+.*" + verb
	} else {
		verb = ".*" + verb
	}
	return fmt.Sprintf("%"+verb, digits, x)
}

// interval writes low to high.
func (c Comparison) interval(low, high analysis.Number, signed bool) string {
	if math.IsNaN(float64(low)) {
		return "-"
	}
	return c.number(low, 2, signed) + " to " + c.number(high, 2, signed)
}

// probability writes a p-value.
func probability(p analysis.Number) string {
	if math.IsNaN(float64(p)) {
		return "-"
	}
	return strconv.FormatFloat(float64(p), 'g', 3, 64)
}

// seconds writes a time.
func seconds(v analysis.Number) string { return strconv.FormatFloat(float64(v), 'f', 1, 64) }

// title is what the tables are about.
func (c Comparison) title() string {
	unit := ""
	if c.metric.Share {
		unit = ", %"
	}
	return fmt.Sprintf("%s%s: mean, standard deviation and 95%% interval of the mean over seeds", c.Title, unit)
}

// armRows are the table of the arms, its header first.
func (c Comparison) armRows() [][]string {
	rows := [][]string{{"arm", "n", "mean", "sd", "95% interval", "steps", "evaluations", "seconds", "at " + seconds(c.AtSeconds) + " s", fmt.Sprintf("at %d evaluations", c.AtEvals)}}
	for _, m := range c.Arms {
		rows = append(rows, []string{
			m.Arm, fmt.Sprint(len(m.Seeds)), c.number(m.Mean, 2, false), c.number(m.Deviation, 2, false), c.interval(m.Low, m.High, false),
			fmt.Sprint(m.Steps), fmt.Sprint(m.Evals), seconds(m.Seconds), c.number(m.BySeconds, 2, false), c.number(m.ByEvals, 2, false),
		})
	}
	if c.metric.measurement != nil { // at the end alone
		for i, row := range rows {
			rows[i] = row[:len(row)-2]
		}
	}
	return rows
}

// contrastRows are the table of the contrasts, its header first.
func (c Comparison) contrastRows() [][]string {
	rows := [][]string{{"arm - " + c.Baseline, "pairs", "mean", "sd", "95% interval", "t", "p", "p of sign flips"}}
	for _, d := range c.Contrasts {
		t := "-"
		if !math.IsNaN(float64(d.T)) {
			t = fmt.Sprintf("%.2f", float64(d.T))
		}
		rows = append(rows, []string{
			d.A, fmt.Sprint(len(d.Seeds)), c.number(d.Mean, 2, true), c.number(d.Deviation, 2, false), c.interval(d.Low, d.High, true),
			t, probability(d.P), probability(d.SignFlip),
		})
	}
	return rows
}

// Text is the comparison for a terminal.
func (c Comparison) Text() string {
	var b bytes.Buffer
	write := func(rows [][]string) {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, row := range rows {
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
		w.Flush()
	}
	fmt.Fprintln(&b, c.title())
	write(c.armRows())
	if len(c.Contrasts) > 0 {
		fmt.Fprintln(&b, "\ndifferences of pairs of runs with one seed; p two-sided, of the paired t-test and of all sign flips")
		write(c.contrastRows())
	}
	for i, note := range c.Notes {
		if i == 0 {
			fmt.Fprintln(&b)
		}
		fmt.Fprintln(&b, "note:", note)
	}
	return b.String()
}

// Markdown is the comparison for a document.
func (c Comparison) Markdown() string {
	var b strings.Builder
	write := func(rows [][]string) {
		for i, row := range rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
			if i == 0 {
				fmt.Fprintln(&b, strings.Repeat("|---", len(row))+"|")
			}
		}
	}
	fmt.Fprintf(&b, "%s.\n\n", c.title())
	write(c.armRows())
	if len(c.Contrasts) > 0 {
		fmt.Fprint(&b, "\nDifferences of pairs of runs with one seed; p two-sided, of the paired t-test and of all sign flips.\n\n")
		write(c.contrastRows())
	}
	for i, note := range c.Notes {
		if i == 0 {
			fmt.Fprintln(&b)
		}
		fmt.Fprintf(&b, "- %s\n", note)
	}
	return b.String()
}

// CSV is both tables as one, with all digits: a row per arm and, behind them, one
// per contrast, which has a baseline.
func (c Comparison) CSV() string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	number := func(v analysis.Number) string {
		if math.IsNaN(float64(v)) {
			return ""
		}
		return strconv.FormatFloat(float64(v), 'g', -1, 64)
	}
	w.Write([]string{"arm", "baseline", "n", "mean", "standard_deviation", "low", "high", "t", "p", "sign_flip", "steps", "evals", "seconds", "mean_at_seconds", "mean_at_evals"})
	for _, m := range c.Arms {
		w.Write([]string{m.Arm, "", fmt.Sprint(len(m.Seeds)), number(m.Mean), number(m.Deviation), number(m.Low), number(m.High), "", "", "",
			fmt.Sprint(m.Steps), fmt.Sprint(m.Evals), number(m.Seconds), number(m.BySeconds), number(m.ByEvals)})
	}
	for _, d := range c.Contrasts {
		w.Write([]string{d.A, d.B, fmt.Sprint(len(d.Seeds)), number(d.Mean), number(d.Deviation), number(d.Low), number(d.High), number(d.T), number(d.P), number(d.SignFlip), "", "", "", "", ""})
	}
	w.Flush()
	return b.String()
}

// figures are what Write draws, by name.
func (c Comparison) figures() map[string]figure.Figure {
	if c.metric.measurement != nil {
		return map[string]figure.Figure{"compare": c.Dots()}
	}
	evals, seconds := c.Figures()
	return map[string]figure.Figure{"compare": evals, "compare-seconds": seconds}
}

// Write writes the comparison into a folder: compare.csv, compare.md, the figures
// as SVG and PNG, and result.json last.
func (c Comparison) Write(folder string) error {
	text, err := json.Marshal(c)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	write := func(name string, text []byte) {
		if err == nil {
			err = replace(filepath.Join(folder, name), text)
		}
	}
	write("compare.csv", []byte(c.CSV()))
	write("compare.md", []byte(c.Markdown()))
	for name, f := range c.figures() {
		write(name+".svg", []byte(figure.Standalone(f.SVG())))
		picture, e := figure.PNG(f)
		if err == nil {
			err = e
		}
		write(name+".png", picture)
	}
	write("result.json", append(text, '\n'))
	if err != nil {
		return train.FolderError{Err: fmt.Errorf("compare: %w", err)}
	}
	return nil
}
