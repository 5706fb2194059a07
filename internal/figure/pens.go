package figure

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// pens are the fonts of a picture, as they are needed.
type pens struct {
	regular, bold *opentype.Font
	faces         map[pen]font.Face
}

// A pen is a font in a size, in pixels.
type pen struct {
	size float64
	bold bool
}

func newPens() (*pens, error) {
	regular, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, err
	}
	bold, err := opentype.Parse(gomedium.TTF)
	return &pens{regular, bold, map[pen]font.Face{}}, err
}

func (p *pens) face(q pen) (font.Face, error) {
	if face, ok := p.faces[q]; ok {
		return face, nil
	}
	of := p.regular
	if q.bold {
		of = p.bold
	}
	face, err := opentype.NewFace(of, &opentype.FaceOptions{Size: q.size, DPI: 72})
	if err == nil {
		p.faces[q] = face
	}
	return face, err
}

// words writes words.
func (p *painter) words(l words) error {
	css := p.css.of("text", l.class)
	face, err := p.pens.face(pen{zoom * pixels(css["font-size"], 12), css["font-weight"] == "600"})
	if err != nil {
		return err
	}
	length, at := fixedFloat(font.MeasureString(face, l.text)), place(l.at)
	back := 0.0 // from the place to the beginning
	switch css["text-anchor"] {
	case "end":
		back = length
	case "middle":
		back = length / 2
	}
	ink := colour(css["fill"], 1)
	if l.turned {
		p.upwards(face, ink, l.text, length, at, back)
		return nil
	}
	write(p.RGBA, face, ink, l.text, point{at.x - back, at.y})
	return nil
}

func write(dst draw.Image, face font.Face, ink color.Color, text string, at point) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(ink), Face: face, Dot: fixed.Point26_6{X: fixed.Int26_6(64 * at.x), Y: fixed.Int26_6(64 * at.y)}}
	d.DrawString(text)
}

// upwards writes text that begins back units below the place at and reads upwards.
func (p *painter) upwards(face font.Face, ink color.NRGBA, text string, length float64, at point, back float64) {
	m := face.Metrics()
	above, below := m.Ascent.Ceil(), m.Descent.Ceil()
	flat := image.NewAlpha(image.Rect(0, 0, int(length)+2, above+below))
	write(flat, face, color.Opaque, text, point{0, float64(above)})
	n := flat.Rect.Dx()
	turned := image.NewAlpha(image.Rect(0, 0, flat.Rect.Dy(), n))
	for y := range flat.Rect.Dy() {
		for x := range n {
			turned.SetAlpha(y, n-1-x, flat.AlphaAt(x, y))
		}
	}
	corner := image.Pt(int(at.x)-above, int(at.y+back)-n)
	draw.DrawMask(p.RGBA, turned.Rect.Add(corner), image.NewUniform(ink), image.Point{}, turned, image.Point{}, draw.Over)
}

func fixedFloat(v fixed.Int26_6) float64 { return float64(v) / 64 }
