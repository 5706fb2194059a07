package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// untrained is a run folder with the first weights of a small model in it.
func untrained(t *testing.T) string {
	t.Helper()
	file := fresh(t)
	run := filepath.Dir(file)
	if err := os.Rename(file, bestOf(run)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "config.toml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return run
}

// sharpen measures in a moment, with these flags and others.
func sharpen(run string, flags ...string) []string {
	return append([]string{"sharpness", run, "--images", "6", "--batch-size", "4", "--threads", "1", "--radii", "0.05,0.5",
		"--steps", "2", "--draws", "2", "--eigenvalues", "1", "--vectors", "3", "--traces", "1"}, flags...)
}

func TestSharpness(t *testing.T) {
	run := untrained(t)
	stdout, stderr := mustRun(t, sharpen(run, "--m", "all,4")...)
	var r sharpened
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("want one line of JSON: %v: %s", err, stdout)
	}
	if r.Kind != "sharpness" || r.Checkpoint != bestOf(run) || r.Images != 6 || r.Tensors != "all" || !slices.Equal(r.M, []int{0, 4}) {
		t.Errorf("%s", stdout)
	}
	for i, l := range r.Lines {
		if l.Measure == "worst" && !(l.LossRise.Mean > 0) || l.M == 4 && l.Parts != 2 { // 4 images and 2
			t.Errorf("line %d: %+v", i, l)
		}
	}
	if len(r.Lines) != 2*2*5 || len(r.Curvature.Spectrum.Largest) != 1 || r.Curvature.Trace.Vectors != 1 {
		t.Errorf("%d lines, %+v", len(r.Lines), r.Curvature)
	}
	for _, want := range []string{"sharpness  resnet8-w8 on 6 train images", "clean loss ", "asam worst m=4 ", "sam random ", "eigenvalues of the Hessian ", "trace of the Hessian "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	folder := filepath.Join(run, "sharpness")
	if rows := strings.Count(string(read(t, folder, "sharpness.csv")), "\n"); rows != 1+20+2+1 {
		t.Errorf("%d rows: %s", rows, read(t, folder, "sharpness.csv"))
	}
	if svg := string(read(t, folder, "sharpness.svg")); !strings.Contains(svg, "asam worst m=4") || strings.Contains(svg, "one-step") {
		t.Error(svg)
	}
	if !bytes.HasPrefix(read(t, folder, "sharpness.png"), []byte("\x89PNG")) {
		t.Error("no PNG")
	}
	sharpnessGoesOn(t, run, folder, stdout)
}

// sharpnessGoesOn tests that a measurement that was cut off gives the same result,
// and that one of other settings does not touch it.
func sharpnessGoesOn(t *testing.T, run, folder, stdout string) {
	path := filepath.Join(folder, "points.jsonl")
	whole := read(t, path)
	for _, cut := range []int{len(whole) / 2, len(whole)} {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		again, stderr := mustRun(t, sharpen(run, "--m", "all,4", "--quiet")...)
		if again != stdout || stderr != "" || !bytes.Equal(read(t, path), whole) {
			t.Errorf("of %d bytes of %d: %s, %s, want %s", cut, len(whole), again, stderr, stdout)
		}
	}
	code, _, stderr := start(t.Context(), sharpen(run, "--m", "all,4", "--draws", "3")...)
	if code != exitFolder || !strings.Contains(stderr, "belongs to other settings") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// A batch's own statistics and fewer tensors give other numbers.
func TestSharpnessOfOtherModes(t *testing.T) {
	run := untrained(t)
	seen := map[string]bool{}
	for _, flags := range [][]string{{}, {"--batch-statistics"}, {"--tensors", "weights"}, {"--seed", "9"}} {
		flags = append(flags, "--out", t.TempDir(), "--radii", "0.1", "--geometry", "sam", "--quiet")
		stdout, _ := mustRun(t, sharpen(run, flags...)...)
		var r sharpened
		if err := json.Unmarshal([]byte(stdout), &r); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.M, []int{0}) { // 128 is the default too, and more than there are
			t.Errorf("groups of %v", r.M)
		}
		text, _ := json.Marshal(r.SharpnessResult)
		if seen[string(text)] {
			t.Errorf("%v changes nothing: %s", flags, text)
		}
		seen[string(text)] = true
	}
}

// Of a set smaller than the groups that are measured by default, all images are one.
func TestSharpnessOfFewImages(t *testing.T) {
	r := newTinyRun(t, "lenet", 1)
	mustRun(t, r.args("sharpness", "--radii", "0.1", "--steps", "1", "--draws", "0", "--eigenvalues", "0", "--traces", "0")...)
	if s := resultIn[sharpened](t, filepath.Join(r.run, "sharpness")); s.Images != 8 || !slices.Equal(s.M, []int{0}) {
		t.Errorf("groups of %v of %d images", s.M, s.Images)
	}
}

func TestSharpnessErrors(t *testing.T) {
	run := untrained(t)
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{sharpen(run, "--radii", "0.1,0"), exitUsage, "--radii has 0: want numbers above 0"},
		{sharpen(run, "--radii", "NaN"), exitUsage, "--radii has NaN"},
		{sharpen(run, "--radii", "0.1,0.10"), exitUsage, "--radii has 0.1 twice"},
		{sharpen(run, "--radii", "much"), exitUsage, `--radii is "much": want numbers with commas between them`},
		{sharpen(run, "--m", "7"), exitUsage, "--m has 7, and there are 6 images"},
		{sharpen(run, "--m", "0,6"), exitUsage, "--m has 0 and 6, which are the same groups"},
		{sharpen(run, "--m", "few"), exitUsage, `--m is "few": want whole numbers with commas between them`},
		{sharpen(run, "--images", "0", "--m", "99999"), exitUsage, "--m has 99999, and there are"},
		{sharpen(run, "--geometry", "asma"), exitUsage, `unknown geometry "asma" (did you mean asam?): want one of sam, asam`},
		{sharpen(run, "--images", "99999"), exitUsage, "--images is 99999, and the train set of Synthetic has"},
		{sharpen(run, "--precision", "bf16"), exitUsage, "--precision is bf16: want float32, or float64 on device ref"},
		{sharpen(run, "--eigenvalues", "4"), exitUsage, "--eigenvalues is 4 and --vectors 3"},
		{sharpen(run, "--model", "lenet"), exitCheckpoint, "best.safetensors"},
		{sharpen(run, "--dataset", "MNIST", "--data", t.TempDir()), exitData, "MNIST"},
		{sharpen(t.TempDir()), exitCheckpoint, "best.safetensors"},
	} {
		code, stdout, stderr := start(t.Context(), c.args...)
		if code != c.code || !strings.Contains(stderr, c.text) || !strings.HasPrefix(stderr, "lbsam: ") || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%v: exit %d, %q: want exit %d, %q", c.args, code, stderr, c.code, c.text)
		}
	}
	if _, err := os.Stat(filepath.Join(run, "sharpness")); err == nil {
		t.Error("a folder in spite of the error")
	}
}
