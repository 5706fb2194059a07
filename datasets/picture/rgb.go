package picture

import (
	"image"
	"image/color"
)

// setRGB sets the red, green and blue of dst to those of m, of a file of the
// given format, within the bounds of both.
func setRGB(dst *image.RGBA, m image.Image, format string) {
	b := dst.Rect.Intersect(m.Bounds())
	at := rgbAt(m, format)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := dst.Pix[dst.PixOffset(b.Min.X, y):]
		for x := b.Min.X; x < b.Max.X; x++ {
			row[0], row[1], row[2] = at(x, y)
			row = row[4:]
		}
	}
}

// rgbAt returns what reads a pixel of m.
func rgbAt(m image.Image, format string) func(x, y int) (r, g, b uint8) {
	switch m := m.(type) {
	case *image.RGBA:
		if m.Opaque() { // as of a PNG file with three channels
			return func(x, y int) (r, g, b uint8) { p := m.Pix[m.PixOffset(x, y):]; return p[0], p[1], p[2] }
		}
	case *image.Gray:
		return func(x, y int) (r, g, b uint8) { v := m.GrayAt(x, y).Y; return v, v, v }
	case *image.NRGBA:
		return func(x, y int) (r, g, b uint8) { c := m.NRGBAAt(x, y); return c.R, c.G, c.B }
	case *image.Paletted:
		return paletteAt(m)
	case *image.NYCbCrA:
		return newChroma(&m.YCbCr, format).at
	case *image.YCbCr:
		return newChroma(m, format).at
	}
	return func(x, y int) (r, g, b uint8) { return rgb(m.At(x, y)) }
}

// paletteAt reads the pixels of m, whose palette is converted once.
func paletteAt(m *image.Paletted) func(x, y int) (r, g, b uint8) {
	var table [256][3]uint8 // black where an index is beyond the palette
	for i, c := range m.Palette {
		table[i][0], table[i][1], table[i][2] = rgb(c)
	}
	return func(x, y int) (r, g, b uint8) { c := &table[m.ColorIndexAt(x, y)]; return c[0], c[1], c[2] }
}

// rgb returns the upper 8 bits of a colour, without its alpha.
func rgb(c color.Color) (r, g, b uint8) {
	if c, ok := c.(color.NRGBA); ok { // by way of RGBA the colour of what is transparent would be lost
		return c.R, c.G, c.B
	}
	n := color.NRGBA64Model.Convert(c).(color.NRGBA64)
	return uint8(n.R >> 8), uint8(n.G >> 8), uint8(n.B >> 8)
}

// Store writes m to dst [h, w, channels]: 3 for red, green and blue, 1 for
// their brightness, (19595 r + 38470 g + 7471 b + 32768) >> 16, which is what
// Pillow's convert("L") computes.
func Store(dst []uint8, m *image.RGBA, channels int) {
	for i := range len(dst) / channels {
		p := m.Pix[4*i : 4*i+3 : 4*i+3]
		if channels == 1 {
			dst[i] = uint8((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2]) + 1<<15) >> 16)
			continue
		}
		copy(dst[3*i:3*i+3], p)
	}
}
