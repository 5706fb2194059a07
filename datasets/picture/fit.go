package picture

import (
	"fmt"
	"image"
	"math"

	"golang.org/x/image/draw"
)

// Fit returns m as an image of h by w pixels: scaled, its proportions kept, so
// that it just covers these, then cropped around its centre. For h = w it is
// what torchvision's Resize(h) and CenterCrop(h) make of it, up to rounding: the
// filter is a triangle as wide as a pixel of the smaller one of both images. An
// image that has the size is returned as it is, one that is so narrow that its
// scaled copy would be huge is an error.
func Fit(m *image.RGBA, h, w int) (*image.RGBA, error) {
	mh, mw := m.Rect.Dy(), m.Rect.Dx()
	if mh == h && mw == w {
		return m, nil
	}
	sh, sw := h, mw*h/mh // as high as wanted
	if mw*h < mh*w {
		sh, sw = mh*w/mw, w // as wide as wanted
	}
	// The fit in one dimension leaves at least the other one, but for rounding.
	sh, sw = max(sh, h), max(sw, w)
	if sh > maxPixels/sw {
		return nil, fmt.Errorf("found %dx%d pixels, want proportions that can be scaled to %dx%d", mw, mh, w, h)
	}
	top, left := middle(sh-h), middle(sw-w)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(dst, image.Rect(-left, -top, sw-left, sh-top), m, m.Rect, draw.Src, nil)
	return dst, nil
}

// middle is half of n, rounded to even as Python rounds.
func middle(n int) int { return int(math.RoundToEven(float64(n) / 2)) }
