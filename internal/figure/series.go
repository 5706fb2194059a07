package figure

import (
	"fmt"
	"math"
	"slices"
)

// series draws a line and its marks in style i.
func (p *plot) series(i int, s Series) {
	i %= styles
	var line []piece
	dots := marks{style: i}
	for _, run := range p.runs(s.X, s.Y) {
		every := max(1, len(run)/markedMost)
		if s.Dots {
			every = 1
		}
		for j := (len(run) - 1) % every; j < len(run); j += every { // the last one too
			dots.points = append(dots.points, run[j])
		}
		line = append(line, piece{points: thin(run)})
	}
	if line == nil {
		return
	}
	if !s.Dots {
		p.area(look{class: lineClass(i)}, line...)
	}
	p.add(dots)
}

// lineClass is the look of lines of style i.
func lineClass(i int) string { return fmt.Sprintf("fig-line s%d d%d", hue(i), dash(i)) }

// band fills what lies between Low and High.
func (p *plot) band(i int, s Series) {
	if s.Low == nil {
		return
	}
	if s.Bars {
		p.bars(i%styles, s)
		return
	}
	both := func(edge []float64) [][]point { // a gap of one edge is one of the other
		masked := make([]float64, len(edge))
		for j := range edge {
			if masked[j] = edge[j]; !p.frame.Y.shows(s.Low[j]) || !p.frame.Y.shows(s.High[j]) {
				masked[j] = math.NaN()
			}
		}
		return p.runs(s.X, masked)
	}
	low, high := both(s.Low), both(s.High)
	var areas []piece
	for j := range low {
		back := thin(low[j])
		slices.Reverse(back)
		areas = append(areas, piece{append(thin(high[j]), back...), true})
	}
	p.area(look{class: fmt.Sprintf("fig-band f%d", hue(i))}, areas...)
}

// bars draws a line from Low to High at each point, in style i.
func (p *plot) bars(i int, s Series) {
	const half = 3 // of the ends
	var list []piece
	for j, x := range s.X {
		if !p.frame.X.shows(x) || !p.frame.Y.shows(s.Low[j]) || !p.frame.Y.shows(s.High[j]) {
			continue
		}
		lo, hi := p.at(x, s.Low[j]), p.at(x, s.High[j])
		list = append(list, piece{points: []point{lo, hi}},
			piece{points: []point{{lo.x - half, lo.y}, {lo.x + half, lo.y}}}, piece{points: []point{{hi.x - half, hi.y}, {hi.x + half, hi.y}}})
	}
	p.area(look{class: fmt.Sprintf("fig-whisker s%d", hue(i))}, list...)
}
