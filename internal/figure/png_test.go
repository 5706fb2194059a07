package figure

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// picture is the PNG of a figure.
func picture(t *testing.T, f Figure) image.Image {
	t.Helper()
	data, err := PNG(f)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	d := f.draw()
	if got, want := img.Bounds().Size(), image.Pt(int(math.Ceil(2*(d.w+16))), int(math.Ceil(2*(d.h+16)))); got != want {
		t.Fatalf("%v pixels, want %v", got, want)
	}
	return img
}

// at is the colour at a place of the drawing.
func at(img image.Image, x, y float64) color.NRGBA {
	return color.NRGBAModel.Convert(img.At(int(2*(x+8)), int(2*(y+8)))).(color.NRGBA)
}

// inked is the share of the pixels of a part of the drawing that are not white.
func inked(img image.Image, x, y, w, h float64) float64 {
	n, all := 0, 0
	for dy := 0.25; dy < h; dy += 0.5 {
		for dx := 0.25; dx < w; dx += 0.5 {
			all++
			if at(img, x+dx, y+dy) != (color.NRGBA{255, 255, 255, 255}) {
				n++
			}
		}
	}
	return float64(n) / float64(all)
}

var blue, orange = color.NRGBA{0, 0x72, 0xb2, 255}, color.NRGBA{0xd5, 0x5e, 0, 255}

func TestPictureOfLines(t *testing.T) {
	l := Lines{
		Title: "Loss", X: Axis{Label: "epoch"}, Y: Axis{Label: "loss"},
		Series: []Series{{Name: "train", X: []float64{0, 1, 2}, Y: []float64{0, 10, 5}, Low: []float64{0, 2, 5}, High: []float64{0, 10, 10}}},
	}
	img := picture(t, l)
	// The x axis goes from 58 to 410, the y axis from 224 up to 46.
	for _, p := range []point{{58, 224}, {234, 46}, {410, 135}, {146, 135}, {322, 90.5}} {
		if got := at(img, p.x, p.y); got != blue {
			t.Errorf("at %v: %v, want the line", p, got)
		}
	}
	if got := at(img, 300, 110); got.B != 255-14 && (got.R < 200 || got.R > 220) { // 0.18 of blue on white
		t.Errorf("in the band: %v", got)
	}
	for name, place := range map[string][4]float64{"title": {0, 4, 28, 12}, "name": {27, 24, 26, 10}, "x label": {218, 248, 32, 8}, "y label": {2, 124, 10, 24}} {
		if got := inked(img, place[0], place[1], place[2], place[3]); got < 0.15 {
			t.Errorf("%s: %.2f inked", name, got)
		}
	}
	if got := inked(img, 60, 60, 60, 60); got > 0.05 {
		t.Errorf("beside the line: %.2f inked", got)
	}
}

func TestPictureOfAMatrixAndOfBars(t *testing.T) {
	m := Matrix{Names: []string{"a", "b"}, Share: [][]float64{{1, 0}, {1, math.NaN()}}}
	img := picture(t, m)
	left, top := m.corner()
	size := (matrixW - left) / 2
	for i, want := range []color.NRGBA{blue, {255, 255, 255, 255}, orange, {255, 255, 255, 255}} {
		if got := at(img, left+size*(0.5+float64(i%2)), top+size*(0.5+float64(i/2))); got != want {
			t.Errorf("cell %d: %v, want %v", i, got, want)
		}
	}
	img = picture(t, Bars{Bars: []Bar{{"x", 1, ""}, {"x", 0.5, ""}}})
	if a, b, c := at(img, 500, 36), at(img, 200, 56), at(img, 300, 56); a != blue || b != blue || c == blue {
		t.Error(a, b, c)
	}
	for _, f := range []Figure{Lines{}, Bars{}, Matrix{}} {
		picture(t, f)
	}
}

// A pixel where segments meet is covered no more than one of the line.
func TestStrokesAreEven(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 100, 20))
	line := []point{}
	for x := 5.0; x <= 95; x += 0.7 {
		line = append(line, point{x, 10.25})
	}
	new(brush).stroke(img, color.NRGBA{0, 0, 0, 255}, [][]point{line}, 2, true)
	for x := 10; x < 90; x++ {
		for y, want := range map[int]uint8{8: 0, 9: 191, 10: 255, 11: 64} { // the line covers 9.25 to 11.25
			if got := img.RGBAAt(x, y).A; int(got) < int(want)-10 || int(got) > int(want)+10 { // short segments are nearly discs, their edges round
				t.Fatalf("at %d, %d: %d, want %d", x, y, got, want)
			}
		}
	}
}

func TestDashes(t *testing.T) {
	got := dashed([]point{{0, 0}, {10, 0}, {10, 9}}, "3 2") // 6 and 4 pixels
	want := [][]point{{{0, 0}, {6, 0}}, {{10, 0}, {10, 6}}}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i, dash := range want {
		for j, at := range []point{dash[0], dash[len(dash)-1]} {
			end := got[i][j*(len(got[i])-1)]
			if math.Hypot(end.x-at.x, end.y-at.y) > 1e-9 {
				t.Errorf("dash %d: %v, want %v", i, got[i], dash)
			}
		}
	}
}

// Every class that figures use is one of the style sheet.
func TestStyleIsRead(t *testing.T) {
	css := readStyle()
	if got := css.of("path", "fig-line s1 d1"); got["stroke"] != "#d55e00" || got["stroke-dasharray"] != "7 4" || got["fill"] != "none" {
		t.Error(got)
	}
	if got := css.of("text", "fig-end fig-ink"); got["fill"] != "#1a1d21" || got["text-anchor"] != "end" {
		t.Error(got)
	}
	for i := range 6 {
		if fill := css.of("path", "f"+string(rune('0'+i)))["fill"]; !strings.HasPrefix(fill, "#") {
			t.Errorf("style %d: %q", i, fill)
		}
	}
}

func TestWriteMakesBothFiles(t *testing.T) {
	dir := t.TempDir()
	f := Bars{Title: "b", Bars: []Bar{{"x", 1, "1"}}}
	for range 2 { // the second time over the first
		if err := Write(dir, "bars", f); err != nil {
			t.Fatal(err)
		}
	}
	svg, err := os.ReadFile(filepath.Join(dir, "bars.svg"))
	if err != nil || string(svg) != Standalone(f.SVG()) {
		t.Error(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "bars.png"))
	if _, e := png.Decode(bytes.NewReader(data)); err != nil || e != nil {
		t.Error(err, e)
	}
	if list, _ := os.ReadDir(dir); len(list) != 2 {
		t.Errorf("%d files", len(list))
	}
	if err := Write(filepath.Join(dir, "nowhere"), "bars", f); err == nil {
		t.Error("a folder that is not there was no error")
	}
}
