// Package figure draws figures as SVG: lines over an axis, bars, a matrix.
//
// A figure is a struct; its SVG method returns an svg element, whose text is
// text. Colours and fonts are CSS: a page that shows figures has Style once, a
// file of its own is made by Standalone. The colours are those of Okabe and Ito,
// which colour-blind people tell apart; series differ in their marks and dashes
// too. Style follows the reader's choice of light or dark.
//
// Numbers that are not finite are gaps. Text is escaped.
package figure

import (
	_ "embed"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:embed figure.css
var style string

// Style is the CSS of all figures.
func Style() string { return style }

// Standalone makes a file of what an SVG method returned.
func Standalone(svg string) string {
	head, rest, _ := strings.Cut(svg, ">")
	return head + ` xmlns="http://www.w3.org/2000/svg"><style>` + style + "</style>" + rest + "\n"
}

// glyph is the width of a letter, about, where letters are 12 units high.
const glyph = 6.4

// A canvas is an svg element under way. Its unit is a pixel at full size.
type canvas struct{ strings.Builder }

// newCanvas begins an element of width w and height h called title.
func newCanvas(w, h float64, title string) *canvas {
	c := &canvas{}
	name := html.EscapeString(title)
	c.printf(`<svg class="fig" viewBox="0 0 %s %s" role="img" aria-label="%s">`, num(w), num(h), name)
	c.text(0, 14, "fig-title", title)
	return c
}

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(c, format, args...) }

// text writes text at (x, y), the left end of its base line unless class says
// otherwise.
func (c *canvas) text(x, y float64, class, text string) {
	c.printf(`<text x="%s" y="%s" class="%s">%s</text>`, num(x), num(y), class, html.EscapeString(text))
}

// turned writes text that reads upwards and ends or begins at (x, y).
func (c *canvas) turned(x, y float64, class, text string) {
	c.printf(`<text transform="translate(%s %s) rotate(-90)" class="%s">%s</text>`, num(x), num(y), class, html.EscapeString(text))
}

func (c *canvas) line(x1, y1, x2, y2 float64, class string) {
	c.printf(`<path d="M%s %sL%s %s" class="%s"/>`, num(x1), num(y1), num(x2), num(y2), class)
}

func (c *canvas) end() string {
	c.WriteString("</svg>")
	return c.String()
}

// num writes a coordinate, to a tenth.
func num(v float64) string {
	v = math.Round(10*v) / 10
	if v == 0 {
		return "0" // not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// short is text of at most n letters; what is longer ends with dots.
func short(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

// width is the width of text, about.
func width(text string) float64 { return glyph * float64(utf8.RuneCountInString(text)) }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
