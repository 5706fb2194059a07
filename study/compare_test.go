package study

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/train"
)

// trial is a run that is done: it has two epochs, of 10 s each, with test accuracies
// half of value and value.
func trial(arm string, seed uint64, value float64) Trial {
	c := train.Published()
	c.Seed = seed
	epoch := func(n int, v float64) train.Epoch {
		return train.Epoch{Kind: "epoch", Epoch: n, Step: 50 * n, Evals: int64(100 * n), Seconds: 10, SelectedOn: "validation", BestEpoch: 1,
			Test: train.Score{Accuracy: v, Loss: 1 - v, Images: 10}, Validation: &train.Score{Accuracy: v - 0.1}}
	}
	return Trial{arm, train.Summary{Path: fmt.Sprintf("%s-%d", arm, seed), Status: train.StatusDone, Config: c, Epochs: []train.Epoch{epoch(1, value/2), epoch(2, value)}}}
}

func mustCompare(t *testing.T, trials []Trial, metric string, o Options) Comparison {
	t.Helper()
	var err error
	if o.Metric, err = FindMetric(metric, trials); err != nil {
		t.Fatal(err)
	}
	c, err := Compare(trials, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pair is the arms a and b with the numbers of TestStatisticsAreThoseOfScipy.
func pair() (all []Trial) {
	a, b := []float64{.881, .8834, .8797, .8851, .8822}, []float64{.8795, .8801, .8799, .8803, .8788}
	for _, i := range []int{3, 0, 4, 1, 2} { // pairs are found by seed
		all = append(all, trial("a", uint64(i), a[i]))
	}
	for i, v := range b {
		all = append(all, trial("b", uint64(i), v))
	}
	return all
}

func TestCompareOfPairs(t *testing.T) {
	c := mustCompare(t, pair(), "test", Options{Baseline: "b"})
	a, d := c.Arms[0], c.Contrasts[0]
	for name, n := range map[string][2]float64{
		"mean": {float64(a.Mean), 0.88228}, "low": {float64(a.Low), 0.8796822798546853}, "difference": {float64(d.Mean), 0.00256},
		"deviation of it": {float64(d.Deviation), 0.0019372661149155376}, "low of it": {float64(d.Low), 0.00015456641016930745},
		"t": {float64(d.T), 2.954851673874991}, "p": {float64(d.P), 0.0417674510078356}, "sign flips": {float64(d.SignFlip), 0.125},
	} {
		if diff := n[0] - n[1]; !(diff <= 1e-9 && diff >= -1e-9) {
			t.Errorf("%s: %v, want %v", name, n[0], n[1])
		}
	}
	if len(c.Contrasts) != 1 || d.A != "a" || d.B != "b" || len(d.Seeds) != 5 || a.Steps != 100 || a.Evals != 200 || a.Seconds != 20 {
		t.Errorf("%+v", c)
	}
	for _, want := range []string{
		"a    5  88.23  0.21  87.97 to 88.49  100    200          20.0     88.23", "arm - b  pairs  mean   sd    95% interval    t     p       p of sign flips\na        5      +0.26  0.19  +0.02 to +0.50  2.95  0.0418  0.125\n",
		"note: with 5 pairs, p of the sign flips is never below 0.0625\n",
	} {
		if !strings.Contains(c.Text(), want) {
			t.Errorf("no %q in\n%s", want, c.Text())
		}
	}
	if md := c.Markdown(); !strings.Contains(md, "\n| a | 5 | +0.26 | 0.19 | +0.02 to +0.50 | 2.95 | 0.0418 | 0.125 |\n") || !strings.Contains(md, "\n|---|---|") {
		t.Errorf("%s", md)
	}
	if rows, err := csv.NewReader(strings.NewReader(c.CSV())).ReadAll(); err != nil || len(rows) != 4 || rows[3][1] != "b" || !strings.HasPrefix(rows[3][3], "0.00256") {
		t.Errorf("%v: %v", err, rows)
	}
}

func TestMetrics(t *testing.T) {
	for metric, want := range map[string]float64{"test": .8, "selected": .4, "loss": .2, "validation": .7} {
		c := mustCompare(t, []Trial{trial("a", 0, .8), trial("a", 1, .8)}, metric, Options{})
		if got := float64(c.Arms[0].Mean); !same(got, want) {
			t.Errorf("%s: %v, want %v", metric, got, want)
		}
	}
	bare := trial("a", 0, .8)
	for i := range bare.Epochs {
		bare.Epochs[i].Validation, bare.Epochs[i].SelectedOn = nil, "test"
	}
	for metric, want := range map[string]string{"selected": "selected its best epoch on test", "validation": "did not measure what the metric validation needs"} {
		m, _ := FindMetric(metric, nil)
		if _, err := Compare([]Trial{bare}, Options{Metric: m}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", metric, err, want)
		}
	}
	if _, err := FindMetric("tset", nil); err == nil || !strings.Contains(err.Error(), `unknown metric "tset" (did you mean test?)`) {
		t.Error(err)
	}
}

// What is missing or unequal is said.
func TestCompareSaysWhatIsMissing(t *testing.T) {
	trials := pair()[:9] // b has no seed 4
	dead := trial("a", 9, .5)
	dead.Status = train.StatusDiverged
	alone, never := trial("c", 0, .9), trial("d", 0, .9)
	never.Status, alone.Config.Dataset = train.StatusInterrupted, "MNIST"
	c := mustCompare(t, append(trials, dead, alone, never), "test", Options{Baseline: "b"})
	for _, want := range []string{
		"a-9 is diverged: not counted", "d-0 is interrupted: not counted", "d has no run that is done", "b lacks seeds that others have: 4", "c lacks seeds that others have: 1, 2, 3, 4",
		"c has one seed: no deviation, no interval", "2 contrasts, and no p is corrected", "the arms differ in the data set",
	} {
		if !strings.Contains(strings.Join(c.Notes, "\n"), want) {
			t.Errorf("no %q in\n%s", want, strings.Join(c.Notes, "\n"))
		}
	}
	if len(c.Arms) != 3 || len(c.Contrasts[0].Seeds) != 4 || len(c.Contrasts[1].Seeds) != 1 {
		t.Errorf("%+v", c.Contrasts)
	}
	text, err := json.Marshal(c)
	if err != nil || !strings.Contains(string(text), `"t":null,"p":null,"sign_flip":1}`) {
		t.Errorf("%v: %s", err, text)
	}
	for want, o := range map[string]Options{
		`there is no arm "aa" (did you mean a?): want one of a; b`: {Baseline: "aa"},
		`there is no arm "x"`: {Arms: []string{"x"}},
	} {
		if _, err := Compare(trials, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := Compare(append(trials, trial("a", 0, .1)), Options{Metric: Metrics()[0]}); err == nil || !strings.Contains(err.Error(), "a has seed 0 twice, in a-0 too") {
		t.Error(err)
	}
	if _, err := Compare([]Trial{never}, Options{Metric: Metrics()[0]}); err == nil || !strings.Contains(err.Error(), "no run is done") {
		t.Error(err)
	}
}

// Arms of unequal cost are read where the cheapest one ends.
func TestCompareAtEqualCost(t *testing.T) {
	slow := trial("slow", 0, .8)
	for i := range slow.Epochs {
		slow.Epochs[i].Seconds, slow.Epochs[i].Evals = 16, int64(160*(i+1))
	}
	c := mustCompare(t, []Trial{slow, trial("quick", 0, .6)}, "test", Options{})
	if s, q := c.Arms[0], c.Arms[1]; c.AtSeconds != 20 || c.AtEvals != 200 || !same(float64(s.BySeconds), .5) || !same(float64(s.ByEvals), .5) || q.BySeconds != .6 || q.ByEvals != .6 {
		t.Errorf("%+v", c) // slow goes from .4 at 16 s, 160 evaluations, to .8 at 32 s
	}
}

func TestCompareWrites(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "compare")
	if err := mustCompare(t, pair(), "test", Options{Baseline: "b"}).Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"result.json": `{"kind":"compare","metric":"test",`, "compare.csv": "arm,baseline,", "compare.md": "test accuracy at the end, %: mean",
		"compare.svg": "gradient evaluations", "compare-seconds.svg": "seconds of training",
		"compare.png": "\x89PNG", "compare-seconds.png": "\x89PNG",
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%v: no %q in %s", err, want, name)
		}
	}
}

// Runs of no sweep are grouped by what differs; sweeps keep their names.
func TestLoadFindsArms(t *testing.T) {
	dir := t.TempDir()
	for i, c := range []struct {
		lr   float64
		seed uint64
	}{{.1, 0}, {.1, 1}, {.2, 0}} {
		config := train.Published()
		config.LR, config.Seed, config.Threads = c.lr, c.seed, i // threads decide nothing
		f, err := train.CreateFolder(filepath.Join(dir, "runs", fmt.Sprint(i)), config, nil)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	s, _ := sweepOf(t, filepath.Join(dir, "sweep"), described("[0, 1]", 0.1))
	mustSweep(t, s)
	arms := func(paths ...string) string {
		for i, p := range paths {
			paths[i] = filepath.Join(dir, p)
		}
		list, err := Load(paths)
		if err != nil {
			return err.Error()
		}
		var words []string
		for _, t := range list {
			words = append(words, fmt.Sprintf("%s %d %s", t.Arm, t.Seed(), t.Status))
		}
		return strings.Join(words, "; ")
	}
	for want, got := range map[string]string{
		"LookbehindSAM,lr=0.1 0 interrupted; LookbehindSAM,lr=0.1 1 interrupted; LookbehindSAM,lr=0.2 0 interrupted": arms("runs"),
		"LookbehindSAM 0 interrupted":      arms("runs/0"),
		"a,lr=0.1 0 done; a,lr=0.1 1 done": arms("sweep"),
		dir + "/sweep/jobs has no runs: want a run folder, a sweep or a folder of runs": arms("sweep/jobs"),
		dir + "/none is not there: want a run folder, a sweep or a folder of runs":      arms("none"),
	} {
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}
