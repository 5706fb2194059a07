package report

import (
	"cmp"
	"fmt"
	"slices"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// A sharpened is what is read of the result of a sharpness measurement.
type sharpened struct {
	Split  string
	Images int
	Lines  []struct {
		Measure, Geometry string
		Radius            analysis.Number
		M                 int
		LossRise          analysis.Spread `json:"loss_rise"`
	} `json:"sharpness"`
	Curvature struct {
		Spectrum *struct {
			Largest    []struct{ Value analysis.Number }
			Smallest   struct{ Value analysis.Number }
			Quadrature []node
		}
		Trace *struct{ Value analysis.Number }
	}
}

// A node is a share of all eigenvalues, about where they are.
type node struct{ Value, Share analysis.Number }

// A ball is where a loss was searched: how, in which geometry, for groups of m
// images.
type ball struct {
	measure, geometry string
	m                 int
}

func (b ball) String() string {
	text := b.measure + ", " + b.geometry
	if b.m > 0 {
		text += fmt.Sprintf(", m %d", b.m)
	}
	return text
}

// A radius is one of a ball.
type radius struct {
	ball
	rho float64
}

// sharpness shows by how much the loss rises around the weights, and the Hessian.
func sharpness(b *bundle) section {
	s := section{ID: "sharpness", Title: "Sharpness"}
	rises, hessian := newSheet[radius](len(b.arms)), newSheet[string](len(b.arms))
	spectra := make([][][]node, len(b.arms))
	b.each(func(arm int, r Result) error {
		var v sharpened
		if err := r.decode(&v); err != nil {
			return err
		}
		for _, l := range v.Lines {
			rises.add(radius{ball{l.Measure, l.Geometry, l.M}, float64(l.Radius)}, arm, float64(l.LossRise.Mean))
		}
		if c := v.Curvature.Spectrum; c != nil {
			for i, e := range c.Largest[:min(len(c.Largest), eigenvaluesMost)] {
				hessian.add(fmt.Sprintf("eigenvalue %d", i+1), arm, float64(e.Value))
			}
			hessian.add("smallest eigenvalue", arm, float64(c.Smallest.Value))
			spectra[arm] = append(spectra[arm], c.Quadrature)
		}
		if c := v.Curvature.Trace; c != nil && finite(float64(c.Value)) {
			hessian.add("trace", arm, float64(c.Value))
		}
		return nil
	})
	var balls []string
	for _, k := range rises.keys {
		place(&balls, k.ball.String())
	}
	slices.SortStableFunc(rises.keys, func(x, y radius) int {
		return cmp.Or(cmp.Compare(slices.Index(balls, x.ball.String()), slices.Index(balls, y.ball.String())), cmp.Compare(x.rho, y.rho))
	})
	s.draw(riseFigures(b, rises)...)
	if f := densities(b.arms, spectra); f.Series != nil {
		s.draw(f)
	}
	if len(rises.keys) > 0 {
		t := table{Title: "Rise of the loss within a radius", Names: 1, Head: append([]string{"measure", "radius"}, b.arms...)}
		for _, k := range rises.keys {
			t.Rows = append(t.Rows, append([]string{k.ball.String(), short(k.rho)}, b.row(func(arm int) spread { return rises.of(k, arm) })...))
		}
		s.Tables = append(s.Tables, t)
	}
	if len(hessian.keys) > 0 {
		t := table{Title: "Hessian", Names: 1, Head: append([]string{""}, b.arms...)}
		for _, k := range hessian.keys {
			t.Rows = append(t.Rows, append([]string{k}, b.row(func(arm int) spread { return hessian.of(k, arm) })...))
		}
		s.Tables = append(s.Tables, t)
	}
	if !s.empty() && b.several() {
		s.Text = append(s.Text, spreadNote)
	}
	return s
}

// spreadNote explains the numbers of arms.
const spreadNote = "Numbers of an arm are means over its runs, with one standard deviation where there are several."

// row is the numbers of the arms.
func (b *bundle) row(of func(arm int) spread) (cells []string) {
	for arm := range b.arms {
		cells = append(cells, of(arm).brief())
	}
	return cells
}

// riseFigures are the rises over the radius, a figure for each ball.
func riseFigures(b *bundle, rises *sheet[radius]) (list []figure.Figure) {
	var balls []ball
	lines := map[ball]map[int]*figure.Series{}
	for _, k := range rises.keys {
		if lines[k.ball] == nil {
			balls, lines[k.ball] = append(balls, k.ball), map[int]*figure.Series{}
		}
		for arm := range b.arms {
			v := rises.of(k, arm)
			if v.N == 0 {
				continue
			}
			s := lines[k.ball][arm]
			if s == nil {
				s = &figure.Series{Name: b.arms[arm]}
				lines[k.ball][arm] = s
			}
			grow(s, k.rho, v)
		}
	}
	for _, l := range balls {
		f := figure.Lines{
			Title: "Rise of the loss: " + l.String(), X: figure.Axis{Label: "radius", Log: true}, Y: figure.Axis{Label: "rise of the loss", Zero: true},
		}
		for arm := range min(len(b.arms), linesMost) {
			if s := lines[l][arm]; s != nil {
				f.Series = append(f.Series, *s)
			}
		}
		list = append(list, f)
	}
	return list[:min(len(list), figuresMost)]
}

// What a page shows at most, so that it stays of a size that a browser takes.
const (
	linesMost   = 12 // arms in a figure
	figuresMost = 12 // of one kind

	eigenvaluesMost = 5
)

// grow adds a point to a series with a band of one standard deviation.
func grow(s *figure.Series, x float64, v spread) {
	s.X, s.Y = append(s.X, x), append(s.Y, v.Mean)
	s.Low, s.High = append(s.Low, v.Mean-v.SD), append(s.High, v.Mean+v.SD)
}
