package figure

// Intervals are numbers by name with what is known of them: dots with lines from Low
// to High, one row each.
type Intervals struct {
	Title string
	X     Axis // Zero: with a line at 0
	Rows  []Interval
}

// An Interval is one of them. Text stands behind it.
type Interval struct {
	Name             string
	Value, Low, High float64 // Low or High not finite: no line
	Text             string
}

const (
	intervalsW   = 420
	intervalRow  = 22
	longNameMost = 26 // letters
)

// SVG draws the figure.
func (v Intervals) SVG() string { return v.draw().svg() }

func (v Intervals) draw() *drawing {
	names, texts, x := 0.0, 0.0, none()
	for _, r := range v.Rows {
		names, texts = max(names, width(short(r.Name, longNameMost))), max(texts, width(r.Text))
		if !v.X.shows(r.Value) {
			continue
		}
		x.take(r.Value)
		if v.X.shows(r.Low) && v.X.shows(r.High) {
			x.take(r.Low)
			x.take(r.High)
		}
	}
	high := float64(intervalRow * len(v.Rows))
	f := frame{
		drawing: newDrawing(intervalsW, 26+high+38, v.Title), X: v.X,
		left: names + 18, right: intervalsW - texts - 12, top: 26, bottom: 26 + high,
	}
	ticks, _ := f.reach(x, none())
	for _, t := range ticks {
		f.line(t.at, f.top, t.at, f.bottom, "fig-grid")
	}
	f.axes(ticks, nil, true)
	if v.X.Zero && !v.X.Log {
		f.line(f.x.at(0), f.top, f.x.at(0), f.bottom, "fig-event")
	}
	for i, r := range v.Rows {
		v.row(&f, r, f.top+intervalRow*(float64(i)+0.5))
	}
	return f.drawing
}

func (v Intervals) row(f *frame, r Interval, y float64) {
	f.brief(f.left-10, y+4, "fig-end fig-ink", r.Name, longNameMost)
	f.text(f.right+10, y+4, "", r.Text)
	if !v.X.shows(r.Value) {
		return
	}
	if v.X.shows(r.Low) && v.X.shows(r.High) {
		lo, hi := f.x.at(r.Low), f.x.at(r.High)
		f.area(look{class: "fig-whisker s0"}, piece{points: []point{{lo, y}, {hi, y}}},
			piece{points: []point{{lo, y - 4}, {lo, y + 4}}}, piece{points: []point{{hi, y - 4}, {hi, y + 4}}})
	}
	f.add(marks{0, []point{{f.x.at(r.Value), y}}})
}
