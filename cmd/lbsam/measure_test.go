package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
)

// A tinyRun is a data set of image files and a run folder with the first weights of
// a model for it: small enough that a measurement takes no time.
type tinyRun struct{ run, data string }

func newTinyRun(t *testing.T, model string, seed uint64) tinyRun {
	t.Helper()
	r := tinyRun{run: t.TempDir(), data: t.TempDir()}
	pictures := datasets.Synthetic(1, 16, 0).Train
	for i := range pictures.N {
		writeImage(t, filepath.Join(r.data, []string{"train", "test"}[i%2], fmt.Sprint("class", i/2%2), fmt.Sprint(i, ".png")), &pictures, i)
	}
	d, err := datasets.OpenImages("ImageFolder", r.data, datasets.Images{Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	c := train.Demo()
	c.Device, c.Threads, c.Model, c.Seed = "cpu", 1, model, seed
	job, err := train.OpenWith(c, d)
	if err != nil {
		t.Fatal(err)
	}
	defer job.Close()
	if err := job.Export(bestOf(r.run), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.run, "config.toml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return r
}

// args is a command line that measures.
func (r tinyRun) args(command string, flags ...string) []string {
	return append([]string{command, r.run, "--data", r.data, "--images", "0", "--threads", "1"}, flags...)
}

// filesOf are the contents of the files in a folder, by their names, but the lock.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && filepath.Ext(path) != ".lock" {
			all[e.Name()] = string(read(t, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantFiles fails unless two folders have the same files.
func wantFiles(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s: %s has %d bytes and is another one than the one of %d bytes", what, name, len(got[name]), len(text))
		}
	}
}

// wantPictures fails unless each name is an SVG and a PNG file.
func wantPictures(t *testing.T, files map[string]string, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := png.Decode(strings.NewReader(files[name+".png"])); err != nil || !strings.Contains(files[name+".svg"], "<svg") {
			t.Errorf("%s is not there as PNG and SVG: %v", name, err)
		}
	}
}

// tableOf is a CSV file.
func tableOf(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// A measurement goes on in a run folder that was moved, and not with another
// checkpoint in it.
func TestMeasurementKnowsItsCheckpoint(t *testing.T) {
	r := newTinyRun(t, "lenet", 1)
	mustRun(t, r.args("noise")...)
	before := filesOf(t, filepath.Join(r.run, "noise"))
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(r.run, moved); err != nil {
		t.Fatal(err)
	}
	old := r.run
	r.run = moved
	mustRun(t, r.args("noise")...)
	before["result.json"] = strings.ReplaceAll(before["result.json"], old, moved) // which names the file
	wantFiles(t, "in a folder that was moved", filesOf(t, filepath.Join(r.run, "noise")), before)

	weights := read(t, bestOf(r.run))
	weights[len(weights)/2] ^= 1
	if err := os.WriteFile(bestOf(r.run), weights, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := start(t.Context(), r.args("noise")...); code != exitFolder || !strings.Contains(stderr, "other settings") {
		t.Errorf("with another checkpoint: exit %d: %s", code, stderr)
	}
}

// resultIn is the result.json in a folder.
func resultIn[R any](t *testing.T, folder string) (r R) {
	t.Helper()
	if err := json.Unmarshal(read(t, folder, "result.json"), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// A complaint is a command line, its exit code, and what its one line says.
type complaint struct {
	args []string
	code int
	text string
}

func wantComplaints(t *testing.T, list []complaint) {
	t.Helper()
	for _, c := range list {
		code, stdout, stderr := start(t.Context(), c.args...)
		if code != c.code || !strings.Contains(stderr, c.text) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("lbsam %s: exit %d, %q: want exit %d and one line with %q", strings.Join(c.args, " "), code, stderr, c.code, c.text)
		}
	}
}
