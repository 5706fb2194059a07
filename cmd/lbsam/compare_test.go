package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// Seeds of one arm are compared with those of another, and a control is matched to
// a run.
func TestCompareAndMatch(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LBSAM_TEST_MAIN", "1")
	writeSweep(t, "s.toml", sweepText)
	mustRun(t, "sweep", "s.toml")
	stdout, stderr := mustRun(t, "compare", "s", "--baseline", "matched", "--metric", "selected")
	for _, want := range []string{"lookbehind  2  ", "matched     2  ", "arm - matched  pairs", "p of the sign flips is never below 0.5"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if stderr != "files   runs/s/compare\n" || !bytes.HasPrefix(read(t, "runs/s/compare/result.json"), []byte(`{"kind":"compare","metric":"selected",`)) {
		t.Errorf("%s", stderr)
	}
	for _, folder := range []string{"runs/s", "runs"} {
		if stdout, _ = mustRun(t, "runs", "ls", folder); strings.Count(stdout, "\n") != 5 || strings.Contains(stdout, "broken") {
			t.Errorf("%s: %s", folder, stdout)
		}
	}
	stdout, stderr = mustRun(t, "compare", "runs/s/lookbehind,seed=0", "runs/s/lookbehind,seed=1", "--format", "csv")
	if !strings.Contains(stdout, "\nLookbehindSAM,,2,") || stderr != "" {
		t.Errorf("%s%s", stdout, stderr)
	}
	t.Setenv("LBSAM_TEST_MAIN", "")
	stdout, _ = mustRun(t, "train", "--matched=runs/s/lookbehind,seed=0", "--seed", "7", "--print-config")
	for _, want := range []string{"minimizer = 'SAM' ", "momentum = 0.81 ", "rho = 0.075 ", "# --matched: LookbehindSAM with k 2, alpha 0.9", "seed = 7 ", "max_evals = 36 "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	stdout, _ = mustRun(t, "train", "--matched", "--minimizer", "LookbehindASAM", "--k", "3", "--alpha", "0.5", "--lr", "0.1", "--print-config")
	if !strings.Contains(stdout, "minimizer = 'ASAM' ") || !strings.Contains(stdout, "lr = 0.4065 ") { // .5·3·.1·.271/.1
		t.Errorf("%s", stdout)
	}
	for args, want := range map[string]string{
		"train --matched":                       "--matched needs a number for an adaptive alpha: want --matched=RUN",
		"train --matched --minimizer sgd":       "--matched: SGD has no matched control",
		"train --matched=runs/s/matched,seed=0": "--matched: SAM has no matched control",
		"train --matched=lost":                  "no run lost",
		"compare":                               "compare: found nothing to compare",
		"compare s --metric tset":               `unknown metric "tset" (did you mean test?)`,
		"compare s --format tabel":              `unknown format "tabel" (did you mean table?)`,
		"compare s --baseline matchd":           `there is no arm "matchd" (did you mean matched?)`,
		"compare s.toml":                        "s.toml",
		"sweep":                                 "sweep: found 0 files, want one",
		"sweep none.toml":                       "none.toml: no such file or directory: want a file that describes a sweep",
		"sweep s.toml --only 3/2":               `--only is "3/2": want I/N`,
		"sweep s.toml --jobs -1":                "--jobs is -1",
	} {
		if code, _, stderr := start(t.Context(), strings.Fields(args)...); (code != exitUsage && code != exitFolder) || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("lbsam %s: exit %d, %q: want %q", args, code, stderr, want)
		}
	}
}

// A number that noise measured is compared as an accuracy is.
func TestCompareWhatWasMeasured(t *testing.T) {
	r := trainedWithHoldout(t)
	folder := filepath.Dir(r.run)
	if code, _, stderr := start(t.Context(), "compare", folder, "--metric", "noise/0.1/accuracy"); code != exitUsage || !strings.Contains(stderr, "nothing was measured of these runs (lbsam noise, lbsam sharpness)") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	mustRun(t, r.args("noise", "--levels", "0.1", "--draws", "2")...)
	stdout, stderr := mustRun(t, "compare", folder, "--metric", "noise/0.1/accuracy")
	if !strings.HasPrefix(stdout, "accuracy with multiplicative noise of 0.1, %: mean") || !strings.HasSuffix(stderr, "compare-noise-0.1-accuracy\n") {
		t.Errorf("%s%s", stdout, stderr)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	mustRun(t, "report", filepath.Join(folder, "compare-noise-0.1-accuracy"), "-o", page)
	if text := string(read(t, page)); !strings.Contains(text, "multiplicative noise of 0.1") || strings.Contains(text, "gradient evaluations</text>") {
		t.Error("the page has curves of what is measured once, or lacks it")
	}
}
