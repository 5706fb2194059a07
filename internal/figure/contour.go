package figure

// A Contour is a map of a grid: areas between levels, each in a colour, and the
// lines between them. Cells with a corner that has no number are grey.
type Contour struct {
	Title  string
	X, Y   Axis
	Value  Axis // of the numbers; Log: the levels are apart by a factor
	Grid   Grid
	Series []Series // lines and points on the map

	Low, High float64 // of the colours, for maps side by side; both 0: those of the numbers
}

const (
	contourW, contourH = 420, 390
	mapTop             = 56
	keyRoom            = 66 // for the colours and their numbers
)

// SVG draws the figure.
func (c Contour) SVG() string { return c.draw().svg() }

func (c Contour) draw() *drawing {
	c.Grid.check()
	z := c.Grid.span(c.Value)
	f := c.frame()
	if z.lo > z.hi {
		f.empty()
		return f.drawing
	}
	if c.Low < c.High {
		z.take(c.Low)
		z.take(c.High)
	}
	steps := levels(c.Value.Log, z.lo, z.hi)
	colours := newColours(c.Value.Log, z.lo, z.hi)
	c.areas(f, steps, colours)
	f.area(look{class: "fig-axis"}, rectangle(f.left, f.top, f.right-f.left, f.bottom-f.top))
	for i, s := range c.Series {
		f.track(i%styles, s)
	}
	colours.key(f.drawing, f.right+16, f.top, f.bottom-f.top, c.Value, steps, steps)
	return f.drawing
}

// frame draws what is around the map.
func (c Contour) frame() *frame {
	key := newLegend(names(c.Series), contourW)
	more := key.height()
	if len(c.Series) == 0 {
		more = -legendRow
	}
	f := &frame{
		drawing: newDrawing(contourW, contourH+more, c.Title), X: c.X, Y: c.Y,
		left: leftRoom, right: contourW - keyRoom, top: mapTop + more, bottom: contourH - downRoom + more,
	}
	f.X.tight, f.Y.tight = true, true
	xs, ys := f.reach(ends(c.Grid.X), ends(c.Grid.Y))
	f.axes(xs, ys, false)
	for i, at := range key.at {
		trackKey(f.drawing, i%styles, at)
	}
	key.write(f.drawing, contourW)
	return f
}

// areas draws the colours, each above those of the lower levels, and the lines.
func (c Contour) areas(f *frame, steps []float64, colours colourScale) {
	var gaps []piece
	var list []*isolines
	for _, level := range steps[:len(steps)-1] {
		list = append(list, newIsolines(c.Value.linear(level)))
	}
	c.Grid.cells(c.Value, f.at, func(cell [4]corner) {
		for _, l := range list {
			l.take(cell)
		}
	}, func(cell [4]corner) {
		gaps = append(gaps, piece{[]point{cell[0].point, cell[1].point, cell[2].point, cell[3].point}, true})
	})
	if gaps != nil {
		f.area(look{class: "fig-gap"}, gaps...)
		f.text(f.w, f.bottom+32, "fig-end fig-small", "grey: no number")
	}
	for i, l := range list {
		f.area(look{class: "fig-cell", fill: colours.between(steps[i], steps[i+1])}, l.area.pieces()...)
	}
	for _, l := range list[1:] {
		f.area(look{class: "fig-level"}, l.line.pieces()...)
	}
}

// track draws a line over a map, and its points in style i, if they are few.
func (f *frame) track(i int, s Series) {
	var lines, spots []piece
	for _, run := range f.runs(s.X, s.Y) {
		lines = append(lines, piece{points: run})
		for j, at := range run {
			if len(run) <= markedMost || j == 0 || j == len(run)-1 {
				spots = append(spots, spot(i, at))
			}
		}
	}
	f.area(look{class: "fig-under"}, lines...)
	f.area(look{class: "fig-track"}, lines...)
	f.area(look{class: "fig-spot"}, spots...)
}

// trackKey shows the look of tracks of style i, for a legend.
func trackKey(d *drawing, i int, at point) {
	d.line(at.x, at.y, at.x+22, at.y, "fig-under")
	d.line(at.x, at.y, at.x+22, at.y, "fig-track")
	d.area(look{class: "fig-spot"}, spot(i, point{at.x + 11, at.y}))
}

// spot is the mark of style i as a piece.
func spot(i int, at point) piece {
	form := markForm(i)
	if form == nil {
		form = circle(point{}, 3)
	}
	p := piece{closed: true}
	for _, d := range form {
		p.points = append(p.points, point{at.x + d.x, at.y + d.y})
	}
	return p
}
