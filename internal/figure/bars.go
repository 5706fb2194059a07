package figure

// Bars are numbers by name, one row each. They begin at 0.
type Bars struct {
	Title string
	Full  float64 // a bar of the whole width; 0: the largest number
	Bars  []Bar
}

// A Bar is one of them. Text stands behind it.
type Bar struct {
	Name  string
	Value float64
	Text  string
}

const (
	barsW   = matrixW // they stand beside each other
	barRow  = 20
	nameMax = 18 // letters
)

// SVG draws the figure.
func (b Bars) SVG() string { return b.draw().svg() }

func (b Bars) draw() *drawing {
	c := newDrawing(barsW, float64(26+barRow*len(b.Bars)), b.Title)
	names, texts, full := 0.0, 0.0, b.Full
	for _, bar := range b.Bars {
		names, texts = max(names, width(short(bar.Name, nameMax))), max(texts, width(bar.Text))
		if b.Full == 0 && finite(bar.Value) {
			full = max(full, bar.Value)
		}
	}
	left := names + 8
	room := barsW - left - texts - 10
	for i, bar := range b.Bars {
		y := float64(26 + barRow*i)
		c.brief(names, y+13, "fig-end fig-ink", bar.Name, nameMax)
		length := 0.0
		if finite(bar.Value) && full > 0 {
			length = room * min(max(bar.Value/full, 0), 1)
		}
		c.area(look{class: "fig-cell f0"}, rectangle(left, y+2, length, 14))
		c.text(left+length+5, y+13, "", bar.Text)
	}
	return c
}
