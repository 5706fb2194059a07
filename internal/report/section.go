package report

import (
	"html/template"

	"lbsam/internal/figure"
)

// A section of the page.
type section struct {
	ID, Title string
	Text      []string
	Figures   []template.HTML
	Tables    []table
	Folded    []folded
}

// A folded part is shown when the reader opens it.
type folded struct {
	Title   string
	Figures []template.HTML
	Tables  []table
	Tested  *tested
	Note    string
}

// A table has as many cells in each row as in its head.
type table struct {
	Title string
	Names int // columns that are words: those at the left
	Head  []string
	Rows  [][]string
}

func (s *section) draw(list ...figure.Figure) {
	for _, f := range list {
		s.Figures = append(s.Figures, template.HTML(f.SVG()))
	}
}

// empty reports whether there is nothing to show.
func (s *section) empty() bool {
	return len(s.Text) == 0 && len(s.Figures) == 0 && len(s.Tables) == 0 && len(s.Folded) == 0
}
