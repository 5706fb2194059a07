package figure

// A Heat is a table of numbers as colours. A cell without a number stays empty.
type Heat struct {
	Title      string
	RowLabel   string // what the rows are
	ColLabel   string
	Rows, Cols []string // their names
	Value      Axis
	Values     [][]float64 // [rows][columns]
	Text       [][]string  // in the cells; nil: none. Not shown where there is no room

	Low, High float64 // of the colours, as of a Contour
}

const (
	heatW   = 420
	tallest = 44 // a cell

	heatNameMax = 22 // letters
)

// SVG draws the figure.
func (h Heat) SVG() string { return h.draw().svg() }

// A heatPlace is where the cells of a Heat lie.
type heatPlace struct {
	left, top, w, h float64 // the first cell
	turned          bool    // the names of the columns
}

func (h Heat) place() heatPlace {
	rows, cols := 0.0, 0.0
	for _, name := range h.Rows {
		rows = max(rows, width(short(name, heatNameMax)))
	}
	for _, name := range h.Cols {
		cols = max(cols, width(short(name, heatNameMax)))
	}
	p := heatPlace{left: rows + 28}
	p.w = (heatW - keyRoom - p.left) / float64(max(len(h.Cols), 1))
	p.turned = cols+4 > p.w
	p.h = min(p.w, tallest)
	p.top = 58
	if p.turned {
		p.top = 46 + cols
	}
	return p
}

func (h Heat) draw() *drawing {
	p := h.place()
	wide, high := p.w*float64(len(h.Cols)), p.h*float64(len(h.Rows))
	const keyLeast = 80
	d := newDrawing(heatW, p.top+max(high, keyLeast)+4, h.Title)
	d.turned(12, p.top+high/2, "fig-mid", h.RowLabel)
	d.text(p.left+wide/2, 32, "fig-mid", h.ColLabel)
	values := none()
	for _, row := range h.Values {
		for _, v := range row {
			if h.Value.shows(v) {
				values.take(v)
			}
		}
	}
	if values.lo <= values.hi && h.Low < h.High {
		values.take(h.Low)
		values.take(h.High)
	}
	h.names(d, p)
	if values.lo > values.hi {
		d.text(p.left+wide/2, p.top+20, "fig-mid", "no data")
		return d
	}
	colours := newColours(h.Value.Log, values.lo, values.hi)
	h.cells(d, p, colours)
	d.area(look{class: "fig-axis"}, rectangle(p.left, p.top, wide, high))
	colours.key(d, p.left+wide+16, p.top, max(high, keyLeast), h.Value, levels(h.Value.Log, values.lo, values.hi), nil)
	return d
}

// names writes those of the rows and of the columns that have room.
func (h Heat) names(d *drawing, p heatPlace) {
	const line = 12
	every := max(1, int(line/p.h+0.99))
	for i := 0; i < len(h.Rows); i += every {
		d.brief(p.left-6, p.top+p.h*(float64(i)+0.5)+4, "fig-end fig-ink", h.Rows[i], heatNameMax)
	}
	every = max(1, int(line/p.w+0.99))
	for j := 0; j < len(h.Cols); j += every {
		x := p.left + p.w*(float64(j)+0.5)
		if p.turned {
			d.turned(x+4, p.top-6, "fig-ink", short(h.Cols[j], heatNameMax))
		} else {
			d.text(x, p.top-8, "fig-mid fig-ink", h.Cols[j])
		}
	}
}

func (h Heat) cells(d *drawing, p heatPlace, colours colourScale) {
	class, roomy := h.font(p)
	for i, row := range h.Values {
		for j, v := range row {
			if !h.Value.shows(v) {
				continue
			}
			x, y := p.left+p.w*float64(j), p.top+p.h*float64(i)
			d.area(look{class: "fig-cell", fill: colours.of(v)}, rectangle(x, y, p.w, p.h))
			ink := " fig-light"
			if colours.bright(v) {
				ink = " fig-dark"
			}
			if roomy && h.Text[i][j] != "" {
				d.text(x+p.w/2, y+p.h/2+4, class+ink, h.Text[i][j])
			}
		}
	}
}

// font is the class in which the text of all cells has room, if there is one.
func (h Heat) font(p heatPlace) (class string, roomy bool) {
	widest := 0.0
	for _, row := range h.Text {
		for _, text := range row {
			widest = max(widest, width(text))
		}
	}
	const line, small = 13, 10.0 / 12
	switch {
	case h.Text == nil || p.h < line:
		return "", false
	case widest+4 <= p.w:
		return "fig-mid", true
	}
	return "fig-mid fig-small", small*widest+2 <= p.w
}
