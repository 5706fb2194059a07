package figure

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strings"
)

const (
	zoom   = 2 // pixels per unit
	border = 8 // units around the drawing
)

// A painter puts a drawing out as pixels.
type painter struct {
	*image.RGBA
	css   *sheet
	brush brush
	pens  *pens
}

// png is the drawing as a PNG file.
func (d *drawing) png() ([]byte, error) {
	pens, err := newPens()
	if err != nil {
		return nil, fmt.Errorf("figure: %w", err)
	}
	size := image.Rect(0, 0, int(math.Ceil(zoom*(d.w+2*border))), int(math.Ceil(zoom*(d.h+2*border))))
	p := &painter{RGBA: image.NewRGBA(size), css: readStyle(), pens: pens}
	draw.Draw(p.RGBA, size, image.NewUniform(colour(p.css.vars["--fig-bg"], 1)), image.Point{}, draw.Src)
	for _, o := range d.list {
		switch o := o.(type) {
		case shape:
			p.shape(o)
		case marks:
			p.marks(o)
		case words:
			if err := p.words(o); err != nil {
				return nil, fmt.Errorf("figure: %w", err)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p.RGBA); err != nil {
		return nil, fmt.Errorf("figure: %w", err)
	}
	return b.Bytes(), nil
}

// place is where a point of the drawing lies among the pixels.
func place(at point) point { return point{zoom * (at.x + border), zoom * (at.y + border)} }

func places(points []point) []point {
	list := make([]point, len(points))
	for i, at := range points {
		list[i] = place(at)
	}
	return list
}

func (p *painter) shape(s shape) {
	css := p.css.of("path", s.class)
	fill := css["fill"]
	if s.fill != "" {
		fill = s.fill
	}
	opacity := s.opacity
	if opacity == 0 {
		opacity = pixels(css["fill-opacity"], 1)
	}
	if painted(fill) {
		var areas [][]point
		for _, piece := range s.pieces {
			areas = append(areas, places(piece.points))
		}
		p.brush.fill(p.RGBA, colour(fill, opacity), areas)
	}
	if stroke := css["stroke"]; painted(stroke) {
		width, round := zoom*pixels(css["stroke-width"], 1), css["stroke-linecap"] == "round"
		var lines [][]point
		for _, piece := range s.pieces {
			points := places(piece.points)
			if piece.closed {
				points = append(points, points[0])
			}
			lines = append(lines, dashed(points, css["stroke-dasharray"])...)
		}
		p.brush.stroke(p.RGBA, colour(stroke, 1), lines, width, round)
	}
}

func (p *painter) marks(m marks) {
	fill := p.css.of("path", fmt.Sprintf("f%d", hue(m.style)))["fill"]
	form := markForm(m.style)
	if form == nil {
		form = circle(point{}, 3)
	}
	var areas [][]point
	for _, at := range m.points {
		area := make([]point, len(form))
		for i, d := range form {
			area[i] = place(point{at.x + d.x, at.y + d.y})
		}
		areas = append(areas, area)
	}
	p.brush.each(p.RGBA, colour(fill, 1), areas)
}

func painted(colour string) bool { return colour != "" && colour != "none" }

// colour is a colour as #rrggbb.
func colour(text string, opacity float64) color.NRGBA {
	rgb, err := hex.DecodeString(strings.TrimPrefix(text, "#"))
	if err != nil || len(rgb) != 3 {
		panic(fmt.Sprintf("figure: the colour %q is not #rrggbb", text))
	}
	return color.NRGBA{rgb[0], rgb[1], rgb[2], uint8(math.Round(255 * opacity))}
}
