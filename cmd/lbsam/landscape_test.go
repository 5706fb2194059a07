package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
)

// The middle of a landscape is what eval finds; table, figures and the line on
// stdout are there; without --y it is a line.
func TestLandscape(t *testing.T) {
	r := newTinyRun(t, "resnet8-w8", 1)
	scored, _ := mustRun(t, "eval", r.run, "--data", r.data, "--split", "train", "--threads", "1")
	var want evaluation
	if err := json.Unmarshal([]byte(scored), &want); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := mustRun(t, r.args("landscape", "--x", "-1:1:3", "--y", "-1:1:5")...)
	folder := filepath.Join(r.run, "landscape")
	found := resultIn[landscaped](t, folder)
	if len(found.Points) != 15 || found.Kind != "landscape" || found.Checkpoint != bestOf(r.run) || found.Images != 8 || found.Normalise != "filter" {
		t.Errorf("the result is %+v", found)
	}
	if p := found.Points[7]; p.X != 0 || *p.Y != 0 || float64(p.Loss) != want.Loss || p.Accuracy != want.Accuracy {
		t.Errorf("the middle is %+v, eval has %+v", p, want.Score)
	}
	var line landscaped
	if err := json.Unmarshal([]byte(stdout), &line); err != nil || len(line.Points) != 15 {
		t.Errorf("on stdout: %s: %v", stdout, err)
	}
	for _, text := range []string{"lowest   loss ", "highest  loss ", "at 0     loss "} {
		if !strings.Contains(stderr, text) {
			t.Errorf("no %q in %s", text, stderr)
		}
	}
	files := filesOf(t, folder)
	wantPictures(t, files, "landscape", "landscape-surface", "landscape-accuracy")
	rows := tableOf(t, files["landscape.csv"])
	if len(rows) != 16 || strings.Join(rows[0], ",") != "x,y,loss,accuracy" || rows[8][0] != "0" || rows[8][2] != found.Points[7].Loss.String() {
		t.Errorf("the table is %v", rows)
	}
	if files["directions.safetensors"] == "" {
		t.Error("no directions")
	}

	line1d := filepath.Join(r.run, "line")
	mustRun(t, r.args("landscape", "--x", "-1:1:3", "--out", line1d)...)
	row := resultIn[landscaped](t, line1d)
	if len(row.Points) != 3 || row.Y != nil || row.Points[0].Score != found.Points[6].Score {
		t.Errorf("a line is %+v", row)
	}
	files = filesOf(t, line1d)
	wantPictures(t, files, "landscape", "landscape-accuracy")
	if rows := tableOf(t, files["landscape.csv"]); len(rows) != 4 || strings.Join(rows[0], ",") != "x,loss,accuracy" {
		t.Errorf("the table of a line is %v", rows)
	}
}

// A loss that is no number is null, is said, and is a gap in table and figure.
func TestLandscapeWithoutNumbers(t *testing.T) {
	r := newTinyRun(t, "mlp", 1)
	_, stderr := mustRun(t, r.args("landscape", "--x", "-1e30:1e30:3")...)
	if !strings.Contains(stderr, "the loss of 2 of 3 points is no finite number") {
		t.Errorf("not said: %s", stderr)
	}
	files := filesOf(t, filepath.Join(r.run, "landscape"))
	if n := strings.Count(files["result.json"], `"loss": null`); n != 2 {
		t.Errorf("%d losses are null, want 2: %s", n, files["result.json"])
	}
	if rows := tableOf(t, files["landscape.csv"]); rows[1][1] != "" || rows[2][1] == "" {
		t.Errorf("the table is %v", rows)
	}
	again, _ := mustRun(t, r.args("landscape", "--x", "-1e30:1e30:3")...) // from the journal
	if !strings.Contains(again, `"loss":null`) {
		t.Errorf("read again it is %s", again)
	}
}

func TestInterpolation(t *testing.T) {
	r, other := newTinyRun(t, "resnet8-w8", 1), newTinyRun(t, "resnet8-w8", 2)
	stdout, stderr := mustRun(t, r.args("landscape", other.run, "--x", "0:1:5")...)
	found := resultIn[interpolated](t, filepath.Join(r.run, "landscape"))
	if len(found.Points) != 5 || found.To != bestOf(other.run) || found.ToSHA256 == found.SHA256 || found.Barrier == nil {
		t.Errorf("the result is %+v", found)
	}
	if !strings.Contains(stderr, "barrier between the two: ") || strings.Count(stdout, "\n") != 1 {
		t.Errorf("it says %s and %s", stderr, stdout)
	}
	for i, run := range map[int]tinyRun{0: r, 4: {other.run, r.data}} {
		scored, _ := mustRun(t, "eval", run.run, "--data", run.data, "--split", "train", "--threads", "1")
		var want evaluation
		if err := json.Unmarshal([]byte(scored), &want); err != nil {
			t.Fatal(err)
		}
		if p := found.Points[i]; float64(p.Loss) != want.Loss || p.Accuracy != want.Accuracy {
			t.Errorf("at %v it is %+v, eval has %+v", p.X, p, want.Score)
		}
	}
	wantPictures(t, filesOf(t, filepath.Join(r.run, "landscape")), "landscape", "landscape-accuracy")
	code, _, stderr := start(t.Context(), r.args("landscape", "--x", "0:1:5")...)
	if code != exitFolder || !strings.Contains(stderr, "choose another --out") {
		t.Errorf("another landscape in that folder: exit %d: %s", code, stderr)
	}
}

// A landscape that Ctrl-C stops says how to go on, and then gives the files of
// one that was not stopped, with whatever number of jobs.
func TestLandscapeGoesOn(t *testing.T) {
	r := newTinyRun(t, "resnet8-w8", 1)
	flags := []string{"--x", "-1:1:13", "--y", "-1:1:12"}
	mustRun(t, r.args("landscape", append(flags, "--out", filepath.Join(r.run, "whole"))...)...)
	whole := filesOf(t, filepath.Join(r.run, "whole"))

	cmd := program(t, r.args("landscape", flags...)...)
	w := &script{lines: []line{{"landscape  resnet8-w8 on 8 train images", func() { send(cmd.Process, os.Interrupt) }}}}
	cmd.Stderr = w
	code, stderr := exitOf(cmd.Run()), ""
	if stderr = w.seen.String(); code != exitInterrupt || !strings.Contains(stderr, "\ncontinue with: "+quote(cmd.Path)+" landscape "+quote(r.run)) {
		t.Errorf("exit %d, want %d:\n%s", code, exitInterrupt, stderr)
	}
	if n := bytes.Count(read(t, r.run, "landscape", "points.jsonl"), []byte("\n")); n > 13*12/2 {
		t.Errorf("%d lines when it was stopped: the test shows nothing", n)
	}
	mustRun(t, r.args("landscape", append(flags, "--jobs", "2")...)...)
	wantFiles(t, "stopped and continued", filesOf(t, filepath.Join(r.run, "landscape")), whole)
}

// The second checkpoint is of the same model for other classes.
func TestInterpolationOfOtherClasses(t *testing.T) {
	r, other := newTinyRun(t, "lenet", 1), newTinyRun(t, "lenet", 2)
	d, err := datasets.OpenImages("ImageFolder", r.data, datasets.Images{Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	d.Classes = append(d.Classes, "more")
	c := train.Demo()
	c.Device, c.Threads, c.Model = "cpu", 1, "lenet"
	job, err := train.OpenWith(c, d)
	if err != nil {
		t.Fatal(err)
	}
	defer job.Close()
	if err := job.Export(bestOf(other.run), nil); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := start(t.Context(), r.args("landscape", other.run)...)
	if code != exitCheckpoint || !strings.Contains(stderr, bestOf(r.run)) || !strings.Contains(stderr, bestOf(other.run)) || !strings.Contains(stderr, "3 classes") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestLandscapeErrors(t *testing.T) {
	r, other, bare := newTinyRun(t, "lenet", 1), newTinyRun(t, "mlp", 1), newTinyRun(t, "lenet", 2)
	noRun := filepath.Join(t.TempDir(), "model.safetensors")
	if err := os.Rename(bestOf(bare.run), noRun); err != nil {
		t.Fatal(err)
	}
	noModel := filepath.Join(r.data, "train", "class0", "0.png")
	wantComplaints(t, []complaint{
		{r.args("landscape", "--x", "1:2"), exitUsage, `--x is "1:2": want min:max:points`},
		{r.args("landscape", "--y", "1:-1:5"), exitUsage, `--y is "1:-1:5": want min:max:points`},
		{r.args("landscape", "--x", "NaN:1:5"), exitUsage, `--x is "NaN:1:5"`},
		{r.args("landscape", "--normalise", "filters"), exitUsage, `--normalise is "filters": want one of filter, layer, none`},
		{r.args("landscape", "--interpolate-statistics=false"), exitUsage, "--interpolate-statistics is for two checkpoints"},
		{r.args("landscape", "--jobs", "-1"), exitUsage, "--jobs is -1"},
		{r.args("landscape", r.run, "--y", "-1:1:3"), exitUsage, "--y is for the landscape around one checkpoint"},
		{r.args("landscape", r.run, r.run), exitUsage, "found 3 files, want one or two"},
		{[]string{"landscape"}, exitUsage, "found 0 files, want one or two"},
		{r.args("landscape", other.run), exitCheckpoint, bestOf(r.run) + " is a lenet, and " + bestOf(other.run) + " is a mlp: want two checkpoints of one model"},
		{r.args("landscape", noModel), exitCheckpoint, noModel},
		{[]string{"landscape", noModel}, exitCheckpoint, noModel},
		{[]string{"landscape", noRun, "--data", r.data}, exitUsage, noRun + " does not lie in a run folder: give --out"},
		{r.args("landscape", "--out", noModel), exitFolder, noModel},
	})
}

// The shell completes the words of landscape's --normalise, which has others than
// train's.
func TestLandscapeCompletesWords(t *testing.T) {
	stdout, _ := mustRun(t, "__complete", "landscape", "run", "--normalise", "")
	if !strings.HasPrefix(stdout, "filter\nlayer\nnone\n") {
		t.Errorf("it offers %q", stdout)
	}
}
