package figure

import (
	"fmt"
	"math"
	"slices"
)

// series draws a line and its marks in style i.
func (p *plot) series(i int, s Series) {
	i %= styles
	var path, marks string
	for _, piece := range p.runs(s.X, s.Y) {
		every := max(1, len(piece)/markedMost)
		for j := (len(piece) - 1) % every; j < len(piece); j += every { // the last one too
			marks += mark(i, piece[j])
		}
		path += trace(thin(piece))
	}
	if path != "" {
		p.printf(`<path d="%s" class="fig-line s%d d%d"/><path d="%s" class="f%d"/>`, path, i, i%4, marks, i)
	}
}

// band fills what lies between Low and High.
func (p *plot) band(i int, s Series) {
	if s.Low == nil {
		return
	}
	both := func(edge []float64) [][]point { // a gap of one edge is one of the other
		masked := make([]float64, len(edge))
		for j := range edge {
			if masked[j] = edge[j]; !p.Y.shows(s.Low[j]) || !p.Y.shows(s.High[j]) {
				masked[j] = math.NaN()
			}
		}
		return p.runs(s.X, masked)
	}
	low, high := both(s.Low), both(s.High)
	path := ""
	for j := range low {
		back := thin(low[j])
		slices.Reverse(back)
		path += trace(append(thin(high[j]), back...)) + "Z"
	}
	if path != "" {
		p.printf(`<path d="%s" class="fig-band f%d"/>`, path, i%styles)
	}
}

// trace is the path through points.
func trace(points []point) string {
	path := ""
	for i, at := range points {
		verb := "L"
		if i == 0 {
			verb = "M"
		}
		path += verb + num(at.x) + " " + num(at.y)
	}
	return path
}

// mark is the path of the mark of style i: a circle, a square, triangles, a
// diamond, a cross.
func mark(i int, at point) string {
	forms := [styles]string{
		"m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
		"m-2.7-2.7h5.4v5.4h-5.4z",
		"m0-3.6l3.6 6.2h-7.2z",
		"m0-4l4 4l-4 4l-4-4z",
		"m0 3.6l3.6-6.2h-7.2z",
		"m-1-3.5h2v2.5h2.5v2h-2.5v2.5h-2v-2.5h-2.5v-2h2.5z",
	}
	return fmt.Sprintf("M%s %s%s", num(at.x), num(at.y), forms[i])
}

// legend names the series above the lines.
func (p *plot) legend() {
	x := 0.0
	for i, s := range p.Series {
		style := i % styles
		p.printf(`<path d="M%s 29h22" class="fig-line s%d d%d"/><path d="%s" class="f%d"/>`, num(x), style, style%4, mark(style, point{x + 11, 29}), style)
		p.text(x+27, 33, "fig-ink", s.Name)
		x += 27 + width(s.Name) + 12
	}
}
