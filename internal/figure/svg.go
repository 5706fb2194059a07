package figure

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
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

// svg writes the drawing as an svg element.
func (d *drawing) svg() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, `<svg class="fig" viewBox="0 0 %s %s" role="img" aria-label="%s">`, num(d.w), num(d.h), escape(d.title))
	for _, o := range d.list {
		switch o := o.(type) {
		case shape:
			o.svg(b)
		case marks:
			o.svg(b)
		case words:
			o.svg(b)
		}
	}
	b.WriteString("</svg>")
	return b.String()
}

func (s shape) svg(b *strings.Builder) {
	b.WriteString(`<path d="`)
	for _, p := range s.pieces {
		p.svg(b)
	}
	fmt.Fprintf(b, `" class="%s"`, s.class)
	if s.fill != "" {
		fmt.Fprintf(b, ` fill="%s"`, s.fill)
	}
	if s.opacity > 0 {
		fmt.Fprintf(b, ` fill-opacity="%s"`, num(s.opacity))
	}
	b.WriteString("/>")
}

func (p piece) svg(b *strings.Builder) {
	if w, h, ok := p.rectangle(); ok {
		fmt.Fprintf(b, "M%s %sh%sv%sh-%sz", num(p.points[0].x), num(p.points[0].y), num(w), num(h), num(w))
		return
	}
	verb := "M"
	for _, at := range p.points {
		b.WriteString(verb + num(at.x) + " " + num(at.y))
		verb = "L"
	}
	if p.closed {
		b.WriteString("Z")
	}
}

// rectangle reports whether the piece is what rectangle makes, and its size.
func (p piece) rectangle() (w, h float64, ok bool) {
	if !p.closed || len(p.points) != 4 {
		return 0, 0, false
	}
	a, b, c, d := p.points[0], p.points[1], p.points[2], p.points[3]
	ok = a.y == b.y && b.x == c.x && c.y == d.y && d.x == a.x && b.x >= a.x
	return b.x - a.x, c.y - b.y, ok
}

func (m marks) svg(b *strings.Builder) {
	b.WriteString(`<path d="`)
	for _, at := range m.points {
		fmt.Fprintf(b, "M%s %s%s", num(at.x), num(at.y), markPath(m.style))
	}
	fmt.Fprintf(b, `" class="f%d"/>`, hue(m.style))
}

// markPath is the mark of a style as a path that begins in its middle.
func markPath(style int) string {
	form := markForm(style)
	if form == nil {
		return "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z"
	}
	path, verb, last := "", "m", point{}
	for _, at := range form {
		path += verb + num(at.x-last.x) + " " + num(at.y-last.y)
		verb, last = "l", at
	}
	return path + "z"
}

func (l words) svg(b *strings.Builder) {
	place := fmt.Sprintf(`x="%s" y="%s"`, num(l.at.x), num(l.at.y))
	if l.turned {
		place = fmt.Sprintf(`transform="translate(%s %s) rotate(-90)"`, num(l.at.x), num(l.at.y))
	}
	whole := ""
	if l.whole != "" {
		whole = "<title>" + escape(l.whole) + "</title>"
	}
	fmt.Fprintf(b, `<text %s class="%s">%s%s</text>`, place, l.class, whole, escape(l.text))
}

// num writes a coordinate, to a tenth.
func num(v float64) string {
	v = math.Round(10*v) / 10
	if v == 0 {
		return "0" // not -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
