package study

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keepResult writes the result of a measurement into the folder of a run.
func keepResult(t *testing.T, run Trial, folder, text string) {
	t.Helper()
	path := filepath.Join(run.Path, folder)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, resultName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// noiseOf is a result of lbsam noise with an accuracy at level 0.1.
func noiseOf(accuracy float64) string {
	return fmt.Sprintf(`{"kind":"noise","checkpoint":"x/best.safetensors","dataset":"MNIST","split":"test","images":9,"noise":"range","summary":[
		{"level":0,"loss":{"mean":1},"accuracy":{"mean":0.9},"recalibrated":{"loss":{"mean":2},"accuracy":{"mean":0.8}}},
		{"level":0.1,"loss":{"mean":null,"std":null},"accuracy":{"mean":%v},"recalibrated":{"loss":{"mean":3},"accuracy":{"mean":0.7}}},
		{"tensor":"conv.weight","level":0.1,"loss":{"mean":4},"accuracy":{"mean":0.6}}]}`, accuracy)
}

const sharpnessText = `{"kind":"sharpness","clean":{"loss":1.5,"accuracy":0.75},"sharpness":[
	{"measure":"worst","geometry":"sam","radius":0.05,"m":0,"loss_rise":{"mean":0.002},"accuracy_loss":{"mean":0.01}},
	{"measure":"one-step","geometry":"asam","radius":0.5,"m":128,"loss_rise":{"mean":0.25},"accuracy_loss":{"mean":0.02}}],
	"curvature":{"spectrum":{"largest":[{"value":156},{"value":9}],"smallest":{"value":-2}},"trace":{"value":919}}}`

// measuredPair is two arms of four runs each, with folders, that were measured.
func measuredPair(t *testing.T) (all []Trial) {
	dir := t.TempDir()
	for i, accuracies := range [][]float64{{.5, .6, .7, .8}, {.45, .58, .61, .72}} {
		for seed, v := range accuracies {
			run := trial([]string{"a", "b"}[i], uint64(seed), .9)
			run.Path = filepath.Join(dir, run.Path)
			keepResult(t, run, "noise", noiseOf(v))
			keepResult(t, run, "sharpness", sharpnessText)
			keepResult(t, run, "landscape", `{"kind":"landscape"}`)
			all = append(all, run)
		}
	}
	return all
}

// Numbers of measurements are compared as accuracies are, in pairs by seed.
func TestCompareOfMeasurements(t *testing.T) {
	trials := measuredPair(t)
	c := mustCompare(t, trials, "noise/0.1/accuracy", Options{Baseline: "b"})
	d := c.Contrasts[0] // differences .05, .02, .09, .08
	if !same(float64(c.Arms[0].Mean), .65) || !same(float64(d.Mean), .06) || len(d.Seeds) != 4 || !same(float64(d.SignFlip), .125) {
		t.Errorf("%+v, %+v", c.Arms[0], d)
	}
	want := "accuracy with range noise of 0.1, %: mean, standard deviation and 95% interval of the mean over seeds\n" +
		"arm  n  mean   sd     95% interval    steps  evaluations  seconds\na    4  65.00  12.91  44.46 to 85.54  100    200          20.0\n"
	if !strings.HasPrefix(c.Text(), want) {
		t.Errorf("%s\nwant\n%s", c.Text(), want)
	}
	dir := t.TempDir()
	if err := c.Write(dir); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if svg, err := os.ReadFile(filepath.Join(dir, "compare.svg")); err != nil || len(files) != 5 || !strings.Contains(string(svg), "range noise of 0.1") {
		t.Errorf("%v, %v", err, files)
	}
}

// Each number of a result has a name.
func TestNamesOfMeasurements(t *testing.T) {
	trials := measuredPair(t)[:1]
	for name, want := range map[string]float64{
		"noise/0/loss": 1, "noise/0.1/accuracy": .5, "noise/0.1/fall": .4, "noise/0.1/recalibrated/loss": 3, "noise/0.1/recalibrated/fall": .1,
		"noise/conv.weight/0.1/fall": .3, "sharpness/sam/worst/0.05/rise": .002, "sharpness/sam/worst/0.05/fall": .01, "sharpness/asam/one-step-m128/0.5/rise": .25,
		"sharpness/loss": 1.5, "sharpness/accuracy": .75, "sharpness/eigenvalue/1": 156, "sharpness/smallest-eigenvalue": -2, "sharpness/trace": 919,
	} {
		if got := float64(mustCompare(t, trials, name, Options{}).Arms[0].Mean); !same(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if text := mustCompare(t, trials, "sharpness/sam/worst/0.05/rise", Options{}).Text(); !strings.Contains(text, "  0.002  -") {
		t.Errorf("%s", text)
	}
	for name, want := range map[string]string{
		"noises":                     `unknown metric "noises" (did you mean noise/?): want one of test, selected, loss, validation, validation-loss, or what was measured, behind noise/ or sharpness/`,
		"landscape/1":                `unknown metric "landscape/1"`,
		"noise":                      `metric "noise" is not one number: want noise/ and one of 0, 0.1, conv.weight`,
		"sharpness/sam/":             `metric "sharpness/sam" is not one number: want sharpness/sam/ and one of worst`,
		"noise/0.1":                  `metric "noise/0.1" is not one number: want noise/0.1/ and one of accuracy, fall, loss, recalibrated`,
		"noise/0.2/accuracy":         `behind noise/ there is no "0.2"`,
		"noise/0.1/acuracy":          `behind noise/0.1/ there is no "acuracy" (did you mean accuracy?), want one of accuracy, fall, loss, recalibrated`,
		"noise/0.1/accuracy/mean":    "noise/0.1/accuracy is a number, with nothing behind it",
		"sharpness/sam/worst/0.05/x": "want one of rise, fall",
	} {
		if _, err := FindMetric(name, trials); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := FindMetric("noise/0.1/loss", []Trial{trial("a", 0, .5)}); err == nil || !strings.Contains(err.Error(), "nothing was measured of these runs (lbsam noise, lbsam sharpness)") {
		t.Error(err)
	}
}

// Runs that were not measured, or in another way, are no quiet part of a mean.
func TestCompareOfUnequalMeasurements(t *testing.T) {
	trials := measuredPair(t)
	last := trials[7]
	compare := func(name string) (Comparison, error) {
		m, err := FindMetric(name, trials)
		if err != nil {
			return Comparison{}, err
		}
		return Compare(trials, Options{Metric: m})
	}
	if _, err := compare("noise/0.1/loss"); err == nil || !strings.Contains(err.Error(), "noise/0.1/loss is no finite number") {
		t.Error(err)
	}
	keepResult(t, last, "noise", strings.Replace(noiseOf(.5), `"test"`, `"train"`, 1))
	c, err := compare("noise/0.1/accuracy")
	if notes := strings.Join(c.Notes, "\n"); err != nil || !strings.Contains(notes, last.Path+" was measured in another way than "+trials[0].Path+": split train, not test;") {
		t.Errorf("%v: %s", err, notes)
	}
	keepResult(t, last, "noise", `{"kind":"noise"}`)
	if _, err := compare("noise/0.1/accuracy"); err == nil || !strings.Contains(err.Error(), "has no noise/0.1/accuracy, which others have") {
		t.Error(err)
	}
	keepResult(t, last, "noise", `{"kind":`)
	if _, err := compare("noise/0.1/accuracy"); err == nil || !strings.Contains(err.Error(), last.Path) {
		t.Error(err)
	}
	os.RemoveAll(filepath.Join(last.Path, "noise"))
	if _, err := compare("noise/0.1/accuracy"); err == nil || !strings.Contains(err.Error(), last.Path+" has no noise/result.json") {
		t.Error(err)
	}
}
