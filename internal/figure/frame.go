package figure

import "math"

// A frame is a drawing with axes, and the area between these.
type frame struct {
	*drawing
	X, Y                     Axis
	x, y                     scale
	left, right, top, bottom float64
}

// reach chooses the scales for numbers of these ranges, and says where ticks are.
func (f *frame) reach(x, y span) (xs, ys []tick) {
	f.x, xs = f.X.reach(x.lo, x.hi, f.left, f.right, 6)
	f.y, ys = f.Y.reach(y.lo, y.hi, f.bottom, f.top, 5)
	return xs, ys
}

// axes draws the ticks and names of the axes, with lines across the area, if across
// is set, at the ticks of the y axis.
func (f *frame) axes(xs, ys []tick, across bool) {
	gap := 5.0 // before the numbers
	if !across {
		gap = 9
	}
	for _, t := range ys {
		if across {
			f.line(f.left, t.at, f.right, t.at, "fig-grid")
		} else {
			f.line(f.left-4, t.at, f.left, t.at, "fig-axis")
		}
		f.text(f.left-gap, t.at+4, "fig-end", t.label)
	}
	for _, t := range xs {
		f.line(t.at, f.bottom, t.at, f.bottom+4, "fig-axis")
		f.text(t.at, f.bottom+16, "fig-mid", t.label)
	}
	f.line(f.left, f.bottom, f.right, f.bottom, "fig-axis")
	f.text((f.left+f.right)/2, f.bottom+32, "fig-mid", f.X.Label)
	f.turned(10, (f.top+f.bottom)/2, "fig-mid", f.Y.Label)
}

// at is the place of (x, y).
func (f *frame) at(x, y float64) point { return point{f.x.at(x), f.y.at(y)} }

// empty says that there are no numbers.
func (f *frame) empty() {
	f.text((f.left+f.right)/2, (f.top+f.bottom)/2-8, "fig-mid", "no data")
}

// runs are the points of (x, y) in pieces without a gap.
func (f *frame) runs(x, y []float64) (pieces [][]point) {
	var piece []point
	for i := range x {
		if f.X.shows(x[i]) && f.Y.shows(y[i]) {
			piece = append(piece, f.at(x[i], y[i]))
		} else if piece != nil {
			pieces, piece = append(pieces, piece), nil
		}
	}
	if piece != nil {
		pieces = append(pieces, piece)
	}
	return pieces
}

// A span is the range of numbers.
type span struct{ lo, hi float64 }

func none() span { return span{math.Inf(1), math.Inf(-1)} }

func (s *span) take(v float64) { s.lo, s.hi = min(s.lo, v), max(s.hi, v) }
