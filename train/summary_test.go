package train

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// A run passes through the states that a summary tells.
func TestSummarize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	if s := Summarize(path); s.Status != StatusBroken || s.Problem != "there is no config.toml" {
		t.Errorf("of no folder: %+v", s)
	}
	c := small("convnet", "SGD")
	folder, err := CreateFolder(path, c, []string{"lbsam", "train"})
	if err != nil {
		t.Fatal(err)
	}
	want := func(when string, status Status, epochs int, state bool) {
		t.Helper()
		s := Summarize(path)
		if s.Status != status || len(s.Epochs) != epochs || s.State != state || s.Problem != "" || s.Config.Model != "convnet" || s.Started.IsZero() {
			t.Errorf("%s: %+v, want %s, %d epochs, state %v", when, s, status, epochs, state)
		}
	}
	want("begun", StatusRunning, 0, false)
	ctx, cancel := context.WithCancel(context.Background())
	mustOpen(t, c).Run(ctx, folder, &stopper{left: 4, cancel: cancel})
	want("stopped, but held", StatusRunning, 1, true)
	folder.Close()
	want("stopped", StatusInterrupted, 1, true)

	folder, _, err = OpenFolder(path, []string{"lbsam", "train", "--resume", path})
	if err != nil {
		t.Fatal(err)
	}
	folder.Close()
	want("killed", StatusInterrupted, 1, true) // the last line is a command
	if folder, _, err = OpenFolder(path, nil); err != nil {
		t.Fatal(err)
	}
	j := mustOpen(t, c)
	if err := j.Resume(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Run(context.Background(), folder, nil); err != nil {
		t.Fatal(err)
	}
	folder.Close()
	want("ended", StatusDone, 2, true)
	s := Summarize(path)
	if last := s.Last(); last.Epoch != 2 || last.Test.Images == 0 || s.Seconds() != s.Epochs[0].Seconds+s.Epochs[1].Seconds {
		t.Errorf("%+v", s)
	}
}

func TestSummarizeSaysHowARunFailed(t *testing.T) {
	c := small("convnet", "SGD")
	c.LR, c.LimitBatches, c.LogEvery = 1e30, 8, 1
	path := filepath.Join(t.TempDir(), "run")
	folder, err := CreateFolder(path, c, []string{"lbsam"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mustOpen(t, c).Run(context.Background(), folder, nil); err == nil {
		t.Fatal("a run did not diverge")
	}
	folder.Close()
	if s := Summarize(path); s.Status != StatusDiverged || s.Problem != "" {
		t.Errorf("%+v", s)
	}
	folder.remark("train: the disk is full")
	if s := Summarize(path); s.Status != StatusFailed || s.Problem != "the disk is full" {
		t.Errorf("%+v", s)
	}
}

// Whatever lies in a folder, a summary says so and goes on.
func TestSummarizeDamagedFolders(t *testing.T) {
	const good = `{"kind":"interval","step":1}` + "\n" + `{"kind":"epoch","epoch":1}` + "\n"
	for _, c := range []struct {
		config, metrics string
		status          Status
		problem         string
		epochs          int
	}{
		{"lr = ", "", StatusBroken, "config.toml: toml: ", 0},
		{"lr = 'x'", "", StatusBroken, "config.toml: toml: ", 0},
		{"", good, StatusInterrupted, "", 1},
		{"", good + `{"kind":"epo`, StatusInterrupted, "", 1},
		{"", "garbage\n" + good, StatusInterrupted, "metrics.jsonl: line 1 is damaged", 1},
		{"", good + "\n" + good, StatusInterrupted, "metrics.jsonl: line 3 is damaged", 2},
		{"", good + strings.Repeat("x", 1<<24) + "\n", StatusInterrupted, "metrics.jsonl: bufio.Scanner: token too long", 1},
	} {
		path := t.TempDir()
		for name, text := range map[string]string{"config.toml": c.config, "metrics.jsonl": c.metrics, "env.json": "{"} {
			if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		s := Summarize(path)
		if s.Status != c.status || !strings.Contains(s.Problem, c.problem) || (s.Problem == "") != (c.problem == "") || len(s.Epochs) != c.epochs || strings.Contains(s.Problem, "\n") || s.Started.IsZero() {
			t.Errorf("%.40q, %.40q: %+v, want %s, %q", c.config, c.metrics, s, c.status, c.problem)
		}
		if entries, _ := os.ReadDir(path); len(entries) != 3 {
			t.Errorf("a summary left files behind: %v", entries)
		}
	}
}

// Who looks whether a folder is in use takes it from nobody, and keeps nobody
// from opening it.
func TestSummarizeDoesNotDisturb(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	folder, err := CreateFolder(path, small("convnet", "SGD"), nil)
	if err != nil {
		t.Fatal(err)
	}
	Summarize(path)
	if f, err := open(path); err == nil {
		t.Error("two processes have the folder")
		f.Close()
	}
	folder.Close()
	look := flock.New(filepath.Join(path, lockName), flock.SetFlag(os.O_RDONLY))
	if ok, err := look.TryRLock(); !ok {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { look.Unlock() })
	f, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}
