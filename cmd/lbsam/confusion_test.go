package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
)

// The confusion matrix counts every image, and its diagonal is the accuracy; a
// set of other classes is refused.
func TestEvalConfusion(t *testing.T) {
	path := fresh(t)
	stdout, stderr := mustRun(t, "eval", path, "--confusion", "--limit-batches", "4", "--batch-size", "8")
	got := evaluation{confusion: &confusion{}}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	all, right := 0, 0
	for i, row := range got.Counts {
		for _, n := range row {
			all += n
		}
		right += row[i]
		if share := float64(row[i]) / float64(got.images(i)); *got.ByClass[i] != share {
			t.Errorf("class %d: %v, want %v", i, *got.ByClass[i], share)
		}
	}
	if all != 32 || got.Images != 32 || float64(right)/32 != got.Score.Accuracy || len(got.Classes) != 10 {
		t.Errorf("%d images, %d right: %s", all, right, stdout)
	}
	if lines := strings.Split(stderr, "\n"); len(lines) != 13 || !strings.Contains(lines[1], "images  correct") || !strings.Contains(lines[2], got.Classes[0]) {
		t.Errorf("%s", stderr)
	}

	folder := t.TempDir()
	s := datasets.Synthetic(1, 0, 2).Test
	for i, name := range []string{"train/cat/1.png", "val/cat/1.png"} {
		writeImage(t, filepath.Join(folder, name), &s, i)
	}
	code, _, stderr := start(t.Context(), "eval", path, "--dataset", "folder:"+folder)
	if code != exitCheckpoint || !strings.Contains(stderr, "trained on 10 classes, and ImageFolder has 1") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestConfusionOfManyClasses(t *testing.T) {
	p := train.Predictions{Labels: []int32{0, 0, 0, 24, 1}}
	for i := range 25 {
		p.Classes = append(p.Classes, fmt.Sprint("c", i))
	}
	for _, class := range []int{7, 7, 0, 24, 3} {
		row := make([]float32, 25)
		row[class] = 1
		p.Probabilities = append(p.Probabilities, row...)
	}
	var b bytes.Buffer
	newConfusion(p).show(&b)
	if text := b.String(); strings.Count(text, "\n") != 28 || !strings.Contains(text, "\n2 of 3 images of c0 are taken for c7\n1 of 1 images of c1 are taken for c3\n") || !strings.Contains(text, "  c2       0        -\n") {
		t.Errorf("%s", text)
	}
}
