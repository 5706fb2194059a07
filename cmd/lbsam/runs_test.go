package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	if stdout, stderr := mustRun(t, "runs", "ls"); stdout != "" || stderr != "no runs in runs\n" {
		t.Errorf("before any: %q, %q", stdout, stderr)
	}
	mustRun(t, tiny("--out", "runs/b", "--quiet", "--compare", "--epochs", "1", "--limit-batches", "1", "--lr", "0.07", "--nesterov", "--augment=false")...)
	interrupted(t, "epoch 2/2  step 1/3", tiny("--out", "runs/a", "--limit-batches", "3")...)
	if err := os.Mkdir("runs/plots", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("runs/notes.txt", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Run("ls", testRunsLs)
	t.Run("json", testRunsJSON)
	t.Run("show", testRunsShow)
}

func testRunsLs(t *testing.T) {
	stdout, stderr := mustRun(t, "runs", "ls")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 5 || stderr != "" {
		t.Fatalf("%s%s", stdout, stderr)
	}
	for _, want := range []string{
		"run started status minimizer data model epochs best seconds",
		"b done LookbehindSAM Synthetic resnet8-w8 1/1 ",
		"b/baseline done SGD Synthetic resnet8-w8 3/3 ",
		"a interrupted LookbehindSAM Synthetic resnet8-w8 1/2 ",
		"plots broken: there is no config.toml",
	} {
		found := false
		for _, line := range lines {
			words := strings.Fields(line)
			if words[0] != "run" { // without date and time
				words = append(words[:1], words[3:]...)
			}
			found = found || strings.HasPrefix(strings.Join(words, " ")+" ", want)
		}
		if !found {
			t.Errorf("no line %q in\n%s", want, stdout)
		}
	}
	if one, _ := mustRun(t, "runs", "ls", "runs/a"); !strings.Contains(one, "runs/a ") || strings.Count(one, "\n") != 2 {
		t.Errorf("of one run: %s", one)
	}
}

func testRunsJSON(t *testing.T) {
	stdout, _ := mustRun(t, "runs", "ls", "--json")
	runs := map[string]runLine{}
	for line := range strings.Lines(stdout) {
		var r runLine
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		runs[r.Path] = r
	}
	if a := runs["runs/a"]; a.Status != "interrupted" || a.Resume != "lbsam train --resume runs/a" || a.Epoch != 1 || a.Epochs != 2 || a.Best <= 0 || a.Seconds <= 0 {
		t.Errorf("%+v", a)
	}
	if b := runs["runs/b"]; b.Status != "done" || b.Resume != "" || b.SelectedOn != "test" {
		t.Errorf("%+v", b)
	}
	if p := runs["runs/plots"]; len(runs) != 4 || p.Status != "broken" || p.Problem == "" || p.Model != "" {
		t.Errorf("%+v of %d", p, len(runs))
	}
}

func testRunsShow(t *testing.T) {
	stdout, _ := mustRun(t, "runs", "show", "a")
	for _, want := range []string{
		"run       runs/a\n", "status    interrupted, epoch 1/2, best ", "settings  --preset demo --batch-size 8 --epochs 2 --limit-batches 3 --log-every 2\n",
		"epoch     1  train ", "files     ", " kB  state.safetensors\n", "resume    lbsam train --resume runs/a\n", "repeat    lbsam train --config runs/a/config.toml\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	stdout, _ = mustRun(t, "runs", "show", "runs/b")
	if !strings.Contains(stdout, "--preset demo --augment=false --lr 0.07 --nesterov --batch-size 8 --epochs 1 ") || strings.Contains(stdout, "resume ") || !strings.Contains(stdout, "folder  baseline\n") {
		t.Errorf("%s", stdout)
	}
	stdout, _ = mustRun(t, "runs", "show", "plots")
	if !strings.Contains(stdout, "status    broken: there is no config.toml\n") || strings.Contains(stdout, "repeat") {
		t.Errorf("%s", stdout)
	}
	stdout, _ = mustRun(t, "runs", "show", "a", "--json")
	var r struct {
		runLine
		Settings string
		Last     []struct{ Epoch int }
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || r.Path != "runs/a" || !strings.HasPrefix(r.Settings, "--preset demo --batch-size 8") || len(r.Last) != 1 || r.Last[0].Epoch != 1 {
		t.Errorf("%v: %s", err, stdout)
	}
	for args, want := range map[string]string{
		"runs show":           "found 0 runs, want one",
		"runs show a b":       "found 2 runs, want one",
		"runs ls a b":         "ls: found 2 folders, want one at most",
		"runs lss":            `unknown command "lss" (did you mean ls?): want one of ls, show`,
		"runs show polts":     "no run polts (did you mean plots?): want a run folder, or its name in runs",
		"runs ls nowhere":     "runs: open nowhere: no such file or directory: want a folder with run folders",
		"runs ls /dev/null":   "want a folder with run folders",
		"runs show /dev/null": "",
	} {
		code, _, stderr := start(t.Context(), strings.Fields(args)...)
		wantCode := exitUsage
		if strings.HasPrefix(want, "no run ") || strings.HasSuffix(want, "run folders") {
			wantCode = exitFolder
		}
		if want == "" {
			wantCode = exitOK // a file is a broken run
		}
		if code != wantCode || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") > 1 {
			t.Errorf("lbsam %s: exit %d, %q, want %q", args, code, stderr, want)
		}
	}
}
