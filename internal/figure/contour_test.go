package figure

import (
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"
)

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		log    bool
		lo, hi float64
		want   string
	}{
		{false, 0.3, 2.31, "0.3 0.4 0.6 0.8 1 1.2 1.4 1.6 1.8 2 2.2 2.31"},
		{true, 1.1, 2, "1.1 1.2 1.3 1.4 1.5 1.6 1.7 1.8 1.9 2"},
		{true, 0.4, 6, "0.4 0.5 0.7 1 1.5 2 3 5 6"},
		{true, 0.02, 60, "0.02 0.05 0.1 0.2 0.5 1 2 5 10 20 50 60"},
		{true, 1e-7, 3, "1e-7 1e-6 1e-5 1e-4 0.001 0.01 0.1 1 3"},
		{true, 1e-20, 10, "1e-20 1e-18 1e-16 1e-14 1e-12 1e-10 1e-8 1e-6 1e-4 0.01 1 10"},
		{false, 2, 2, "2 2"},
	} {
		var words []string
		for _, v := range levels(c.log, c.lo, c.hi) {
			words = append(words, Number(v))
		}
		if got := strings.Join(words, " "); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// A reader who sees no hues reads the scale by its lightness, which rises evenly.
func TestColoursRiseInLightness(t *testing.T) {
	luminance := func(text string) float64 { // relative, of sRGB; the root of it is about as the eye sees it
		sum := 0.0
		c := colour(text, 1)
		for i, v := range []uint8{c.R, c.G, c.B} {
			sum += []float64{0.2126, 0.7152, 0.0722}[i] * math.Pow(float64(v)/255, 2.2)
		}
		return math.Cbrt(sum)
	}
	const n = 20
	for i := range n {
		a, b := luminance(shadeAt(float64(i)/n)), luminance(shadeAt(float64(i+1)/n))
		if rise := n * (b - a); !(rise > 0.4 && rise < 1) {
			t.Errorf("from %d to %d of %d: %.2f", i, i+1, n, rise)
		}
	}
}

func TestContour(t *testing.T) {
	c := Contour{
		Title: "m", X: Axis{Label: "a"}, Y: Axis{Label: "b"}, Value: Axis{Label: "loss"}, Grid: bowl(21, square),
		Series: []Series{{Name: "path", X: []float64{-0.5, 0}, Y: []float64{0.5, 0}}},
	}
	svg := check(t, c.SVG())
	steps := levels(false, 0, 2)
	if n := strings.Count(svg, `class="fig-level"`); n != len(steps)-2 {
		t.Errorf("%d lines for levels %v", n, steps)
	}
	for _, text := range []string{">path<", ">loss<", ">0.2<", ">1.8<", "fig-track", "fig-spot"} {
		if !strings.Contains(svg, text) {
			t.Errorf("no %s", text)
		}
	}
	if n := strings.Count(svg, `class="fig-track"`); n != 2 {
		t.Errorf("%d tracks, want one and that of the legend", n)
	}
	if strings.Contains(svg, "fig-gap") || svg != c.SVG() {
		t.Error("a gap, or another figure the second time")
	}
	img := picture(t, c)
	f := c.frame()
	colours := newColours(false, 0, 2)
	for place, level := range map[point]int{{-0.2, -0.2}: 0, {0.95, 0.95}: 9, {0.75, 0}: 2, {-0.75, 0}: 2, {0, -0.75}: 2} {
		p := f.at(place.x, place.y)
		if got, want := at(img, p.x, p.y), colour(colours.between(steps[level], steps[level+1]), 1); got != want {
			t.Errorf("at %v: %v, want %v", place, got, want)
		}
	}
	if got := at(img, f.x.at(0), f.y.at(0)); got != (color.NRGBA{255, 255, 255, 255}) {
		t.Errorf("the end of the path: %v", got)
	}
}

func TestContourOfGapsAndOfNothing(t *testing.T) {
	c := Contour{Value: Axis{Log: true}, Grid: bowl(21, func(x, y float64) float64 {
		if x > 0.5 {
			return math.NaN()
		}
		return x * x * x // no logarithm on the left
	})}
	svg := check(t, c.SVG())
	if !strings.Contains(svg, `class="fig-gap"`) || !strings.Contains(svg, "grey: no number") {
		t.Error("no gap")
	}
	f := c.frame()
	if got := at(picture(t, c), f.x.at(-0.5), f.y.at(0)); got != (color.NRGBA{0xd9, 0xdd, 0xe2, 255}) {
		t.Errorf("the gap is %v", got)
	}
	nan := math.NaN()
	for _, g := range []Grid{{}, {[]float64{0, 1}, []float64{0, 1}, [][]float64{{nan, nan}, {nan, nan}}}} {
		for _, f := range []Figure{Contour{Grid: g}, Surface{Grid: g}} {
			if svg := check(t, f.SVG()); !strings.Contains(svg, "no data") {
				t.Error(svg)
			}
			picture(t, f)
		}
	}
	flat := bowl(3, func(x, y float64) float64 { return 7 })
	check(t, Contour{Grid: flat}.SVG())
	check(t, Surface{Grid: flat}.SVG())
	defer func() {
		if p := fmt.Sprint(recover()); p != "figure: row 1 of a grid has 2 numbers for 3 places on the x axis" {
			t.Error(p)
		}
	}()
	flat.Z[1] = flat.Z[1][:2]
	_ = Contour{Grid: flat}.SVG()
}
