package figure

import "math"

// Lines are series over a common axis.
type Lines struct {
	Title  string
	X, Y   Axis
	Series []Series
	Events []Event
}

// A Series is a line through the points (X[i], Y[i]), X rising. Low and High, if
// they are given, are the edges of a band around it.
type Series struct {
	Name      string
	X, Y      []float64
	Low, High []float64
}

// An Event is a place on the x axis that is marked.
type Event struct {
	X    float64
	Name string
}

// The size of a figure of lines, and the room around them.
const (
	linesW, linesH                         = 420, 260
	leftRoom, rightRoom, topRoom, downRoom = 58, 10, 46, 36

	namedMost  = 4  // events: of more there are lines only
	markedMost = 12 // points of a series with a mark
)

// A plot is the place of lines under way.
type plot struct {
	*drawing
	Lines
	x, y        scale
	top, bottom float64 // of the area within the axes
}

// SVG draws the figure.
func (l Lines) SVG() string { return l.draw().svg() }

func (l Lines) draw() *drawing {
	var names []string
	for _, s := range l.Series {
		names = append(names, s.Name)
	}
	key := newLegend(names, linesW)
	p := &plot{
		drawing: newDrawing(linesW, linesH+key.height(), l.Title), Lines: l,
		top: topRoom + key.height(), bottom: linesH - downRoom + key.height(),
	}
	p.axes()
	for i, e := range l.Events {
		p.event(e, len(l.Events) <= namedMost || i == 0)
	}
	for i, s := range l.Series {
		p.band(i, s)
	}
	for i, s := range l.Series {
		p.series(i, s)
	}
	key.draw(p.drawing, linesW)
	return p.drawing
}

// axes chooses the scales and draws what belongs to them.
func (p *plot) axes() {
	x, y := none(), none()
	for _, s := range p.Series {
		for i := range s.X {
			if !p.X.shows(s.X[i]) || !p.Y.shows(s.Y[i]) {
				continue
			}
			x.take(s.X[i])
			y.take(s.Y[i])
			if s.Low != nil && p.Y.shows(s.Low[i]) && p.Y.shows(s.High[i]) {
				y.take(s.Low[i])
				y.take(s.High[i])
			}
		}
	}
	const right = linesW - rightRoom
	top, bottom := p.top, p.bottom
	var xs, ys []tick
	p.x, xs = p.X.reach(x.lo, x.hi, leftRoom, right, 6)
	p.y, ys = p.Y.reach(y.lo, y.hi, bottom, top, 5)
	for _, t := range ys {
		p.line(leftRoom, t.at, right, t.at, "fig-grid")
		p.text(leftRoom-5, t.at+4, "fig-end", t.label)
	}
	for _, t := range xs {
		p.line(t.at, bottom, t.at, bottom+4, "fig-axis")
		p.text(t.at, bottom+16, "fig-mid", t.label)
	}
	p.line(leftRoom, bottom, right, bottom, "fig-axis")
	p.text((leftRoom+right)/2, p.h-4, "fig-mid", p.X.Label)
	p.turned(10, (top+bottom)/2, "fig-mid", p.Y.Label)
	if x.lo > x.hi {
		p.text((leftRoom+right)/2, (top+bottom)/2-8, "fig-mid", "no data")
	}
}

// A span is the range of numbers.
type span struct{ lo, hi float64 }

func none() span { return span{math.Inf(1), math.Inf(-1)} }

func (s *span) take(v float64) { s.lo, s.hi = min(s.lo, v), max(s.hi, v) }

func (p *plot) event(e Event, named bool) {
	if !p.X.shows(e.X) {
		return
	}
	at := p.x.at(e.X)
	if at < leftRoom || at > linesW-rightRoom {
		return
	}
	p.line(at, p.top, at, p.bottom, "fig-event")
	if named {
		p.text(at+3, p.top+9, "fig-small", e.Name)
	}
}

// runs are the points of (x, y) in pieces without a gap.
func (p *plot) runs(x, y []float64) (pieces [][]point) {
	var piece []point
	for i := range x {
		if p.X.shows(x[i]) && p.Y.shows(y[i]) {
			piece = append(piece, point{p.x.at(x[i]), p.y.at(y[i])})
		} else if piece != nil {
			pieces, piece = append(pieces, piece), nil
		}
	}
	if piece != nil {
		pieces = append(pieces, piece)
	}
	return pieces
}

// thin leaves of the points in each column of pixels the first, the lowest, the
// highest and the last: the line looks the same.
func thin(points []point) (kept []point) {
	for lo := 0; lo < len(points); {
		hi, least, most := lo+1, lo, lo
		for ; hi < len(points) && math.Floor(points[hi].x) == math.Floor(points[lo].x); hi++ {
			if points[hi].y < points[least].y {
				least = hi
			}
			if points[hi].y > points[most].y {
				most = hi
			}
		}
		last := -1
		for _, i := range []int{lo, min(least, most), max(least, most), hi - 1} {
			if i != last {
				kept, last = append(kept, points[i]), i
			}
		}
		lo = hi
	}
	return kept
}
