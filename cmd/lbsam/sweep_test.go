package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path"
	"strings"
	"testing"

	"lbsam/study"
	"lbsam/train"
)

// sweepText describes a sweep of moments. A row of metrics per step is the same
// wherever a run is stopped.
const sweepText = `
seeds = [0, 1]
budget = 36
[common]
model = "resnet8-w8"
batch-size = 8
limit_batches = 3
epochs = 2
val_split = 0.1
save_every = 2
log_every = 1
[[arms]]
name = "lookbehind"
minimizer = "lookbehind-sam"
k = 2
alpha = "adaptive"
[[arms]]
name = "matched"
matched = "lookbehind"
`

func writeSweep(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A sweep that is stopped and goes on ends where one ends that was left alone: each
// run bit for bit.
func TestSweepGoesOnExactly(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LBSAM_TEST_MAIN", "1") // for the workers
	t.Setenv("LBSAM_LR", "9")        // is not for them
	writeSweep(t, "s.toml", sweepText)
	cmd := program(t, "sweep", "s.toml", "--threads", "2")
	w := &script{lines: []line{{"seed=0  done", func() { send(cmd.Process, os.Interrupt) }}}}
	cmd.Stderr = w
	code := exitOf(cmd.Run())
	if stderr := w.seen.String(); code != exitInterrupt || !strings.Contains(stderr, "saving ...") || !strings.HasSuffix(stderr, "\ncontinue with: "+quote(cmd.Path)+" sweep s.toml --threads 2\n") {
		t.Fatalf("exit %d:\n%s", code, stderr)
	}
	stdout, stderr := mustRun(t, "sweep", "s.toml")
	if want := `{"kind":"sweep","folder":"runs/s","runs":4,"status":{"done":4}}` + "\n"; stdout != want {
		t.Errorf("%s%s", stdout, stderr)
	}
	mustRun(t, "sweep", "s.toml", "--out", "whole", "--jobs", "1", "--report")
	for _, name := range []string{"lookbehind,seed=0", "lookbehind,seed=1", "matched,seed=0", "matched,seed=1"} {
		mustBeEqual(t, "runs/s/"+name, "whole/"+name)
	}
	read(t, "whole/matched,seed=1/report.html")
	if matched := string(read(t, "whole/matched,seed=1/config.toml")); !strings.Contains(matched, "minimizer = 'SAM'") || !strings.Contains(matched, "momentum = 0.81 ") || strings.Contains(matched, "lr = 9") {
		t.Errorf("%s", matched)
	}
	if stdout, _ = mustRun(t, "runs", "ls", "whole"); strings.Count(stdout, "\n") != 5 {
		t.Errorf("%s", stdout)
	}
}

func TestSweepLists(t *testing.T) {
	t.Chdir(t.TempDir())
	writeSweep(t, "s.toml", sweepText)
	stdout, _ := mustRun(t, "sweep", "s.toml", "--dry-run")
	for _, want := range []string{
		"lookbehind,seed=0  LookbehindSAM  4       12     36                 48\n",
		"matched,seed=1     SAM            6       18     36                 36\n",
		"4 runs                                           144                168\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	stdout, _ = mustRun(t, "sweep", "s.toml", "--dry-run", "--json", "--only", "2/4")
	var p planLine
	if err := json.Unmarshal([]byte(stdout), &p); err != nil || p.Run != "matched,seed=0" || p.Steps != 18 || p.Evals != 36 {
		t.Errorf("%v: %s", err, stdout)
	}
	if left, _ := os.ReadDir("."); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSweepErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	for text, want := range map[string]struct {
		code int
		text string
	}{
		strings.Replace(sweepText, "val_split", "val_splt", 1):    {exitUsage, `s.toml, common: unknown setting "val_splt" (did you mean val_split?): lbsam train --print-config shows all`},
		strings.Replace(sweepText, "k = 2", "k = 2.5", 1):         {exitUsage, `s.toml, arm "lookbehind": k is "2.5": want a whole number`},
		strings.Replace(sweepText, "k = 2", "k = 0", 1):           {exitUsage, `--k is 0: want a number from 1 to 1000; it comes from s.toml, arm "lookbehind"`},
		strings.Replace(sweepText, "[common]", "[commn]", 1):      {exitUsage, `s.toml:4: unknown entry "commn" (did you mean common?)`},
		"preset = \"fats\"\n" + sweepText:                         {exitUsage, `unknown preset "fats" (did you mean fast?)`},
		sweepText + "[[arms]]\nname = \"x\"\ndataset=\"MNIST\"\n": {exitData, `MNIST: found nothing in data`},
	} {
		writeSweep(t, "s.toml", text)
		code, stdout, stderr := start(t.Context(), "sweep", "s.toml", "--dry-run")
		if code != want.code || !strings.Contains(stderr, want.text) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("exit %d, %q: want exit %d, %q", code, stderr, want.code, want.text)
		}
	}
}

// A run that diverges is recorded, and the sweep says so.
func TestSweepWithARunThatDiverges(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LBSAM_TEST_MAIN", "1")
	writeSweep(t, "s.toml", strings.NewReplacer("k = 2", "k = 2\nlr = 1e9", "[0, 1]", "[0]").Replace(sweepText))
	code, stdout, stderr := start(t.Context(), "sweep", "s.toml")
	if code != exitSweep || !strings.Contains(stdout, `"status":{"blocked":1,"diverged":1}`) || !strings.Contains(stderr, "lbsam: sweep: 2 runs diverged or failed") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
	if sheet := read(t, "runs/s/sweep.csv"); !bytes.Contains(sheet, []byte(",diverged,")) {
		t.Errorf("%s", sheet)
	}
}

// The files of the studies are sweeps of as many runs as their README says, and no
// arm is preferred in tuning.
func TestStudiesAreSweeps(t *testing.T) {
	p := (&app{}).planner(newFlags())
	p.Samples = func(train.Config) (int, error) { return 60000, nil }
	for name, want := range map[string]int{
		"fashion-mnist-study/tune": 28, "fashion-mnist-study/final": 12, "fashion-mnist-study/published-cost": 3,
		"fashion-mnist-study/exploratory": 18, "fashion-mnist-study/cifar": 140,
		"lenet-study/tune": 16, "lenet-study/final": 25,
	} {
		f, err := study.ReadFile("../../examples/" + name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		f.Tuned = "" // there are no results
		runs, err := p.Plan(f)
		if err != nil {
			t.Fatal(err)
		}
		trials := map[string]int{}
		for _, r := range runs {
			if trials[r.Arm]++; r.Config.Test == "epochs" || r.Config.ValSplit == 0 {
				t.Errorf("%s: %s looks at the test set behind every epoch", name, r.Name)
			}
			if counted := r.Cost.Steps * r.Counts; counted > f.Budget || counted < f.Budget-r.Counts {
				t.Errorf("%s: %s has a budget of %d, of %d", name, r.Name, counted, f.Budget)
			}
		}
		if len(runs) != want {
			t.Errorf("%s: %d runs, want %d", name, len(runs), want)
		}
		for arm, n := range trials {
			if path.Base(name) == "tune" && n != 4 {
				t.Errorf("%s: %s has %d trials", name, arm, n)
			}
		}
	}
}
