package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
	"lbsam/train/checkpoint"
)

// writeImage writes image i of s as a PNG file with an alpha channel.
func writeImage(t *testing.T, path string, s *datasets.Split, i int) {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, s.W, s.H))
	for at := range s.H * s.W {
		copy(m.Pix[4*at:], s.Image(i)[3*at:3*at+3])
		m.Pix[4*at+3] = uint8(at) // what is transparent counts as what is not
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fresh is the checkpoint of a model for the synthetic set with its first weights.
func fresh(t *testing.T) string {
	t.Helper()
	c := train.Demo()
	c.Device, c.Threads = "cpu", 1
	job, err := train.OpenWith(c, datasets.Synthetic(1, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer job.Close()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := job.Export(path, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// The classes and probabilities of image files are, bit for bit, those of the
// same pixels in a data set.
func TestPredictIsEvalOfFiles(t *testing.T) {
	path, folder := fresh(t), t.TempDir()
	card, err := train.ReadCard(path)
	if err != nil {
		t.Fatal(err)
	}
	c := train.Published()
	c.Dataset, c.Model, c.Init, c.Minimizer, c.Device, c.Batch, c.LimitBatches = card.Dataset, card.Model, path, "SGD", "cpu", 9, 1
	job, err := card.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer job.Close()
	want, err := job.Predict(t.Context(), &job.Data.Test, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.N() {
		writeImage(t, filepath.Join(folder, fmt.Sprintf("%d.png", i)), &job.Data.Test, i)
	}
	for _, batch := range []string{"2", "128"} {
		stdout, stderr := mustRun(t, "predict", path, folder, "--json", "--top", "99", "--batch-size", batch, "--device", "cpu")
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if len(lines) != want.N() || stderr != "" {
			t.Fatalf("%d lines, %q on stderr", len(lines), stderr)
		}
		for i, line := range lines {
			got := guessed{guess: &guess{}}
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatal(err)
			}
			class, probability := want.Best(i)
			if got.Kind != "prediction" || got.File != filepath.Join(folder, fmt.Sprintf("%d.png", i)) || *got.guess != (guess{want.Classes[class], probability}) || len(got.Top) != 10 {
				t.Errorf("%s: want %s, %v", line, want.Classes[class], probability)
			}
			for j, g := range got.Top {
				if j > 0 && g.Probability > got.Top[j-1].Probability {
					t.Errorf("%s: not sorted", line)
				}
				if at := indexOf(want.Classes, g.Class); g.Probability != want.Row(i)[at] {
					t.Errorf("image %d: %s has %v, want %v", i, g.Class, g.Probability, want.Row(i)[at])
				}
			}
		}
	}
}

func indexOf(list []string, s string) int {
	for i, v := range list {
		if v == s {
			return i
		}
	}
	return -1
}

func TestPredictReportsBrokenImages(t *testing.T) {
	path, folder := fresh(t), t.TempDir()
	s := datasets.Synthetic(1, 0, 3).Test
	for i, name := range []string{"a.png", "deep/b, c.PNG", "d\n.png"} {
		writeImage(t, filepath.Join(folder, name), &s, i)
	}
	if err := os.WriteFile(filepath.Join(folder, "bad.jpg"), []byte("none"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := start(t.Context(), "predict", path, folder, filepath.Join(folder, "gone.png"))
	if code != exitData || strings.Count(stdout, "\n") != 3 || !strings.Contains(stdout, `d\n.png`) || strings.Count(stdout, "%") != 15 {
		t.Errorf("exit %d, %s", code, stdout)
	}
	for _, want := range []string{"bad.jpg: found no image, want a PNG", "gone.png: no such file", "lbsam: 2 of 5 images could not be read\n"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in %s", want, stderr)
		}
	}
	code, stdout, _ = start(t.Context(), "predict", path, folder, "--csv", "--top", "2")
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if code != exitData || err != nil || len(rows) != 4 || strings.Join(rows[0], " ") != "file class probability class_2 probability_2" || !strings.HasSuffix(rows[3][0], "b, c.PNG") {
		t.Errorf("exit %d, %v: %q", code, err, rows)
	}
	code, stdout, _ = start(t.Context(), "predict", path, "--json", filepath.Join(folder, "bad.jpg"))
	if code != exitData || !strings.Contains(stdout, `"error":"found no image`) || strings.Contains(stdout, `"class"`) {
		t.Errorf("exit %d, %s", code, stdout)
	}
}

func TestPredictReadsNamesFromStandardInput(t *testing.T) {
	path, folder := fresh(t), t.TempDir()
	s := datasets.Synthetic(1, 0, 1).Test
	writeImage(t, filepath.Join(folder, "1.png"), &s, 0)
	var out bytes.Buffer
	root := newRoot(&app{name: "lbsam", stdout: &out, stderr: &out}, "demo")
	root.SetArgs([]string{"predict", path, "-", "--json"})
	root.SetIn(strings.NewReader(filepath.Join(folder, "1.png") + "\n\n"))
	if err := root.ExecuteContext(t.Context()); err != nil || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `1.png","class"`) {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestPredictUsage(t *testing.T) {
	path, empty := fresh(t), t.TempDir()
	silent := filepath.Join(empty, "silent.safetensors")
	if err := checkpoint.Export(silent, nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{path}, exitUsage, "predict: found 1 argument, want a checkpoint and images"},
		{[]string{path, "x", "--top", "0"}, exitUsage, "--top is 0: want 1 or more"},
		{[]string{path, "x", "--csv", "--json"}, exitUsage, "--csv and --json: give one of them"},
		{[]string{path, empty}, exitData, "found no image in " + empty + ": want files of PNG, JPEG,"},
		{[]string{empty + "/none", "x"}, exitCheckpoint, "none"},
		{[]string{silent, "x"}, exitCheckpoint, "does not say its classes"},
	} {
		code, stdout, stderr := start(t.Context(), append([]string{"predict"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.text) || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: exit %d, %q, %q: want exit %d, %q", c.args, code, stdout, stderr, c.code, c.text)
		}
	}
	wantComplaints(t, []complaint{{[]string{"eval", silent}, exitUsage, "does not say what it was trained on: give --dataset"}})
}
