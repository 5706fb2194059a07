package figure

// A legend names series in rows, each as wide as there is room.
type legend struct {
	names []string
	at    []point // where each entry begins
	rows  int
}

const (
	legendTop = 29 // the middle of the first row
	legendRow = 18
	keyW      = 27 // line and mark before a name
	keyGap    = 12
)

// newLegend places the names of series in rows of the given width. A name that does
// not fit in a row is cut.
func newLegend(series []string, room float64) legend {
	l := legend{names: series, rows: 1}
	x := 0.0
	for _, name := range series {
		w := keyW + min(width(name), room-keyW)
		if x > 0 && x+w > room {
			x, l.rows = 0, l.rows+1
		}
		l.at = append(l.at, point{x, legendTop + legendRow*float64(l.rows-1)})
		x += w + keyGap
	}
	return l
}

// height is what the rows behind the first one need.
func (l legend) height() float64 { return legendRow * float64(l.rows-1) }

// draw writes the names, each behind the line and the mark of its style.
func (l legend) draw(d *drawing, room float64) {
	for i, at := range l.at {
		style := i % styles
		d.line(at.x, at.y, at.x+22, at.y, lineClass(style))
		d.add(marks{style, []point{{at.x + 11, at.y}}})
	}
	l.write(d, room)
}

// write writes the names.
func (l legend) write(d *drawing, room float64) {
	for i, at := range l.at {
		d.brief(at.x+keyW, at.y+4, "fig-ink", l.names[i], int((room-keyW)/glyph))
	}
}
