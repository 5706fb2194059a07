package report

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// shown is the page of one run with a result.
func shown(t *testing.T, result string) string {
	t.Helper()
	run := folder(t, config("SAM", 0.1, 0), epochs(1)...)
	measure(t, run, "m", result)
	r := mustRead(t, run)
	results, remarks, err := Results(r)
	if err != nil {
		t.Fatal(err)
	}
	return page(t, Page{Run: r, Results: results, Remarks: remarks})
}

func TestPageShowsWhatWasMeasured(t *testing.T) {
	html := shown(t, `{"kind":"sharpness","sharpness":[
		{"measure":"worst","geometry":"sam","m":128,"radius":0.1,"loss_rise":{"mean":0.25,"std":null}},
		{"measure":"worst","geometry":"sam","m":128,"radius":0.2,"loss_rise":{"mean":null,"std":null}}],
		"curvature":{"spectrum":{"largest":[{"value":12.5},{"value":3}],"smallest":{"value":-0.5},"quadrature":[{"value":-0.5,"share":0.9},{"value":12.5,"share":0.1},{"value":null,"share":null}]},"trace":{"value":77,"standard_error":null}}}`)
	has(t, html, ">Sharpness<", "Rise of the loss: worst, sam, m 128", ">0.25<", ">eigenvalue 2<", ">smallest eigenvalue<", "Density of the Hessian", ">12.5<", ">77<")

	html = shown(t, plane(5))
	if n := strings.Count(html, `class="fig-face"`); n != 16 || !strings.Contains(html, `class="fig-level"`) {
		t.Errorf("%d faces of 4 x 4", n)
	}
	// From 0.1 to 12.1, on a logarithmic scale.
	has(t, html, ">Loss landscape<", "Loss around SAM", ">0.1<", ">0.2<", ">0.5<")
	if html = shown(t, strings.Replace(plane(5), `"loss":0.1}`, `"loss":null}`, 1)); strings.Count(html, `class="fig-face"`) != 12 || !strings.Contains(html, "fig-gap") {
		t.Error("a point without a loss is no gap")
	}
	has(t, shown(t, `{"kind":"landscape","points":[{"x":-1,"loss":2},{"x":0,"loss":1},{"x":1,"loss":2}]}`), "Loss along a direction")
	has(t, shown(t, `{"kind":"landscape","to":"other.safetensors","barrier":0.5,"points":[{"x":0,"loss":2},{"x":1,"loss":1}]}`),
		"Loss from the first model", "Barrier", ">other.safetensors<", ">0.5<")

	html = shown(t, `{"kind":"noise","noise":"relative","points":[{"level":0,"accuracy":0.9},{"level":0.1,"accuracy":0.5},{"level":0.1,"accuracy":0.73},
		{"tensor":"fc.weight","level":0.1,"accuracy":0.8}]}`)
	has(t, html, ">Noisy weights<", "Accuracy with noise: relative", ">90<", ">61.5<", "SAM: relative noise on one tensor", ">fc.weight<", ">80.0<")

	has(t, shown(t, `{"kind":"noise","noise":"relative","points":[{"level":0.1,"accuracy":0.5,"recalibrated":{"loss":1,"accuracy":0.625}}]}`),
		"Accuracy with noise: relative, statistics taken anew", ">62.5<")

	html = shown(t, `{"kind":"lifelong","seeds":[{"matrix":[[0.8,0.25],[0.5,1]]},{"matrix":[[1,0.25],[0.5,0.75]]}],"matrix":[[0.9,0.25],[0.5,0.875]],
		"mean":{"average_accuracy":0.6875,"forgetting":0.4,"backward_transfer":-0.4,"forward_transfer":null,"learning_accuracy":0.88},
		"sd":{"average_accuracy":0.05,"forgetting":0.1,"backward_transfer":0,"forward_transfer":null,"learning_accuracy":0}, "evals":1234}`)
	has(t, html, ">Lifelong learning<", "Accuracy on the tasks seen so far", "Accuracy after each task: SAM", ">87.5<", ">68.75 ± 5.00<", ">-40.00 ± 0.00<", ">1,234<")

	html = shown(t, `{"kind":"compare","metric":"test","title":"Test accuracy, %","notes":["One seed is missing."],
		"arms":[{"arm":"a","seeds":[0,1],"mean":90,"standard_deviation":1.5,"low":80,"high":95,"evals":500,"curve":{"evals":[1,2],"seconds":[1,2],"mean":[80,90],"low":[null,1],"high":[null,2]}},
			{"arm":"b","seeds":[0],"mean":91,"standard_deviation":null,"curve":{"evals":[1],"mean":[80,90]}}],
		"contrasts":[{"a":"b","b":"a","seeds":[0,1],"mean":0.75,"low":-1,"high":2.5,"p":0.0625,"sign_flip":0.5}]}`)
	has(t, html, ">Comparison<", "Test accuracy, %", ">90 ± 1.5<", ">91<", ">80 to 95<", ">b − a<", ">-1 to 2.5<", ">0.0625<", "One seed is missing.")

	html = shown(t, `{"kind":"novel","accuracy":[[1,null],[0.5,0.75]],"mixed":[[1,2],["x",3]],"forgetting":0.125,"method":"replay"}`)
	has(t, html, "accuracy: SAM", ">0.75<", ">forgetting<", ">0.125<", ">replay<")
	if strings.Contains(html, "mixed") {
		t.Error("what is no matrix is shown as one")
	}
}

// The points of a plane lie where they say, and maps side by side have one scale.
func TestMapsOfPlanes(t *testing.T) {
	var v landscaped
	if err := (Result{text: []byte(plane(3))}).decode(&v); err != nil {
		t.Fatal(err)
	}
	g, err := v.grid()
	if err != nil || fmt.Sprint(g.X, g.Y, g.Z) != "[-1 0 1] [-1 0 1] [[3.1 2.1 3.1] [1.1 0.1 1.1] [3.1 2.1 3.1]]" {
		t.Errorf("%v, %v", g, err)
	}
	low := figure.Grid{X: []float64{0, 1}, Y: []float64{0}, Z: [][]float64{{2, math.NaN()}}}
	maps := []figure.Contour{{Grid: *g}, {Grid: low}}
	if alike(maps); maps[1].Low != 0.1 || maps[1].High != 3.1 || maps[0].High != 3.1 || !maps[0].Value.Log || !maps[1].Value.Log {
		t.Errorf("%+v", maps)
	}
}

// The course of a stream is the mean over the tasks seen, of each seed.
func TestCourseOfAStream(t *testing.T) {
	v := lifelongResult{Matrix: [][]analysis.Number{{0, 0}, {0, 0}}, Seeds: []struct{ Matrix [][]analysis.Number }{
		{[][]analysis.Number{{0.8, 0.25}, {0.5, 1}}}, {[][]analysis.Number{{1, 0.25}, {0.5, 0.75}}}, {[][]analysis.Number{{0.9}}}, // stopped behind the first
	}}
	s := v.course("")
	if got := fmt.Sprintf("%v %.2f %.2f", s.X, s.Y, s.High); got != "[1 2] [90.00 68.75] [100.00 77.59]" {
		t.Error(got)
	}
}

// Lines go from left to right, in whatever order the points are.
func TestLinesOfResultsRise(t *testing.T) {
	html := shown(t, `{"kind":"sharpness","sharpness":[{"measure":"w","geometry":"g","radius":0.2,"loss_rise":{"mean":1}},{"measure":"w","geometry":"g","radius":0.1,"loss_rise":{"mean":1}}]}`) +
		shown(t, `{"kind":"noise","noise":"n","points":[{"level":0.2,"accuracy":1},{"level":0.1,"accuracy":1}]}`) +
		shown(t, `{"kind":"landscape","points":[{"x":0.2,"loss":1},{"x":0.1,"loss":1}]}`)
	n := 0
	for _, title := range []string{"Rise of the loss: w, g", "Accuracy with noise: n", "Loss along a direction"} {
		_, figure, _ := strings.Cut(html, `aria-label="`+title)
		for _, path := range regexp.MustCompile(`<path d="M([\d.]+) [\d.]+L([\d.]+) [\d.]+" class="fig-line`).FindAllStringSubmatch(figure[:strings.Index(figure, "</svg>")], -1) {
			from, _ := strconv.ParseFloat(path[1], 64)
			to, _ := strconv.ParseFloat(path[2], 64)
			if n++; !(from < to) {
				t.Errorf("%s: a line from %v to %v", title, from, to)
			}
		}
	}
	if n != 6 { // each with that of its legend
		t.Errorf("%d lines", n)
	}
}

// What cannot be read is said, and nothing else suffers.
func TestPageOfDamagedResults(t *testing.T) {
	for _, result := range []string{
		``, `null`, `[]`, `{}`, `{"kind":7}`, `{"kind":"sharpness","sharpness":7}`, `{"kind":"landscape","points":[{"x":"a"}]}`,
		`{"kind":"noise","points":{}}`, `{"kind":"landscape","points":[{"x":0,"y":0,"loss":1},{"x":1,"loss":1}]}`,
		`{"kind":"lifelong","matrix":[1]}`, `{"kind":"compare","arms":{}}`, `{"kind":"landscape","points":[{"x":null,"y":0,"loss":1},{"x":1,"y":1,"loss":1}]}`,
	} {
		if html := shown(t, result); strings.Count(html, "Left out: ") != 1 {
			t.Errorf("%s is not said to be left out", result)
		}
	}
	for _, result := range []string{`{"kind":"sharpness"}`, `{"kind":"noise","points":[]}`, `{"kind":"landscape"}`, `{"kind":"novel"}`, `{"kind":"lifelong"}`, `{"kind":"compare"}`} {
		if html := shown(t, result); strings.Contains(html, "Left out: ") || strings.Contains(html, "<h2>Sharpness") {
			t.Errorf("%s shows something", result)
		}
	}
	// Points that lie nowhere near a grid would make one of many cells.
	var points []string
	for i := range 40 {
		points = append(points, `{"x":`+strings.Repeat("1", 1+i%9)+strings.Repeat("0", i/9)+`,"y":`+strings.Repeat("2", 1+i%9)+strings.Repeat("0", i/9)+`,"loss":1}`)
	}
	has(t, shown(t, `{"kind":"landscape","points":[`+strings.Join(points, ",")+`]}`), "Left out: ", "40 points on a plane")
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		numbers     []float64
		text, brief string
	}{
		{nil, "", ""}, {[]float64{1.25}, "1.2", "1.25"}, {[]float64{1, 3}, "2.0 ± 1.4", "2 ± 1.4"}, {[]float64{0.1, 0.1, 0.1}, "0.1 ± 0.0", "0.1"},
	} {
		if s := spreadOf(c.numbers); s.text(1) != c.text || s.brief() != c.brief {
			t.Errorf("%v: %q and %q", c.numbers, s.text(1), s.brief())
		}
	}
	if s := spreadOf([]float64{1, math.NaN(), 2}); s.N != 2 || s.Mean != 1.5 {
		t.Errorf("%+v", s)
	}
}

func TestResultsOfANestedFolderAreNotTheRuns(t *testing.T) {
	run := folder(t, config("SAM", 0.1, 0), epochs(1)...)
	measure(t, run, "m/again", `{"kind":"noise"}`)
	if list, _, err := Results(mustRead(t, run)); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
	measure(t, filepath.Join(run, "m"), "", `{"kind":"noise"}`)
	if list, _, err := Results(mustRead(t, run)); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// The density of eigenvalues is one: its integral is 1.
func TestDensities(t *testing.T) {
	f := densities([]string{"a", "none"}, [][][]node{{{{0, 0.75}, {10, 0.25}}, {{0, 1}}}, nil})
	if len(f.Series) != 1 {
		t.Fatalf("%d lines", len(f.Series))
	}
	sum, s := 0.0, f.Series[0]
	for i, y := range s.Y {
		if i > 0 && finite(y) {
			sum += y * (s.X[i] - s.X[i-1])
		}
	}
	if !(math.Abs(sum-1) < 3e-3) { // what is not shown lies beyond three standard deviations
		t.Errorf("the integral is %v", sum)
	}
}
