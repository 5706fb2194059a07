package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/train"
)

// trainedWithHoldout is a run that trained on 6 images and validated on 2.
func trainedWithHoldout(t *testing.T) (r tinyRun) {
	t.Helper()
	r = newTinyRun(t, "lenet", 1)
	r.run = filepath.Join(t.TempDir(), "run")
	mustRun(t, "train", "--dataset", "ImageFolder", "--data", r.data, "--image-size", "8", "--model", "lenet", "--minimizer", "SGD", "--device", "cpu",
		"--epochs", "1", "--batch-size", "4", "--threads", "1", "--val-split", "0.25", "--seed", "5", "--quiet", "--report=false", "--out", r.run)
	return r
}

// The images of --split val are those that the run validated on.
func TestHeldOutImagesAreThoseOfTheRun(t *testing.T) {
	r := trainedWithHoldout(t)
	want := train.Summarize(r.run).Last().Validation
	score := func(split string) (e evaluation) {
		stdout, _ := mustRun(t, "eval", filepath.Join(r.run, "last.safetensors"), "--data", r.data, "--threads", "1", "--device", "cpu", "--batch-size", "4", "--split", split)
		if err := json.Unmarshal([]byte(stdout), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	if val := score("val"); val.Score != *want || val.Images != 2 {
		t.Errorf("eval of val is %+v, want %+v", val.Score, *want)
	}
	if seen := score("train"); seen.Images != 6 || *seen.Holdout != (holdout{0.25, 5}) {
		t.Errorf("eval of train is %+v, %+v", seen.Score, seen.Holdout)
	}
	if test := score("test"); test.Holdout != nil {
		t.Errorf("eval of test names what was held out of another set: %+v", test.Holdout)
	}
}

// Measurements draw from the images that the run trained on, or from those that it
// held out, and say which.
func TestMeasurementsKnowWhatWasHeldOut(t *testing.T) {
	r := trainedWithHoldout(t)
	want := train.Summarize(r.run).Last().Validation
	last := filepath.Join(r.run, "last.safetensors")
	measured := func(command, split string, more ...string) (stdout, stderr, folder string) {
		folder = t.TempDir()
		args := append([]string{command, last, "--data", r.data, "--images", "0", "--threads", "1", "--device", "cpu", "--batch-size", "4", "--split", split, "--out", folder}, more...)
		stdout, stderr = mustRun(t, args...)
		return stdout, stderr, folder
	}
	_, stderr, folder := measured("noise", "val", "--levels", "0.1", "--draws", "1")
	if n := resultIn[noised](t, folder); float64(n.Points[0].Loss) != want.Loss || n.Images != 2 || *n.Holdout != (holdout{0.25, 5}) {
		t.Errorf("noise on val: %+v, want a loss of %v", n, want.Loss)
	}
	if want := "noise  lenet on 2 val images of ImageFolder (of 2 held out: val_split 0.25)  "; !strings.Contains(stderr, want) {
		t.Errorf("no %q in\n%s", want, stderr)
	}
	_, stderr, folder = measured("sharpness", "train", "--radii", "0.1", "--steps", "1", "--draws", "0", "--eigenvalues", "0", "--traces", "0")
	if s := resultIn[sharpened](t, folder); s.Images != 6 || s.Holdout == nil || !strings.Contains(stderr, "on 6 train images of ImageFolder (of 6 trained on: val_split 0.25)") {
		t.Errorf("sharpness on train: %+v\n%s", s.subject, stderr)
	}
	_, _, folder = measured("landscape", "train", "--x", "0:1:2")
	if l := resultIn[landscaped](t, folder); l.Images != 6 {
		t.Errorf("landscape on train: %+v", l.subject)
	}
	_, stderr, _ = measured("landscape", "train", newTinyRun(t, "lenet", 1).run, "--x", "0:1:2")
	if !strings.Contains(stderr, "note: the runs held out different images; the train images are those of the first\n") {
		t.Errorf("landscape between two:\n%s", stderr)
	}
	wantComplaints(t, []complaint{
		{r.args("noise", "--images", "7"), exitUsage, "--images is 7, and the train set of ImageFolder has 6"},
		{r.args("noise", "--images", "3", "--split", "val"), exitUsage, "--images is 3, and the val set of ImageFolder has 2"},
	})
}

// Statistics are taken anew over the images that the run trained on, at every site.
func TestRecalibrationLeavesTheHeldOutImagesAlone(t *testing.T) {
	r := newTinyRun(t, "resnet8-w8", 1)
	loss := func(config string, jobs string) float64 {
		if err := os.WriteFile(filepath.Join(r.run, "config.toml"), []byte(config), 0o644); err != nil {
			t.Fatal(err)
		}
		folder := t.TempDir()
		mustRun(t, r.args("noise", "--split", "test", "--levels", "0.1", "--draws", "1", "--recalibrate", "9", "--jobs", jobs, "--out", folder)...)
		return float64(resultIn[noised](t, folder).Points[0].Recalibrated.Loss)
	}
	some := "dataset = 'ImageFolder'\nval_split = 0.5\nseed = 3\n"
	if all, one, two := loss("", "1"), loss(some, "1"), loss(some, "2"); one == all || one != two {
		t.Errorf("losses %v of all images, %v of half of them, %v at two sites", all, one, two)
	}
}

// Of a run without a validation split the results are as they were, and there are
// no images by the name val. Neither are there for another data set than the run's.
func TestNothingHeldOut(t *testing.T) {
	r := newTinyRun(t, "lenet", 1)
	stdout, stderr := mustRun(t, r.args("noise", "--levels", "0.1", "--draws", "1")...)
	if !strings.Contains(stdout, `"images":8,`) || strings.Contains(stdout, "holdout") || !strings.Contains(stderr, "on 8 train images of ImageFolder  ") {
		t.Errorf("%s%s", stdout, stderr)
	}
	other := newTinyRun(t, "lenet", 1)
	if err := os.WriteFile(filepath.Join(other.run, "config.toml"), []byte("dataset = 'CIFAR10'\nval_split = 0.5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantComplaints(t, []complaint{
		{r.args("noise", "--split", "val"), exitUsage, "best.safetensors held no images out: want train or test"},
		{other.args("sharpness", "--m", "0", "--split", "val"), exitUsage, "held no images out"},
		{[]string{"eval", r.run, "--data", r.data, "--split", "val"}, exitUsage, "held no images out"},
	})
}
