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
	Bars      bool // Low and High are ends of error bars
	Dots      bool // no line: each point has a mark, and X need not rise
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
	frame
	Lines
}

// SVG draws the figure.
func (l Lines) SVG() string { return l.draw().svg() }

func (l Lines) draw() *drawing {
	key := newLegend(names(l.Series), linesW)
	more := key.height()
	p := &plot{frame{
		drawing: newDrawing(linesW, linesH+more, l.Title), X: l.X, Y: l.Y,
		left: leftRoom, right: linesW - rightRoom, top: topRoom + more, bottom: linesH - downRoom + more,
	}, l}
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

func names(series []Series) (list []string) {
	for _, s := range series {
		list = append(list, s.Name)
	}
	return list
}

// axes chooses the scales and draws what belongs to them.
func (p *plot) axes() {
	x, y := none(), none()
	for _, s := range p.Series {
		for i := range s.X {
			if !p.frame.X.shows(s.X[i]) || !p.frame.Y.shows(s.Y[i]) {
				continue
			}
			x.take(s.X[i])
			y.take(s.Y[i])
			if s.Low != nil && p.frame.Y.shows(s.Low[i]) && p.frame.Y.shows(s.High[i]) {
				y.take(s.Low[i])
				y.take(s.High[i])
			}
		}
	}
	xs, ys := p.reach(x, y)
	p.frame.axes(xs, ys, true)
	if x.lo > x.hi {
		p.empty()
	}
}

func (p *plot) event(e Event, named bool) {
	if !p.frame.X.shows(e.X) {
		return
	}
	at := p.x.at(e.X)
	if at < p.left || at > p.right {
		return
	}
	p.line(at, p.top, at, p.bottom, "fig-event")
	if named {
		p.text(at+3, p.top+9, "fig-small", e.Name)
	}
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
