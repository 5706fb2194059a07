package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image/png"
	"slices"
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
)

func TestWorstPairsAndClasses(t *testing.T) {
	classes := []string{"a", "b", "c"}
	confusion := [][]int{{6, 1, 3}, {1, 1, 0}, {0, 0, 0}}
	if got := fmt.Sprint(worstPairs(classes, confusion)); got != "[{a c 3 0.3} {a b 1 0.1} {b a 1 0.5}]" {
		t.Error(got)
	}
	want := []class{
		{"a", 6, 10, 0.6, 6.0 / 7, true, true},
		{"b", 1, 2, 0.5, 0.5, true, true},
		{"c", 0, 0, 0, 0, false, true},
	}
	if got := perClass(classes, confusion); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if f := classFigure(want); len(f.Bars) != 2 || f.Bars[0].Text != "60.0% of 10" {
		t.Errorf("%+v", f)
	}
}

func TestMistakesAreTheMostConfident(t *testing.T) {
	p := train.Predictions{Classes: []string{"a", "b"}, Labels: []int32{0, 0, 1, 1}, Probabilities: []float32{0.9, 0.1, 0.4, 0.6, 0.8, 0.2, 0.3, 0.7}}
	split := &datasets.Split{Images: make([]uint8, 4), N: 4, H: 1, W: 1, C: 1}
	got := mistakes(p, split, mistakesMost)
	if len(got) != 2 || got[0].Index != 2 || got[0].Label != "b" || got[0].Predicted != "a" || got[0].Probability != 0.8 || got[1].Index != 1 {
		t.Errorf("%+v", got)
	}
}

func TestPictureIsTheImage(t *testing.T) {
	for channels, want := range map[int][2][3]uint32{
		1: {{7, 7, 7}, {8, 8, 8}},
		3: {{7, 8, 9}, {10, 11, 12}},
	} {
		s := &datasets.Split{N: 2, H: 2, W: 1, C: channels}
		for i := range 2 * 2 * channels {
			s.Images = append(s.Images, uint8(7+i-2*channels)) // image 1 begins with 7
		}
		data, ok := strings.CutPrefix(string(picture(s, 1)), "data:image/png;base64,")
		text, err := base64.StdEncoding.DecodeString(data)
		if !ok || err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(text))
		if err != nil || img.Bounds().Dx() != 1 || img.Bounds().Dy() != 2 {
			t.Fatal(err, img.Bounds())
		}
		for y := range 2 {
			r, g, b, _ := img.At(0, y).RGBA()
			if got := [3]uint32{r >> 8, g >> 8, b >> 8}; got != want[y] {
				t.Errorf("%d channels, row %d: %v, want %v", channels, y, got, want[y])
			}
		}
	}
}

func TestSettingsBesideTheNearestPreset(t *testing.T) {
	for want, c := range map[string]train.Config{
		"official": train.Published(), "paper": train.Paper("LookbehindSAM"), "fast": train.Fast(), "demo": train.Demo(),
	} {
		if all, preset := settings(c); preset != want || len(changed(all)) != 0 || len(all) < 40 {
			t.Errorf("%s of %s, %v", preset, want, changed(all))
		}
	}
	c := train.Demo()
	c.Milestones, c.Data = []float64{1.5}, "x y"
	all, preset := settings(c)
	want := []setting{{"data", `"x y"`, `"data"`}, {"milestones", "[1.5]", "[50, 100, 150]"}}
	if preset != "demo" || !slices.Equal(changed(all), want) {
		t.Errorf("%s, %v", preset, changed(all))
	}
}
