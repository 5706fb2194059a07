package figure

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// check parses an SVG and returns it; no coordinate may be a number that is none.
func check(t *testing.T, svg string) string {
	t.Helper()
	depth := 0
	for d := xml.NewDecoder(strings.NewReader(Standalone(svg))); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
		if e, ok := token.(xml.StartElement); ok {
			if depth++; depth == 1 && (e.Name.Local != "svg" || e.Name.Space != "http://www.w3.org/2000/svg") {
				t.Errorf("the root is %v", e.Name)
			}
		}
	}
	for _, banned := range []string{"NaN", "Inf", "%!", "e+", "e-1"} {
		if strings.Contains(svg, banned) {
			t.Errorf("%q in %s", banned, svg)
		}
	}
	return svg
}

func labels(ticks []tick) (list []string) {
	for _, t := range ticks {
		list = append(list, t.label)
	}
	return list
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		axis   Axis
		lo, hi float64
		want   string
	}{
		{Axis{}, 0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{Axis{}, 0.3, 2.31, "0.0 0.5 1.0 1.5 2.0 2.5"},
		{Axis{Zero: true}, 60, 98, "0 20 40 60 80 100"},
		{Axis{}, 98.21, 98.33, "98.20 98.25 98.30 98.35"},
		{Axis{}, -3, 3, "-4 -2 0 2 4"},
		{Axis{}, 5, 5, "2 3 4 5 6 7 8"},
		{Axis{}, 0, 0, "-1.0 -0.5 0.0 0.5 1.0"},
		{Axis{}, 0, 27_000, "0k 10k 20k 30k"},
		{Axis{}, 0, 2.1e6, "0.0M 0.5M 1.0M 1.5M 2.0M 2.5M"},
		{Axis{}, 0, 3.1e16, "0 1e16 2e16 3e16 4e16"},
		{Axis{}, 0, 4e-5, "0 1e-5 2e-5 3e-5 4e-5"},
		{Axis{Whole: true}, 1, 3, "1 2 3"},
		{Axis{Whole: true}, 7, 7, "6 7 8"},
		{Axis{Log: true}, 0.02, 0.5, "0.02 0.05 0.1 0.2 0.5"},
		{Axis{Log: true}, 1e-5, 1, "1e-5 1e-4 0.001 0.01 0.1 1"},
		{Axis{Log: true}, 1e-14, 1, "1e-14 1e-12 1e-10 1e-8 1e-6 1e-4 0.01 1"},
		{Axis{}, math.Inf(1), math.Inf(-1), "0.0 0.2 0.4 0.6 0.8 1.0"},
	} {
		_, ticks := c.axis.reach(c.lo, c.hi, 0, 100, 5)
		if got := strings.Join(labels(ticks), " "); got != c.want {
			t.Errorf("%+v from %v to %v: %s, want %s", c.axis, c.lo, c.hi, got, c.want)
		}
		for _, tick := range ticks {
			if !(tick.at >= -1e-9 && tick.at <= 100+1e-9) {
				t.Errorf("%+v from %v to %v: a tick at %v of 100", c.axis, c.lo, c.hi, tick.at)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.05: "0.05", 1.5: "1.5", 100: "100", 1234: "1234", 15_000: "15k", 2.5e6: "2.5M", 3e-5: "3e-5", -0.0004: "-4e-4", 1e12: "1e12", 0.9996: "1",
	} {
		if got := Number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

// path is the path with a class, as d has it.
func path(t *testing.T, svg, class string) string {
	t.Helper()
	found := regexp.MustCompile(`<path d="([^"]*)" class="` + class + `"`).FindStringSubmatch(svg)
	if found == nil {
		t.Fatalf("no path of class %s in %s", class, svg)
	}
	return found[1]
}

func TestLinesGoThroughTheirPoints(t *testing.T) {
	svg := check(t, Lines{
		Title: "Loss", X: Axis{Label: "epoch"}, Y: Axis{Label: "loss"},
		Series: []Series{{Name: "train", X: []float64{0, 1, 2}, Y: []float64{0, 10, 5}}},
		Events: []Event{{1, "lr 0.01"}, {99, "outside"}, {math.NaN(), "nowhere"}},
	}.SVG())
	// The x axis goes from 58 to 410, the y axis from 224 up to 46.
	if got := path(t, svg, "fig-line s0 d0"); got != "M58 224L234 46L410 135" {
		t.Error(got)
	}
	for _, want := range []string{">Loss<", ">epoch<", ">loss<", ">train<", ">lr 0.01<", `<path d="M234 46L234 224" class="fig-event"/>`} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in %s", want, svg)
		}
	}
	if strings.Contains(svg, "outside") || strings.Contains(svg, "nowhere") {
		t.Error("an event beside the axis is shown")
	}
}

func TestLinesHaveGaps(t *testing.T) {
	nan := math.NaN()
	l := Lines{Series: []Series{{X: []float64{0, 1, 2, 3, 4}, Y: []float64{1, 2, nan, 2, math.Inf(1)}}}}
	if got := path(t, check(t, l.SVG()), "fig-line s0 d0"); strings.Count(got, "M") != 2 || strings.Count(got, "L") != 1 {
		t.Error(got)
	}
	l.Series[0].Low, l.Series[0].High = []float64{0, nan, 0, 1, 0}, []float64{2, 3, 3, 3, nan}
	if got := path(t, check(t, l.SVG()), "fig-band f0"); strings.Count(got, "Z") != 2 {
		t.Error(got)
	}
	l = Lines{Y: Axis{Log: true}, Series: []Series{{X: []float64{0, 1, 2}, Y: []float64{0, 1, -1}}}}
	if got := path(t, check(t, l.SVG()), "fig-line s0 d0"); strings.Count(got, "M") != 1 || strings.Contains(got, "L") {
		t.Error(got)
	}
	if svg := check(t, Lines{Series: []Series{{X: []float64{nan}, Y: []float64{1}}, {}}}.SVG()); !strings.Contains(svg, "no data") {
		t.Error(svg)
	}
	check(t, Lines{}.SVG())
}

// A long series keeps its peaks, and does not grow.
func TestThinKeepsPeaks(t *testing.T) {
	s := Series{}
	for i := range 100_000 {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, float64(i%7))
	}
	s.Y[77_777], s.Y[77_778] = 50, -50
	svg := check(t, Lines{Series: []Series{s}}.SVG())
	if len(svg) > 30_000 {
		t.Errorf("%d bytes", len(svg))
	}
	got := path(t, svg, "fig-line s0 d0")
	for _, y := range []string{" 60.8L", " 209.2L"} { // of 50 and -50, on an axis from -60 to 60
		if !strings.Contains(got, y) {
			t.Errorf("the peak at%s is lost", y)
		}
	}
	points := []point{{0.1, 5}, {0.2, 9}, {0.3, 1}, {0.4, 4}, {1.5, 2}}
	want := []point{{0.1, 5}, {0.2, 9}, {0.3, 1}, {0.4, 4}, {1.5, 2}}
	if got := thin(append(slices.Clone(points[:1]), append([]point{{0.15, 6}}, points[1:]...)...)); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Series differ in more than their colours, also where these come again.
func TestSeriesDiffer(t *testing.T) {
	l, seen, marked := Lines{}, map[string]bool{}, map[string]bool{}
	for i := range styles {
		l.Series = append(l.Series, Series{Name: fmt.Sprint(i), X: []float64{0, 1}, Y: []float64{0, float64(i)}})
		seen[lineClass(i)+markPath(i)] = true
		if i < 6 {
			marked[markPath(i)] = true
		}
	}
	l.Series = append(l.Series, l.Series[0]) // the styles begin anew
	check(t, l.SVG())
	picture(t, l)
	if len(seen) != styles || len(marked) != 6 {
		t.Errorf("%d of %d styles, %d marks of the first 6", len(seen), styles, len(marked))
	}
}

func TestBars(t *testing.T) {
	b := Bars{Title: "b", Full: 1, Bars: []Bar{{"one", 1, "1"}, {"half", 0.5, "1"}, {"none", math.NaN(), "?"}, {"more", 7, "1"}, {"below", -1, "1"}}}
	svg := check(t, b.SVG())
	var lengths []string
	for _, m := range regexp.MustCompile(`h(\d+(?:\.\d+)?)v14`).FindAllStringSubmatch(svg, -1) {
		lengths = append(lengths, m[1])
	}
	if !slices.Equal(lengths, []string{"459.4", "229.7", "0", "459.4", "0"}) { // 520 less names, text and space
		t.Error(lengths)
	}
	b.Full = 0
	check(t, b.SVG())
	check(t, Bars{}.SVG())
}

func TestMatrix(t *testing.T) {
	m := Matrix{Title: "m", Names: []string{"a", "b"}, Share: [][]float64{{1, 0}, {0.25, math.NaN()}}, Text: [][]string{{"10", ""}, {"1", ""}}}
	svg := check(t, m.SVG())
	for _, want := range []string{`class="fig-cell f0" fill-opacity="1"`, `class="fig-cell f1" fill-opacity="0.5"`, `class="fig-mid fig-on">10<`, `class="fig-mid fig-ink">1<`} {
		if strings.Count(svg, want) != 1 {
			t.Errorf("not one %s in %s", want, svg)
		}
	}
	if n := strings.Count(svg, "fig-cell"); n != 2 {
		t.Errorf("%d shades, want 2", n)
	}
	big := Matrix{}
	for i := range 100 {
		big.Names, big.Share = append(big.Names, "name"), append(big.Share, make([]float64, 100))
		for j := range 100 {
			big.Share[i][j] = float64(1+(i+j)%50) / 100
		}
	}
	if svg := check(t, big.SVG()); strings.Contains(svg, ">name<") || len(svg) > 400_000 {
		t.Errorf("%d bytes", len(svg))
	}
	check(t, Matrix{}.SVG())
}

func TestTextIsEscaped(t *testing.T) {
	bad := "</text><script>\"&'\x00\n\xff"
	axis, g := Axis{Label: bad}, Grid{[]float64{0, 1}, []float64{0, 1}, [][]float64{{0, 1}, {2, 3}}}
	series := []Series{{Name: bad, X: []float64{0}, Y: []float64{1}}}
	for _, f := range []Figure{
		Lines{Title: bad, X: axis, Y: axis, Series: series, Events: []Event{{0, bad}}},
		Bars{Title: bad, Bars: []Bar{{bad, 1, bad}}},
		Matrix{Title: bad, RowLabel: bad, ColLabel: bad, Names: []string{bad}, Share: [][]float64{{1}}, Text: [][]string{{bad}}},
		Contour{Title: bad, X: axis, Y: axis, Value: axis, Grid: g, Series: series},
		Surface{Title: bad, X: axis, Y: axis, Value: axis, Grid: g},
		Heat{Title: bad, RowLabel: bad, ColLabel: bad, Rows: []string{bad}, Cols: []string{bad}, Value: axis, Values: [][]float64{{1}}, Text: [][]string{{bad}}},
		Intervals{Title: bad, X: axis, Rows: []Interval{{bad, 1, 0, 2, bad}}},
	} {
		if strings.Contains(check(t, f.SVG()), "<script") {
			t.Error(f.SVG())
		}
		picture(t, f)
	}
}

func TestShort(t *testing.T) {
	if got := short("größere Bäume", 8) + " " + short("Bäume", 5); got != "größere… Bäume" {
		t.Error(got)
	}
}

func TestErrorBarsAndDots(t *testing.T) {
	s := Series{X: []float64{0, 1, 2}, Y: []float64{1, 2, 3}, Low: []float64{0, math.NaN(), 2}, High: []float64{2, 3, 4}, Bars: true, Dots: true}
	svg := check(t, Lines{Series: []Series{s}}.SVG())
	if n := strings.Count(path(t, svg, "fig-whisker s0"), "M"); n != 6 || strings.Contains(svg, "fig-band") {
		t.Errorf("%d strokes of error bars", n)
	}
	if n := strings.Count(svg, "fig-line"); n != 1 { // in the legend
		t.Errorf("%d lines", n)
	}
}

func TestLegendTakesTheRowsItNeeds(t *testing.T) {
	l := Lines{}
	for i := range 7 {
		l.Series = append(l.Series, Series{Name: strings.Repeat("name ", 3+4*i), X: []float64{0, 1}, Y: []float64{0, 1}})
	}
	svg := check(t, l.SVG())
	for _, at := range newLegend(names(l.Series), linesW).at {
		if at.x < 0 || at.x > linesW-keyW {
			t.Errorf("an entry at %v", at)
		}
	}
	if !strings.Contains(svg, `viewBox="0 0 420 368"`) || !strings.Contains(svg, "<title>"+l.Series[6].Name) {
		t.Error(svg)
	}
}
