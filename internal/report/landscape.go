package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// A landscaped is what is read of the result of a landscape measurement.
type landscaped struct {
	To      string           // the second checkpoint, of a line between two
	Barrier *analysis.Number // on that line
	Points  []landscapePoint
}

type landscapePoint struct {
	X analysis.Number
	Y *analysis.Number // nil: of a line
	level
}

// logFrom is how many times the lowest loss the highest one is, from which on a
// landscape has a logarithmic scale.
const logFrom = 20

// landscape shows the loss around the weights: maps, a surface, and lines.
func landscape(b *bundle) section {
	s := section{ID: "landscape", Title: "Loss landscape"}
	var maps []figure.Contour
	around := figure.Lines{Title: "Loss along a direction", X: figure.Axis{Label: "distance along the direction"}}
	between := figure.Lines{Title: "Loss from the first model (0) to the second (1)", X: figure.Axis{Label: "share of the second model"}}
	barriers := table{Title: "Barrier between two models", Names: 2, Head: []string{"run", "to", "barrier"}}
	b.each(func(arm int, r Result) error {
		var v landscaped
		if err := r.decode(&v); err != nil {
			return err
		}
		name := b.arms[arm]
		if len(b.results[arm]) > 1 {
			name = r.name()
		}
		if v.Barrier != nil {
			barriers.Rows = append(barriers.Rows, []string{r.name(), v.To, short(float64(*v.Barrier))})
		}
		switch f, err := v.grid(); {
		case err != nil:
			return fmt.Errorf("%s: %w", r.Path, err)
		case f != nil:
			maps = append(maps, figure.Contour{Title: "Loss around " + name, X: figure.Axis{Label: "first direction"}, Y: figure.Axis{Label: "second direction"}, Grid: *f})
		case v.To != "" || v.Barrier != nil:
			between.Series = append(between.Series, v.line(name))
		default:
			around.Series = append(around.Series, v.line(name))
		}
		return nil
	})
	if n := len(maps); n > figuresMost {
		s.Text = append(s.Text, fmt.Sprintf("The first %d of %d maps.", figuresMost, n))
		maps = maps[:figuresMost]
	}
	surfaces := alike(maps)
	for _, m := range maps {
		s.draw(m)
	}
	if len(maps) == 1 { // there is room
		s.draw(surfaces...)
		surfaces = nil
	}
	for _, f := range []figure.Lines{around, between} {
		if f.Series = f.Series[:min(len(f.Series), linesMost)]; f.Series != nil {
			var all []float64
			for _, line := range f.Series {
				all = append(all, line.Y...)
			}
			f.Y = figure.Axis{Label: "loss", Log: steep(all)}
			s.draw(f)
		}
	}
	if barriers.Rows != nil {
		s.Tables = append(s.Tables, barriers)
	}
	if surfaces != nil {
		more := section{}
		more.draw(surfaces...)
		s.Folded = append(s.Folded, folded{Title: "Surfaces", Figures: more.Figures})
	}
	return s
}

// grid is the points on a plane; nil: they are on a line.
func (l landscaped) grid() (*figure.Grid, error) {
	if len(l.Points) == 0 || l.Points[0].Y == nil {
		return nil, nil
	}
	g := &figure.Grid{}
	for _, p := range l.Points {
		if p.Y == nil || !finite(float64(p.X)) || !finite(float64(*p.Y)) {
			return nil, fmt.Errorf("a point of a plane without x or y")
		}
		g.X, g.Y = append(g.X, float64(p.X)), append(g.Y, float64(*p.Y))
	}
	for _, axis := range []*[]float64{&g.X, &g.Y} {
		slices.Sort(*axis)
		*axis = slices.Compact(*axis)
	}
	if cells := len(g.X) * len(g.Y); cells > 4*len(l.Points) { // a plane that is nearly empty is none
		return nil, fmt.Errorf("%d points on a plane of %d x %d", len(l.Points), len(g.X), len(g.Y))
	}
	for range g.Y {
		row := make([]float64, len(g.X))
		for j := range row {
			row[j] = math.NaN()
		}
		g.Z = append(g.Z, row)
	}
	for _, p := range l.Points {
		i, _ := slices.BinarySearch(g.Y, float64(*p.Y))
		j, _ := slices.BinarySearch(g.X, float64(p.X))
		g.Z[i][j] = float64(p.Loss)
	}
	return g, nil
}

// alike gives maps the same colours, so that they can be compared, and returns their
// surfaces.
func alike(maps []figure.Contour) (surfaces []figure.Figure) {
	var all []float64
	for _, m := range maps {
		for _, row := range m.Grid.Z {
			all = append(all, row...)
		}
	}
	all = slices.DeleteFunc(all, func(v float64) bool { return !finite(v) })
	for i := range maps {
		m := &maps[i]
		if m.Value = (figure.Axis{Label: "loss", Log: steep(all)}); len(all) > 0 {
			m.Low, m.High = slices.Min(all), slices.Max(all)
		}
		surfaces = append(surfaces, figure.Surface{Title: m.Title, X: m.X, Y: m.Y, Value: m.Value, Grid: m.Grid})
	}
	return surfaces
}

// steep reports whether losses want a logarithmic scale.
func steep(losses []float64) bool {
	losses = slices.DeleteFunc(slices.Clone(losses), func(v float64) bool { return !finite(v) })
	return len(losses) > 0 && slices.Min(losses) > 0 && slices.Max(losses) > logFrom*slices.Min(losses)
}

// line is the losses in the order of x.
func (l landscaped) line(name string) figure.Series {
	s := figure.Series{Name: name}
	points := slices.Clone(l.Points)
	slices.SortStableFunc(points, func(a, b landscapePoint) int { return cmp.Compare(a.X, b.X) })
	for _, p := range points {
		s.X, s.Y = append(s.X, float64(p.X)), append(s.Y, float64(p.Loss))
	}
	return s
}
