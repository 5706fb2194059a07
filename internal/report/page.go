package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"lbsam/datasets"
	"lbsam/internal/atomicfile"
	"lbsam/internal/figure"
	"lbsam/train"
)

//go:embed page.html overview.html parts.html
var pages embed.FS

//go:embed page.css
var pageStyle string

// A Page is what a report shows.
type Page struct {
	Run         *Run
	Program     string             // name and version of what writes it
	Predictions *train.Predictions // of the first images of Images; nil: none
	Images      *datasets.Split
	Missing     string // why there are no predictions
	Results     []Result
	Remarks     []string // what cannot be read and is left out
}

// WriteFile writes the page to a file, which is whole or as it was.
func (p Page) WriteFile(path string) error { return writeFile(path, p) }

// Write writes the page as HTML.
func (p Page) Write(w io.Writer) error { return execute(w, "page.html", p.view()) }

// writeFile writes a page to a file.
func writeFile(path string, p interface{ Write(io.Writer) error }) error {
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		return err
	}
	if err := atomicfile.Write(path, b.Bytes()); err != nil {
		return train.FolderError{Err: fmt.Errorf("report: %w", err)}
	}
	return nil
}

// execute writes a page of a template.
func execute(w io.Writer, name string, view any) error {
	t := template.Must(template.New(name).Funcs(template.FuncMap{
		"percent": percent, "thousands": thousands, "loss": loss, "seconds": seconds,
	}).ParseFS(pages, name, "parts.html"))
	if err := t.Execute(w, view); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// A view is what the template reads.
type view struct {
	Style            template.CSS
	Title, Name      string
	Status           status
	Result           string
	Facts            []fact
	Notes            []string
	Curves           []template.HTML
	Preset           string
	Changed, All     []setting
	Epochs           []train.Epoch
	Validated        bool
	Tested           *tested
	Sections         []section
	Missing, Program string
}

// A tested is what the predictions for the test set say.
type tested struct {
	About            string
	Matrix, PerClass template.HTML
	Pairs            []pair
	Classes          []class
	Mistakes         []mistake
	Wrong            int
}

func (p Page) view() view {
	r := p.Run
	c := r.Config
	v := view{
		Style: template.CSS(figure.Style() + pageStyle),
		Title: fmt.Sprintf("%s with %s on %s", c.Model, c.Minimizer, c.Dataset), Name: filepath.Base(r.Path),
		Status: r.status(), Result: r.result(), Facts: r.facts(), Notes: r.notes(),
		Epochs: r.Epochs, Validated: r.last().Validation != nil, Missing: p.Missing, Program: p.Program,
	}
	v.All, v.Preset = settings(c)
	v.Changed = changed(v.All)
	for _, l := range r.curves() {
		v.Curves = append(v.Curves, template.HTML(l.SVG()))
	}
	if p.Predictions != nil && p.Predictions.N() > 0 {
		v.Tested = newTested(r, p.Predictions, p.Images, mistakesMost)
	}
	var broken []string
	v.Sections, broken = measured([]*arm{{Name: c.Minimizer, Runs: []*Run{r}}}, p.Results)
	for _, remark := range append(broken, p.Remarks...) {
		v.Notes = append(v.Notes, "Left out: "+remark+".")
	}
	return v
}

// newTested is what predictions for the first of images say about the weights of r,
// with so many pictures at most.
func newTested(r *Run, p *train.Predictions, images *datasets.Split, pictures int) *tested {
	confusion := p.Confusion()
	classes := p.Classes
	t := &tested{
		Matrix:   template.HTML(confusionFigure(classes, confusion).SVG()),
		Pairs:    worstPairs(classes, confusion),
		Classes:  perClass(classes, confusion),
		Mistakes: mistakes(*p, images, pictures),
	}
	t.PerClass = template.HTML(classFigure(t.Classes).SVG())
	right := 0
	for i := range confusion {
		right += confusion[i][i]
	}
	n := p.N()
	t.Wrong = n - right
	t.About = fmt.Sprintf("The weights after epoch %d, on %s test images: %s right.",
		r.last().Epoch, thousands(n), percent(float64(right)/float64(n)))
	if n < images.N {
		t.About += fmt.Sprintf(" The set has %s.", thousands(images.N))
	}
	return t
}

// percent is a share.
func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// loss is a loss, with four digits.
func loss(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// seconds is a time, with two units at most.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", s)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%s h %d min", thousands(int(d.Hours())), int(d.Minutes())%60)
}

// thousands writes n with commas.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
