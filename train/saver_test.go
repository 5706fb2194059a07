package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
	"lbsam/train/checkpoint"
)

// mustFolder makes a run folder that the test closes.
func mustFolder(t testing.TB, c Config) *Folder {
	t.Helper()
	folder, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(folder.Close)
	return folder
}

// What is written is what the tensors were when they were copied, whatever
// happens to them while it is written; the memory serves again.
func TestASnapshotStaysAsItWas(t *testing.T) {
	onEvery(t, func(t *testing.T, device string) {
		c := tiny(device, "SGD")
		j := openFew(t, c)
		var s saver
		var first *tensor.Tensor
		for round := range 3 {
			j.Params.Weights.Fill(float64(round))
			want := j.Params.Weights.Floats()
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
			copies := s.state.take(j.entries())
			if first == nil {
				first = copies[0].Tensor
			}
			if copies[0].Tensor != first {
				t.Error("a second snapshot took memory of its own")
			}
			path := filepath.Join(t.TempDir(), "state")
			goOn := make(chan bool)
			s.start(func() error {
				<-goOn
				return checkpoint.SaveState(path, nil, copies)
			})
			j.Params.Weights.Fill(99)
			close(goOn)
			if err := s.wait(); err != nil {
				t.Fatal(err)
			}
			if _, err := checkpoint.LoadState(path, j.entries()); err != nil {
				t.Fatal(err)
			}
			if err := kerneltest.Compare(j.Params.Weights.Floats(), want, 0, 0); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
	})
}

// onEvery calls body with the name of each kind of device.
func onEvery(t *testing.T, body func(t *testing.T, device string)) {
	for _, device := range []string{"cpu", "ref"} {
		t.Run(device, func(t *testing.T) { body(t, device) })
	}
	onPTX(t, body)
}

// An error of a save comes once: from the step that finds it, or from wait.
func TestAnErrorInTheBackgroundComesOnce(t *testing.T) {
	var s saver
	if s.wait() != nil || s.failed() != nil {
		t.Error("an error before the first save")
	}
	bad, goOn := errors.New("bad"), make(chan bool)
	s.start(func() error { <-goOn; return bad })
	if err := s.failed(); err != nil {
		t.Errorf("%v before the save has ended", err)
	}
	close(goOn)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if err := s.failed(); err == bad {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("found %v, want %v", err, bad)
		}
	}
	if s.wait() != nil || s.failed() != nil {
		t.Error("the error came twice")
	}
}

// A run folder that is taken away, or whose disk is full, ends the run with one
// line that names the file.
func TestAFolderThatFails(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, f *Folder){
		"no such file": func(t *testing.T, f *Folder) { os.RemoveAll(f.Path) },
		"no space left": func(t *testing.T, f *Folder) {
			if err := os.Symlink("/dev/full", f.file("metrics.jsonl")); err != nil {
				t.Skip(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := small("mlp", "SGD")
			c.SaveEvery = 1
			folder := mustFolder(t, c)
			spoil(t, folder)
			_, err := mustOpen(t, c).Run(context.Background(), folder, nil)
			if !errors.As(err, new(FolderError)) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), folder.Path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want a FolderError of one line about %s", err, folder.Path)
			}
		})
	}
}

// slow is a watcher that counts steps, which it makes slower than a disk.
type slow struct {
	stopper
	steps int
}

func (s *slow) Step(Progress) {
	if s.steps++; s.steps > 500 {
		time.Sleep(time.Millisecond)
	}
}

// A save that fails in the background ends the run at one of the next steps, not
// at the next save.
func TestASaveThatFailsEndsTheRunSoon(t *testing.T) {
	c := tiny("cpu", "SGD")
	c.Batch, c.SaveEvery, c.LogEvery = 1, 500, 1000
	folder := mustFolder(t, c)
	if err := os.Mkdir(folder.file("state.safetensors"), 0o755); err != nil { // no file can take its place
		t.Fatal(err)
	}
	w := &slow{}
	_, err := mustOpenWith(t, c, shrunk(1010, 6)).Run(context.Background(), folder, w)
	if !errors.As(err, new(FolderError)) || w.steps < 500 || w.steps >= 1000 {
		t.Errorf("%v after %d steps, want a FolderError between the save at step 500 and that at step 1,000", err, w.steps)
	}
}

// asker asks for a save at a step and notes what comes of it.
type asker struct {
	stopper
	at    int
	ask   chan os.Signal
	saved func(Progress)
}

func (a *asker) Step(p Progress) {
	if p.Step == a.at {
		a.ask <- os.Interrupt
	}
}
func (a *asker) Saved(p Progress) { a.saved(p) }

// Whoever asks for a save gets one, behind the step under way.
func TestASaveThatIsAskedFor(t *testing.T) {
	c := small("mlp", "SGD")
	c.Epochs = 1
	folder := mustFolder(t, c)
	var saved []Progress
	var state []byte
	a := &asker{at: 2, ask: make(chan os.Signal, 1), saved: func(p Progress) {
		saved = append(saved, p)
		state, _ = os.ReadFile(folder.state())
	}}
	j := mustOpen(t, c)
	j.SaveNow = a.ask
	if _, err := j.Run(context.Background(), folder, a); err != nil {
		t.Fatal(err)
	}
	if len(saved) != 1 || saved[0].Step != 2 || !bytes.Contains(state, []byte(`\"step\":2,`)) {
		t.Errorf("saved %+v, and the state holds %.300s", saved, state)
	}
}

// A run that was killed between its files is made whole when it is taken up:
// the exports are those of the state, and no row of the metrics is there twice.
func TestAKillBetweenFilesIsRepaired(t *testing.T) {
	for _, recalibrate := range []int{0, 2} {
		c := small("convnet", "SGD")
		c.LR, c.LimitBatches, c.Seed = 0.1, 0, 2
		c.Recalibrate, c.SaveEvery = recalibrate, 8 // at the end of an epoch, too
		folder := mustFolder(t, c)
		if _, err := mustOpen(t, c).Run(context.Background(), folder, nil); err != nil {
			t.Fatal(err)
		}
		want := map[string][]byte{}
		for _, name := range []string{lastFile, bestFile, "metrics.jsonl", "metrics.csv", "epochs.csv"} {
			text, err := os.ReadFile(folder.file(name))
			if err != nil {
				t.Fatal(err)
			}
			want[name] = text
		}
		// The state of epoch 2 is there, the exports are of epoch 1.
		older := c
		older.Epochs = 1
		stale := mustFolder(t, older)
		if _, err := mustOpen(t, older).Run(context.Background(), stale, nil); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{lastFile, bestFile} {
			text, _ := os.ReadFile(stale.file(name))
			os.WriteFile(folder.file(name), text, 0o644)
		}
		os.WriteFile(folder.file(".state.safetensors123"), []byte("cut of"), 0o644)
		folder.Close()
		folder, saved, err := OpenFolder(folder.Path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer folder.Close()
		j := mustOpen(t, saved)
		if err := j.Resume(folder); err != nil {
			t.Fatal(err)
		}
		if j.at.BestEpoch != 2 {
			t.Fatalf("the best epoch is %d: choose settings in which it is 2", j.at.BestEpoch)
		}
		for name, text := range want {
			if got, _ := os.ReadFile(folder.file(name)); !bytes.Equal(got, text) {
				t.Errorf("recalibrate %d: %s differs", recalibrate, name)
			}
		}
		if _, err := os.Stat(folder.file(".state.safetensors123")); err == nil {
			t.Error("an unfinished file is left")
		}
	}
}

// The row of an epoch goes if its state was not saved any more, though a state
// of its last step was.
func TestRewindToTheLastStepOfAnEpoch(t *testing.T) {
	c := small("mlp", "SGD")
	folder := mustFolder(t, c)
	for _, v := range []Interval{{Kind: "interval", Epoch: 1, Step: 2}, {Kind: "interval", Epoch: 1, Step: 3}, {Kind: "interval", Epoch: 2, Step: 5}} {
		if err := folder.interval(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []Epoch{{Kind: "epoch", Epoch: 1, Step: 3}, {Kind: "epoch", Epoch: 2, Step: 6}} {
		if err := folder.epoch(e); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range []struct {
		at           position
		lines, steps int
		epochs       int
	}{
		{position{Epoch: 1, Step: 3}, 3, 3, 2},
		{position{Epoch: 0, Step: 3, Batch: 3}, 2, 3, 1},
		{position{}, 0, 1, 1}, // of a table the header stays
	} {
		if err := folder.rewind(w.at); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]int{"metrics.jsonl": w.lines, "metrics.csv": w.steps, "epochs.csv": w.epochs} {
			text, err := os.ReadFile(folder.file(name))
			if err != nil || bytes.Count(text, []byte("\n")) != want {
				t.Errorf("%+v: %s: %v, want %d lines:\n%s", w.at, name, err, want, text)
			}
		}
	}
}

// A run that was stopped before its first save begins again, with the weights
// that it was to begin with.
func TestResumeBeforeTheFirstSave(t *testing.T) {
	first := mustOpen(t, small("mlp", "SGD"))
	init := filepath.Join(t.TempDir(), "init.safetensors")
	if err := first.Export(init, nil); err != nil {
		t.Fatal(err)
	}
	c := small("mlp", "SGD")
	c.Seed, c.Init = 5, init
	path := mustFolder(t, c)
	path.Close()
	folder, saved, err := OpenFolder(path.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	j := mustOpen(t, saved)
	if err := j.Resume(folder); err != nil {
		t.Fatal(err)
	}
	if err := kerneltest.Compare(everything(j), everything(first), 0, 0); err != nil {
		t.Error(err)
	}
}

// BenchmarkSave is a save of everything that an exact resume of resnet34 needs:
// how long training stands still, and how long it takes until the file is on
// the disk.
func BenchmarkSave(b *testing.B) {
	c := small("resnet34", "LookbehindSAM")
	c.Batch = 1
	j, err := OpenWith(c, data())
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	r := &run{Job: j, folder: mustFolder(b, c)}
	r.prepare()
	var stopped, whole time.Duration
	for b.Loop() {
		start := time.Now()
		if err := r.save(); err != nil {
			b.Fatal(err)
		}
		stopped += time.Since(start)
		if err := r.saver.wait(); err != nil {
			b.Fatal(err)
		}
		whole += time.Since(start)
	}
	b.ReportMetric(float64(stopped.Milliseconds())/float64(b.N), "ms-stopped/op")
	b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "ms-whole/op")
}
