package analysis

import (
	"slices"
	"testing"
)

func TestGrid(t *testing.T) {
	for text, want := range map[string][]float64{
		"-1:1:5":       {-1, -0.5, 0, 0.5, 1},
		"0:1:2":        {0, 1},
		"-0.3:0.3:3":   {-0.3, 0, 0.3},
		"-5e-1:1.5:3":  {-0.5, 0.5, 1.5},
		"0.25:0.75:3":  {0.25, 0.5, 0.75},
		"-100:100:3":   {-100, 0, 100},
		"-1e-3:1e-3:3": {-1e-3, 0, 1e-3},
		"-0.5:1.5:6":   {-0.5, -0.1, 0.3, 0.7, 1.1, 1.5},
	} {
		g, err := ParseGrid(text)
		if err != nil || !slices.Equal(g.Values(), want) {
			t.Errorf("%s is %v, want %v: %v", text, g, want, err)
		}
		if again, err := ParseGrid(g.String()); err != nil || again != g {
			t.Errorf("%s is written %s", text, g)
		}
	}
	for _, symmetric := range []string{"-1:1:25", "-0.7:0.7:51", "-0.1:0.1:7"} {
		g, _ := ParseGrid(symmetric)
		if middle := g.At(g.Points / 2); middle != 0 || g.At(0) != g.Min || g.At(g.Points-1) != g.Max {
			t.Errorf("%s goes from %v through %v to %v", symmetric, g.At(0), middle, g.At(g.Points-1))
		}
	}
	if line := (Grid{-0.5, 1.5, 41}); line.At(10) != 0 || line.At(30) != 1 {
		t.Errorf("0 and 1 are %v and %v", line.At(10), line.At(30))
	}
	for _, bad := range []string{"", "1", "-1:1", "-1:1:1", "-1:1:0", "-1:1:-3", "1:-1:5", "1:1:5", "a:1:5", "-1:b:5", "-1:1:2.5", "-1:1:5:6", "NaN:1:3", "-1:NaN:3", "-Inf:1:3", "-1e308:1e308:3", "0:1:10001"} {
		if g, err := ParseGrid(bad); err == nil {
			t.Errorf("%q is read as %v", bad, g)
		}
	}
}
