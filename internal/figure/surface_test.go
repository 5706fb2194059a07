package figure

import (
	"fmt"
	"image/color"
	"math"
	"regexp"
	"strings"
	"testing"
)

func TestSurface(t *testing.T) {
	g := bowl(80, square)
	g.Z[40][40] = math.NaN()
	s := Surface{Title: "s", X: Axis{Label: "first direction"}, Y: Axis{Label: "second direction"}, Value: Axis{Label: "loss"}, Grid: g}
	svg := check(t, s.SVG())
	// Every third of 80 lines and the last are 28: 27 cells a side.
	if n := strings.Count(svg, `class="fig-face"`); n != 27*27 {
		t.Errorf("%d faces", n)
	}
	s.Grid.Z[39][39] = math.NaN() // one that is drawn
	if n := strings.Count(s.SVG(), `class="fig-face"`); n != 27*27-4 {
		t.Errorf("%d faces around a gap", n)
	}
	if n := strings.Count(Surface{Grid: bowl(10, square)}.SVG(), `class="fig-face"`); n != 9*9 {
		t.Errorf("%d faces of a small grid", n)
	}
	if len(svg) > 90_000 {
		t.Errorf("%d bytes", len(svg))
	}
	for _, place := range regexp.MustCompile(`<text x="([-\d.]+)" y="([-\d.]+)" class="([^"]*)">([^<]*)<`).FindAllStringSubmatch(svg, -1) {
		var x, y float64
		fmt.Sscan(place[1], &x)
		fmt.Sscan(place[2], &y)
		if strings.Contains(place[3], "fig-end") {
			x -= width(place[4])
		}
		if x < 0 || x+width(place[4]) > surfaceW || y < 0 || y > surfaceH {
			t.Errorf("%q at %v, %v", place[4], x, y)
		}
	}
	// The near corner is the highest one in the middle of the sheet's front.
	img := picture(t, s)
	if got := at(img, 200, 252+56*1.39-150+3); got == (color.NRGBA{255, 255, 255, 255}) {
		t.Error("no sheet at the near corner")
	}
}

func TestHeat(t *testing.T) {
	nan := math.NaN()
	h := Heat{
		Title: "Accuracy", RowLabel: "after", ColLabel: "task", Rows: []string{"1", "2"}, Cols: []string{"1", "2"}, Value: Axis{Label: "%"},
		Values: [][]float64{{90, nan}, {70, 95}}, Text: [][]string{{"90.0", ""}, {"70.0", "95.0"}},
	}
	svg := check(t, h.SVG())
	if n := strings.Count(svg, `class="fig-mid fig-`); n < 3 || !strings.Contains(svg, `class="fig-mid fig-light">70.0<`) || !strings.Contains(svg, `class="fig-mid fig-dark">95.0<`) {
		t.Error(svg)
	}
	img, p := picture(t, h), h.place()
	for i, want := range []string{shadeAt(0.8), "#ffffff", shadeAt(0), shadeAt(1)} {
		if got := at(img, p.left+p.w*(0.1+float64(i%2)), p.top+p.h*(0.1+float64(i/2))); got != colour(want, 1) {
			t.Errorf("cell %d: %v, want %s", i, got, want)
		}
	}
	big := Heat{}
	for i := range 100 {
		big.Rows, big.Cols = append(big.Rows, "a long name of a row"), append(big.Cols, "a long name of a column")
		big.Values, big.Text = append(big.Values, make([]float64, 100)), append(big.Text, make([]string, 100))
		for j := range 100 {
			big.Values[i][j], big.Text[i][j] = float64(i+j), "12345"
		}
	}
	if svg := check(t, big.SVG()); strings.Contains(svg, "12345") || len(svg) > 1_000_000 {
		t.Errorf("%d bytes", len(svg))
	}
	h.Text[1][0] = "70.0 with more words than there is room for in a cell"
	if svg := h.SVG(); strings.Contains(svg, ">95.0<") || strings.Contains(svg, ">70.0") {
		t.Error("some cells have text and others have no room for it")
	}
	check(t, Heat{}.SVG())
	check(t, Heat{Rows: []string{"a"}, Cols: []string{"b"}, Values: [][]float64{{nan}}}.SVG())
}

func TestIntervals(t *testing.T) {
	nan := math.NaN()
	v := Intervals{X: Axis{Label: "points", Zero: true}, Rows: []Interval{
		{"up", 1, 0.5, 2, "+1"}, {"one seed", 2, nan, nan, ""}, {"none", nan, 0, 1, ""}, {"down", -2, -2.5, -1.5, ""},
	}}
	svg := check(t, v.SVG())
	if n := strings.Count(svg, "fig-whisker"); n != 2 {
		t.Errorf("%d lines, want those of two rows", n)
	}
	if n := strings.Count(svg, `class="f0"`); n != 3 {
		t.Errorf("%d dots", n)
	}
	if !strings.Contains(svg, "fig-event") {
		t.Error("no line at 0")
	}
	check(t, Intervals{}.SVG())
	picture(t, v)
}
