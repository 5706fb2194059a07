package report

import (
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"lbsam/datasets"
	"lbsam/internal/figure"
	"lbsam/train"
)

// An Overview is the page of a Collection: runs side by side, by arms.
type Overview struct {
	*Collection
	Program string            // name and version of what writes it
	Missing map[string]string // why there are no predictions of the run in a folder

	tested map[*Run]*tested
}

// runsMost is the number of runs with a part of their own: of more there are those
// of their arms only.
const runsMost = 50

// matricesMost is the number of runs with confusion matrices of many classes, which
// are large.
const matricesMost = 8

// WithPredictions reports whether the page shows predictions of a run.
func (o *Overview) WithPredictions(r *Run) bool {
	i := slices.Index(o.Runs, r)
	return i >= 0 && i < runsMost
}

// Predicted takes what the weights of a run say about the first of images; neither
// is kept.
func (o *Overview) Predicted(r *Run, p *train.Predictions, images *datasets.Split) {
	if p.N() == 0 {
		return
	}
	if o.tested == nil {
		o.tested = map[*Run]*tested{}
	}
	t := newTested(r, p, images, o.pictures())
	if len(p.Classes) > barsMost && len(o.Runs) > matricesMost {
		t.Matrix = ""
	}
	o.tested[r] = t
}

// pictures is how many a run has: fewer of many runs.
func (o *Overview) pictures() int {
	const all, least = 240, 4
	return max(least, min(mistakesMost, all/max(len(o.Runs), 1)))
}

// WriteFile writes the page to a file, which is whole or as it was.
func (o *Overview) WriteFile(path string) error { return writeFile(path, o) }

// Write writes the page as HTML.
func (o *Overview) Write(w io.Writer) error { return execute(w, "overview.html", o.view()) }

// An overview is what the template reads.
type overview struct {
	Style                        template.CSS
	Title, Name, Result, Program string
	Facts                        []fact
	Notes                        []string
	Sections                     []section
}

func (o *Overview) view() overview {
	arms, differ := o.grouped()
	v := overview{Style: template.CSS(figure.Style() + pageStyle), Title: o.title(arms), Name: "report", Program: o.Program, Result: best(arms)}
	measurements, broken := measured(arms, o.Results)
	for _, r := range o.Results[:min(len(o.Results), barsMost)] {
		if r.Run == nil {
			v.Facts = append(v.Facts, fact{r.Kind, r.Path, true})
		}
	}
	if len(o.Runs) > 0 {
		v.Facts = append(o.facts(arms), v.Facts...)
		v.Sections = append(v.Sections, whatRan(arms, differ, o.root()), scores(arms), armCurves(arms))
	}
	v.Sections = append(v.Sections, measurements...)
	if len(o.Runs) > 0 {
		v.Sections = append(v.Sections, o.testSet(arms), costs(arms), common(o.Runs, differ))
	}
	v.Notes = notes(arms)
	for _, remark := range append(slices.Clone(o.Remarks), broken...) {
		v.Notes = append(v.Notes, "Left out: "+remark+".")
	}
	return v
}

// plural is "1 run" or "2 runs".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

func (o *Overview) title(arms []*arm) string {
	if len(o.Runs) == 0 {
		return plural(len(o.Results), "measurement")
	}
	text := plural(len(o.Runs), "run") + " in " + plural(len(arms), "arm")
	var sets []string
	for _, r := range o.Runs {
		place(&sets, r.Config.Model+" on "+r.Config.Dataset)
	}
	if len(sets) == 1 {
		text = sets[0] + ": " + text
	}
	return text
}

// best says which arm has the highest mean accuracy.
func best(arms []*arm) string {
	var top *arm
	for _, a := range arms {
		if s := a.over(testAccuracy); s.N > 0 && (top == nil || s.Mean > top.over(testAccuracy).Mean) {
			top = a
		}
	}
	if top == nil {
		return ""
	}
	s := top.over(testAccuracy)
	text := fmt.Sprintf("%s has the highest mean accuracy on the test set at the end: %s%%", top.Name, s.text(2))
	if s.N == 1 {
		return text + ", of one run: with one seed, small differences mean nothing."
	}
	return text + fmt.Sprintf(" over %s.", plural(s.N, "run"))
}

// facts are the head of the page.
func (o *Overview) facts(arms []*arm) []fact {
	var machines []string
	evals, spent := int64(0), 0.0
	for _, r := range o.Runs {
		place(&machines, r.machine())
		_, e := r.at()
		evals, spent = evals+e, spent+r.seconds()
	}
	const shown = 3
	if more := len(machines) - shown; more > 0 {
		machines = append(machines[:shown], fmt.Sprintf("and %d more", more))
	}
	return []fact{
		{"folder", o.root(), true},
		{"machines", strings.Join(machines, " | "), false},
		{"training time", seconds(spent) + " in all, evaluations not counted", false},
		{"cost", thousands(int(evals)) + " gradient evaluations in all", false},
	}
}

// root is the folder in which all runs lie.
func (o *Overview) root() string {
	if len(o.Runs) == 0 {
		return ""
	}
	root := filepath.Dir(o.Runs[0].Path)
	for _, r := range o.Runs {
		for !strings.HasPrefix(r.Path, root+string(filepath.Separator)) && root != "." && root != filepath.Dir(root) {
			root = filepath.Dir(root)
		}
	}
	return root
}

// under is the name of a run within a folder.
func (r *Run) under(root string) string {
	if name, err := filepath.Rel(root, r.Path); err == nil && !strings.HasPrefix(name, "..") {
		return name
	}
	return r.Path
}

// notes are what a reader should know before he trusts the numbers.
func notes(arms []*arm) (list []string) {
	onTest, one := 0, 0
	for _, a := range arms {
		if len(a.Runs) == 1 {
			one++
		}
		for _, r := range a.Runs {
			if r.last().SelectedOn == "test" {
				onTest++
			}
			if r.Damaged > 0 {
				list = append(list, fmt.Sprintf("%s: %d lines of metrics.jsonl cannot be read and are left out.", r.Path, r.Damaged))
			}
		}
	}
	if onTest > 0 {
		list = append(list, fmt.Sprintf("The best weights of %s were selected on the test set, as the published code does: their accuracy there is too good.", plural(onTest, "run")))
	}
	if one > 0 && len(arms) > 1 {
		list = append(list, fmt.Sprintf("Arms of one run, of which nothing is known about their spread: %d of %d.", one, len(arms)))
	}
	return list
}
