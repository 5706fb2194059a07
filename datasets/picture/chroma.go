package picture

import "image"

// JPEG and WebP store colour at half the resolution of brightness. The decoders
// of Go repeat the nearest value and take WebP's numbers for JPEG's; libjpeg
// and libwebp, through which everybody else reads these files, interpolate. So
// does this file, as they do, to the last bit.

// A chroma says how the planes of m become red, green and blue.
type chroma struct {
	m      *image.YCbCr
	h, w   int  // of the planes Cb and Cr
	rows   bool // whether they have half the rows of the image too
	smooth bool // whether they are interpolated: else their values are repeated
	webp   bool
}

func newChroma(m *image.YCbCr, format string) chroma {
	c := chroma{m: m, h: m.Rect.Dy(), w: (m.Rect.Dx() + 1) / 2, webp: format == "webp"}
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		c.h, c.rows, c.smooth = (c.h+1)/2, true, true
	case image.YCbCrSubsampleRatio422:
		c.smooth = true
	}
	if c.w <= 2 && !c.webp { // libjpeg does not bother
		c.smooth = false
	}
	return c
}

// at returns the colour of a pixel.
func (c chroma) at(x, y int) (r, g, b uint8) {
	luma := int(c.m.Y[c.m.YOffset(x, y)])
	var cb, cr int
	if c.smooth {
		cb, cr = c.between(c.m.Cb, x, y), c.between(c.m.Cr, x, y)
	} else {
		i := c.m.COffset(x, y)
		cb, cr = int(c.m.Cb[i]), int(c.m.Cr[i])
	}
	if c.webp {
		return webpRGB(luma, cb, cr)
	}
	return jpegRGB(luma, cb, cr)
}

// between interpolates a plane: 9 parts of the nearest value, 3 of the nearest
// in the next column, 3 in the next row, 1 of both; at the edge of the plane
// its last row or column is repeated.
func (c chroma) between(plane []uint8, x, y int) int {
	x0, x1 := neighbours(x, c.w, true)
	y0, y1 := neighbours(y, c.h, c.rows)
	row0, row1 := plane[y0*c.m.CStride:], plane[y1*c.m.CStride:]
	near, column, row, both := int(row0[x0]), int(row0[x1]), int(row1[x0]), int(row1[x1])
	if c.webp {
		return ((near+3*column+3*row+both+8)>>3 + near) >> 1
	}
	half := 8 - x%2 // it alternates, so that the mean of the image stays
	if !c.rows {
		half = 4 + 4*(x%2)
	}
	return (9*near + 3*column + 3*row + both + half) >> 4
}

// neighbours returns the two places of a plane of n values between which pixel
// i lies, the nearest one first.
func neighbours(i, n int, half bool) (near, next int) {
	if !half {
		return i, i
	}
	near = i / 2
	if i%2 == 0 {
		return near, max(near-1, 0)
	}
	return near, min(near+1, n-1)
}

// jpegRGB is JFIF's conversion in libjpeg's fixed point: 1.402, 0.34414,
// 0.71414 and 1.772 in units of 2^-16.
func jpegRGB(y, cb, cr int) (r, g, b uint8) {
	cb, cr = cb-128, cr-128
	const half = 1 << 15
	return clip(y + (91881*cr+half)>>16), clip(y + (half-22554*cb-46802*cr)>>16), clip(y + (116130*cb+half)>>16)
}

// webpRGB is BT.601's conversion, brightness from 16 to 235, in libwebp's
// fixed point.
func webpRGB(y, cb, cr int) (r, g, b uint8) {
	y = y * 19077 >> 8
	red := y + cr*26149>>8 - 14234
	green := y - cb*6419>>8 - cr*13320>>8 + 8708
	blue := y + cb*33050>>8 - 17685
	return clip(red >> 6), clip(green >> 6), clip(blue >> 6)
}

func clip(v int) uint8 { return uint8(min(max(v, 0), 255)) }
