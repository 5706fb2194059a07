package picture

import (
	"encoding/hex"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pillow calls body with the picture of each line of a file and what Pillow
// makes of it: cd testdata && python3 pillow.py
func pillow(t *testing.T, file string, body func(t *testing.T, path string, h, w int, want []byte)) {
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var name, pixels string
		var h, w int
		if _, err := fmt.Sscan(line, &name, &h, &w, &pixels); err != nil {
			t.Fatal(err)
		}
		want, err := hex.DecodeString(pixels)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(fmt.Sprintf("%s to %d", name, h), func(t *testing.T) { body(t, filepath.Join("testdata", name), h, w, want) })
	}
}

// difference returns the mean and the largest distance of two images of uint8.
func difference(got, want []uint8) (mean float64, most int) {
	for i := range want {
		d := int(got[i]) - int(want[i])
		mean, most = mean+float64(max(d, -d)), max(most, d, -d)
	}
	return mean / float64(len(want)), most
}

func pixels(m *image.RGBA, channels int) []uint8 {
	dst := make([]uint8, m.Rect.Dx()*m.Rect.Dy()*channels)
	Store(dst, m, channels)
	return dst
}

func TestReadAsPillow(t *testing.T) {
	pillow(t, "pillow.txt", func(t *testing.T, path string, h, w int, want []byte) {
		m, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if sh, sw, err := Size(path); err != nil || sh != h || sw != w || m.Rect != image.Rect(0, 0, w, h) || !IsName(path) {
			t.Fatalf("%dx%d, %v, of a %v: want %dx%d", sh, sw, err, m.Rect, h, w)
		}
		tolerance, limit := 0.0, 0
		if strings.HasPrefix(strings.ToLower(filepath.Ext(path)), ".jp") && !strings.Contains(path, "tiles") {
			// Two inverse cosine transforms round differently, by 1 in brightness
			// and colour, of which blue takes 1.8 times as much.
			tolerance, limit = 0.1, 3
		}
		mean, most := difference(pixels(m, 3), want)
		if !(mean <= tolerance) || most > limit {
			t.Errorf("mean difference %.3f, largest %d, want at most %v and %d", mean, most, tolerance, limit)
		}
		for i := 3; i < len(m.Pix); i += 4 {
			if m.Pix[i] != 0xff {
				t.Fatal("not opaque")
			}
		}
	})
}

func TestFitAsPillow(t *testing.T) {
	pillow(t, "fit.txt", func(t *testing.T, path string, h, w int, want []byte) {
		m, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if m, err = Fit(m, h, w); err != nil {
			t.Fatal(err)
		}
		// Pillow rounds twice, between rows and columns, and to whole levels.
		if mean, most := difference(pixels(m, 3), want); !(mean < 0.35) || most > 1 {
			t.Errorf("mean difference %.3f, largest %d, want at most 0.35 and 1", mean, most)
		}
	})
}

func TestBrightness(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 2, 1))
	for _, c := range []struct {
		pixel [3]uint8
		want  uint8
	}{
		{[3]uint8{200, 200, 200}, 200}, {[3]uint8{255, 255, 255}, 255}, {[3]uint8{}, 0},
		{[3]uint8{255, 0, 0}, 76}, {[3]uint8{0, 255, 0}, 150}, {[3]uint8{0, 0, 255}, 29}, // Pillow's
		{[3]uint8{9, 9, 8}, 9},
	} {
		copy(m.Pix[4:], c.pixel[:])
		if got := pixels(m, 1); got[0] != 0 || got[1] != c.want {
			t.Errorf("%v: brightness %v, want %d", c.pixel, got, c.want)
		}
	}
}
