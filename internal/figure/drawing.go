package figure

import (
	"html"
	"strings"
	"unicode/utf8"
)

// A drawing is what a figure consists of: operations, the later ones above the
// earlier ones. Its unit is a pixel at full size. The writers put it out as SVG and
// as PNG.
type drawing struct {
	w, h  float64
	title string
	list  []operation
}

// An operation is a shape, marks or words.
type operation interface{ isOperation() }

// A look is how something is drawn: the words of class are those of figure.css.
type look struct {
	class   string
	fill    string  // a colour such as #0072b2; "": that of class
	opacity float64 // of the filling; 0: that of class
}

// A shape is an area or a line, in pieces.
type shape struct {
	pieces []piece
	look
}

// A piece is a line through points, closed if it returns to the first one.
type piece struct {
	points []point
	closed bool
}

// A point is a place in a drawing.
type point struct{ x, y float64 }

// Marks are the points of a series of the given style.
type marks struct {
	style  int
	points []point
}

// Words are text at a place: the left end of its base line, unless class says
// otherwise.
type words struct {
	at     point
	turned bool // reads upwards
	class  string
	text   string
	whole  string // what text is a part of; "": text is whole
}

func (shape) isOperation() {}
func (marks) isOperation() {}
func (words) isOperation() {}

// newDrawing begins a drawing of width w and height h called title.
func newDrawing(w, h float64, title string) *drawing {
	d := &drawing{w: w, h: h, title: title}
	const glyph = 7.2 // of the title's letters
	d.brief(0, 14, "fig-title", title, int(w/glyph))
	return d
}

func (d *drawing) add(o operation) { d.list = append(d.list, o) }

// area draws pieces, if there are any.
func (d *drawing) area(l look, pieces ...piece) {
	if len(pieces) > 0 {
		d.add(shape{pieces, l})
	}
}

func (d *drawing) line(x1, y1, x2, y2 float64, class string) {
	d.area(look{class: class}, piece{points: []point{{x1, y1}, {x2, y2}}})
}

// rectangle is the piece with its upper left corner at (x, y).
func rectangle(x, y, w, h float64) piece {
	return piece{[]point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, true}
}

func (d *drawing) text(x, y float64, class, text string) {
	d.add(words{at: point{x, y}, class: class, text: text})
}

// brief draws text of at most n letters.
func (d *drawing) brief(x, y float64, class, text string, n int) {
	l := words{at: point{x, y}, class: class, text: short(text, n)}
	if l.text != text {
		l.whole = text
	}
	d.add(l)
}

// turned draws text that reads upwards.
func (d *drawing) turned(x, y float64, class, text string) {
	d.add(words{at: point{x, y}, turned: true, class: class, text: text})
}

// glyph is the width of a letter, about, where letters are 12 units high.
const glyph = 6.6

// width is the width of text, about, in the usual sans-serif faces.
func width(text string) float64 {
	sum := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("ijl.,:;'|!ftrI()[] -", r):
			sum += 4.1
		case strings.ContainsRune("mwMW%@…", r):
			sum += 10.5
		case r >= 'A' && r <= 'Z':
			sum += 8.2
		case r >= 0x1100: // a letter of East Asia, as a rule
			sum += 12
		default:
			sum += 7
		}
	}
	return sum
}

// short is text of at most n letters; what is longer ends with dots.
func short(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:max(n, 1)-1]) + "…"
}

// escape makes text fit for SVG: what XML cannot hold becomes a sign for that.
func escape(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' {
			return ' '
		}
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, text)
	return html.EscapeString(text)
}
