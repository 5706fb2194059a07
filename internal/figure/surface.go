package figure

import "math"

// A Surface is a grid as a hilly sheet, seen from above one corner. Cells with a
// corner that has no number are holes. Of a grid with more than 36 cells a side,
// every second line is drawn, or every third and so on.
type Surface struct {
	Title string
	X, Y  Axis
	Value Axis // of the numbers, upright
	Grid  Grid
}

const (
	surfaceW, surfaceH = 420, 362
	facesMost          = 36 // a side
	faceShades         = 24
)

// A view is how a point of a box, x and y from -1 to 1 and z from 0 to 1, lies on
// paper: turned about the upright axis, then tilted, without perspective.
type view struct{ x, y, z scale }

func (v view) at(x, y, z float64) point {
	const (
		middle, base     = 200.0, 252.0 // of the floor
		across, deep, up = 118.0, 56.0, 150.0
		sin, cos         = 0.5736, 0.8192 // of 35 degrees
	)
	px, py, pz := v.x.at(x), v.y.at(y), v.z.at(z)
	return point{middle + across*(px*cos-py*sin), base - deep*(px*sin+py*cos) - up*pz}
}

// SVG draws the figure.
func (s Surface) SVG() string { return s.draw().svg() }

func (s Surface) draw() *drawing {
	s.Grid.check()
	d := newDrawing(surfaceW, surfaceH, s.Title)
	s.Grid = s.Grid.thin()
	z := s.Grid.span(s.Value)
	if z.lo > z.hi {
		d.text(surfaceW/2, surfaceH/2, "fig-mid", "no data")
		return d
	}
	s.X.tight, s.Y.tight = true, true
	var v view
	var ticks [3][]tick
	x, y := ends(s.Grid.X), ends(s.Grid.Y)
	v.x, ticks[0] = s.X.reach(x.lo, x.hi, -1, 1, 4)
	v.y, ticks[1] = s.Y.reach(y.lo, y.hi, -1, 1, 4)
	v.z, ticks[2] = s.Value.reach(z.lo, z.hi, 0, 1, 5)
	s.box(d, v, ticks)
	s.faces(d, v, newColours(s.Value.Log, z.lo, z.hi))
	return d
}

// thin leaves out lines where there are many.
func (g Grid) thin() Grid {
	pick := func(n int) (kept []int) {
		every := max(1, (n-1+facesMost-1)/facesMost)
		for i := 0; i < n; i += every {
			kept = append(kept, i)
		}
		if n > 0 && kept[len(kept)-1] != n-1 {
			kept = append(kept, n-1)
		}
		return kept
	}
	t := Grid{}
	columns := pick(len(g.X))
	for _, j := range columns {
		t.X = append(t.X, g.X[j])
	}
	for _, i := range pick(len(g.Y)) {
		t.Y = append(t.Y, g.Y[i])
		var row []float64
		for _, j := range columns {
			row = append(row, g.Z[i][j])
		}
		t.Z = append(t.Z, row)
	}
	return t
}

// box draws the floor and the axes: x along its right edge, y along the left one,
// both in front, and the numbers upright on the left.
func (s Surface) box(d *drawing, v view, ticks [3][]tick) {
	at := func(x, y, z float64) point { // of the box itself
		return view{scale{lo: -1, hi: 1, from: -1, to: 1}, scale{lo: -1, hi: 1, from: -1, to: 1}, scale{hi: 1, to: 1}}.at(x, y, z)
	}
	path := func(class string, points ...point) { d.area(look{class: class}, piece{points: points}) }
	path("fig-grid", at(-1, 1, 0), at(1, 1, 0), at(1, -1, 0))
	for _, t := range ticks[2] {
		path("fig-grid", at(-1, 1, t.at), at(1, 1, t.at), at(1, -1, t.at))
		left := at(-1, 1, t.at)
		d.text(left.x-7, left.y+4, "fig-end", t.label)
		path("fig-axis", point{left.x - 4, left.y}, left)
	}
	for _, t := range ticks[0] {
		path("fig-grid", at(t.at, -1, 0), at(t.at, 1, 0))
		p := at(t.at, -1.12, 0)
		path("fig-axis", at(t.at, -1, 0), at(t.at, -1.05, 0))
		d.text(p.x, p.y+11, "", t.label)
	}
	for _, t := range ticks[1] {
		path("fig-grid", at(-1, t.at, 0), at(1, t.at, 0))
		p := at(-1.12, t.at, 0)
		path("fig-axis", at(-1, t.at, 0), at(-1.05, t.at, 0))
		d.text(p.x, p.y+11, "fig-end", t.label)
	}
	path("fig-axis", at(-1, 1, 1), at(-1, 1, 0), at(-1, -1, 0), at(1, -1, 0))
	right, left, top := at(0, -1.5, 0), at(-1.5, 0, 0), at(-1, 1, 1)
	d.text(min(right.x, surfaceW-width(s.X.Label)), right.y+22, "", s.X.Label)
	d.text(max(left.x-width(s.Y.Label), 0), left.y+22, "", s.Y.Label)
	d.text(max(top.x-40, 0), top.y-16, "", s.Value.Label)
}

// faces draws the cells, the far ones first.
func (s Surface) faces(d *drawing, v view, colours colourScale) {
	g := s.Grid
	for i := len(g.Y) - 2; i >= 0; i-- {
		for j := len(g.X) - 2; j >= 0; j-- {
			face, sum := piece{closed: true}, 0.0
			for _, k := range [4][2]int{{0, 0}, {0, 1}, {1, 1}, {1, 0}} {
				z := g.Z[i+k[0]][j+k[1]]
				if !s.Value.shows(z) {
					sum = math.NaN()
					break
				}
				sum += colours.at(z)
				face.points = append(face.points, v.at(g.X[j+k[1]], g.Y[i+k[0]], z))
			}
			if finite(sum) {
				shade := math.Floor(sum/4*faceShades) + 0.5
				d.area(look{class: "fig-face", fill: shadeAt(shade / faceShades)}, face)
			}
		}
	}
}
