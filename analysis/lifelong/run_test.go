package lifelong

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lbsam/train"
)

func mustRun(t *testing.T, c Config, folder *Folder) Result {
	t.Helper()
	r, err := Run(context.Background(), c, tiny(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustOpen(t *testing.T, path string) *Folder {
	t.Helper()
	f, err := OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// What a memory is for: one head, and tasks that are learnt by heart. (Measured:
// forgetting 0.91 without and 0.53 with replay, accuracy 0.19 and 0.39.)
func TestReplayForgetsLess(t *testing.T) {
	measure := func(method string) Metrics {
		c := config(Split, method)
		c.Train.Model, c.Train.Minimizer, c.Train.Epochs, c.Memory = "mlp", "SGD", 10, 200
		return mustRun(t, c, nil).Mean
	}
	finetune, er := measure(Finetune), measure(ER)
	if !(finetune.Learning > .8 && finetune.Forgetting > .8) {
		t.Errorf("finetune has %+v: want tasks that are learnt and then forgotten", finetune)
	}
	if !(er.Forgetting < finetune.Forgetting-.2) || !(er.Accuracy > finetune.Accuracy+.1) {
		t.Errorf("er has %+v, finetune %+v: want less forgetting, and a better accuracy", er, finetune)
	}
}

// With A-GEM no memory of the first task, but of later ones; one evaluation more for
// each descent.
func TestCosts(t *testing.T) {
	for _, c := range []struct {
		method, minimizer string
		evals, images     int64 // of 4 steps on 10 images per task, 5 tasks
	}{
		{Finetune, "SGD", 20, 200}, {Finetune, "LookbehindSAM", 60, 600},
		{ER, "SAM", 40, 2 * (40*10 - 10)},           // all but the first step have 20 images
		{AGEM, "SGD", 20 + 16, 10 * (20 + 16)},      // a reference from the second task on
		{AGEM, "LookbehindSAM", 60 + 32, 10 * (92)}, // k is 2: two descents
	} {
		m := config(Split, c.method)
		m.Train.Minimizer, m.Heads = c.minimizer, Multi
		r := mustRun(t, m, nil)
		if got := r.Seeds[0]; got.Evals != c.evals || got.Images != c.images {
			t.Errorf("%s with %s: %d evaluations of %d images, want %d of %d", c.method, c.minimizer, got.Evals, got.Images, c.evals, c.images)
		}
	}
}

// The batches of the job hold those of every step.
func TestJobHoldsEveryBatch(t *testing.T) {
	for method, want := range map[string]int{Finetune: 130, ER: 330, AGEM: 200} {
		c := config(Split, method)
		c.Train.Batch, c.MemoryBatch = 130, 200
		if got := c.job(7); got.Batch != want || got.Seed != 7 {
			t.Errorf("%s: batches of %d with seed %d, want %d with 7", method, got.Batch, got.Seed, want)
		}
	}
}

// stopper ends a measurement in the middle of a task.
type stopper struct {
	seed   uint64
	task   int
	cancel func()
}

func (s *stopper) Step(p Progress) {
	if p.Seed == s.seed && p.Task == s.task && p.Step == 2 {
		s.cancel()
	}
}

func (s *stopper) Task(Progress, Point) {}

// points is the journal without what depends on the clock.
func points(t *testing.T, f *Folder) (all []Point) {
	t.Helper()
	text, err := os.ReadFile(f.file(pointsFile))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var p Point
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		p.Seconds = 0
		if p.Kind == "task" {
			all = append(all, p)
		}
	}
	return all
}

// Interrupted in the middle of a task, and killed between any two writes, a
// measurement ends with the numbers of one that was not, and with the same state, bit
// for bit: weights, what the minimizer remembers, and the memory.
func TestResumeIsExact(t *testing.T) {
	c := config(Rotated, ER)
	c.Tasks, c.Seeds, c.Train.Minimizer, c.Train.Momentum, c.Train.LimitBatches = 3, []uint64{3, 1}, "LookaheadSAM", .5, 4
	whole := mustOpen(t, t.TempDir()+"/whole")
	mustRun(t, c, whole)
	want, state := points(t, whole), read(t, whole.file(stateFile))
	for name, damage := range map[string]func(f *Folder, lines []string){
		"interrupted":   func(*Folder, []string) {},
		"half a line":   func(f *Folder, lines []string) { write(t, f, strings.Join(lines, "")+`{"kind":"ta`) },
		"no last state": func(f *Folder, lines []string) { os.Remove(f.file(stateFile)) },
		"a point too many": func(f *Folder, lines []string) { // of a task whose state was not written
			p, _ := json.Marshal(want[len(lines)-1])
			write(t, f, strings.Join(lines, "")+string(p)+"\n")
		},
		"no points": func(f *Folder, lines []string) { write(t, f, lines[0]) },
	} {
		path := t.TempDir() + "/run"
		f := mustOpen(t, path)
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Run(ctx, c, tiny(), f, &stopper{seed: 1, task: 2, cancel: cancel})
		if _, ok := errors.AsType[train.Interrupted](err); !ok {
			t.Fatalf("%s: %v, want Interrupted", name, err)
		}
		f.Close()
		lines := slices.Collect(strings.Lines(string(read(t, f.file(pointsFile)))))
		if len(lines) != 1+4+2 {
			t.Fatalf("%s: %d lines behind the first task of the second seed, want the settings and 6 points", name, len(lines))
		}
		damage(f, lines)
		f = mustOpen(t, path)
		mustRun(t, c, f)
		got, _ := json.Marshal(points(t, f))
		if w, _ := json.Marshal(want); string(got) != string(w) {
			t.Errorf("%s: the points are\n%s\nwant\n%s", name, got, w)
		}
		if !slices.Equal(read(t, f.file(stateFile)), state) {
			t.Errorf("%s: the state at the end is another one", name)
		}
		f.Close()
	}
	again := mustOpen(t, whole.Path+"2") // and the folder of an ended one only says its result
	again.Close()
	whole.Close()
	ended := mustOpen(t, whole.Path)
	os.Remove(ended.file(stateFile))
	if r := mustRun(t, c, ended); len(r.Seeds) != 2 || len(r.Matrix) != 3 {
		t.Errorf("an ended measurement gives %+v", r)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, f *Folder, text string) {
	t.Helper()
	if err := os.WriteFile(f.file(pointsFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The files of a folder, and what they hold.
func TestFolder(t *testing.T) {
	path := t.TempDir()
	c := config(Split, AGEM)
	c.Train.LimitBatches, c.Seeds, c.Learn = 2, []uint64{0, 4}, 3
	f := mustOpen(t, path)
	r := mustRun(t, c, f)
	var kept Result
	if err := json.Unmarshal(read(t, f.file(resultFile)), &kept); err != nil {
		t.Fatal(err)
	}
	if kept.Kind != "lifelong" || kept.Mean != r.Mean || *kept.SD != *r.SD || len(kept.Matrix) != 3 || kept.Settings["method"] != AGEM {
		t.Errorf("result.json is %+v", kept)
	}
	if rows := strings.Count(string(read(t, f.file("lifelong.csv"))), "\n"); rows != 1+2*4*3 {
		t.Errorf("lifelong.csv has %d rows, want a head and 24", rows)
	}
	for _, name := range []string{"lifelong.svg", "curve.svg"} {
		if text := string(read(t, f.file(name))); !strings.Contains(text, "<svg") || strings.Contains(text, "NaN") {
			t.Errorf("%s: %.80s", name, text)
		}
	}
	for _, name := range []string{"lifelong.png", "curve.png"} {
		if _, err := png.Decode(bytes.NewReader(read(t, f.file(name)))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenFolder(path); !folderError(err, "in use by another process") {
		t.Errorf("a second process gets %v", err)
	}
	f.Close()
	c.Train.LR, c.Memory = .1, 31
	other := mustOpen(t, path)
	if _, err := Run(context.Background(), c, tiny(), other, nil); !folderError(err, "lr is 0.05 there and 0.1 here, memory is 30 there and 31 here") {
		t.Errorf("other settings give %v", err)
	}
	other.Close()
	if err := os.WriteFile(filepath.Join(path, pointsFile), []byte("{}\n{\"kind\":\"task\",\"accu\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	strange := t.TempDir()
	os.WriteFile(filepath.Join(strange, "thesis.tex"), nil, 0o644)
	if _, err := OpenFolder(strange); !folderError(err, "is not empty") {
		t.Errorf("a folder with other files gives %v", err)
	}
}

func folderError(err error, text string) bool {
	_, ok := errors.AsType[train.FolderError](err)
	return ok && strings.Contains(err.Error(), text)
}

// A point that is damaged is found, not measured around.
func TestDamagedPoints(t *testing.T) {
	c := config(Split, Finetune)
	c.Train.LimitBatches, c.Learn = 1, 2
	f := mustOpen(t, t.TempDir())
	mustRun(t, c, f)
	f.Close()
	lines := slices.Collect(strings.Lines(string(read(t, f.file(pointsFile)))))
	for name, text := range map[string]string{
		"no JSON":             lines[0] + "{\"kind\n" + lines[2],
		"a point is missing":  lines[0] + lines[2],
		"a point comes twice": lines[0] + lines[1] + lines[1],
	} {
		g := mustOpen(t, f.Path)
		write(t, g, text)
		if _, err := Run(context.Background(), c, tiny(), g, nil); !folderError(err, "is damaged") {
			t.Errorf("%s: %v", name, err)
		}
		g.Close()
	}
}

func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		text   string
		change func(*Config)
	}{
		{`unknown method "replay": want one of finetune, er, agem`, func(c *Config) { c.Method = "replay" }},
		{`unknown method "agen" (did you mean agem?)`, func(c *Config) { c.Method = "agen" }},
		{`unknown stream "permute" (did you mean permuted?)`, func(c *Config) { c.Stream = "permute" }},
		{`11 tasks of classes of their own need as many classes, and Synthetic has 10: choose --tasks up to 10, or --stream permuted or rotated`, func(c *Config) { c.Tasks = 11 }},
		{`--method er needs a memory: give --memory or --memory-per-class, or --method finetune`, func(c *Config) { c.Memory = 0 }},
		{`--memory-batch is 0, and --method agem draws`, func(c *Config) { c.Method, c.MemoryBatch = "A-GEM", 0 }},
		{`--memory is -1: want a number from 0`, func(c *Config) { c.Memory = -1 }},
		{`--tasks is 1: want 2 or more`, func(c *Config) { c.Tasks = 1 }},
		{`--tasks is 4: the 10 classes of Synthetic cannot be divided evenly among so many tasks`, func(c *Config) { c.Tasks = 4 }},
		{`--learn is 6: want a number from 2 to that of the tasks, 5`, func(c *Config) { c.Learn = 6 }},
		{`26 tasks of 10 classes with a head each have 260 classes: want 256 at most`, func(c *Config) { c.Stream, c.Tasks, c.Heads = Rotated, 26, Multi }},
		{`--seeds has 3 twice`, func(c *Config) { c.Seeds = []uint64{3, 4, 3} }},
		{`--seeds is empty`, func(c *Config) { c.Seeds = nil }},
		{`--seeds has 18446744073709551615: want numbers below 2^63`, func(c *Config) { c.Seeds = []uint64{1<<64 - 1} }},
		{`--label-smoothing spreads labels over classes that --heads multi masks`, func(c *Config) { c.Heads, c.Train.Smoothing = Multi, .1 }},
		{`--augment crops and mirrors pictures`, func(c *Config) { c.Stream, c.Train.Augment = Permuted, true }},
		{`--new-batches, --sam-m and --accumulate do not go with lifelong`, func(c *Config) { c.Train.NewBatches = true }},
		{`a schedule of the learning rate`, func(c *Config) { c.Train.Schedule = "cosine" }},
		{`--val-split, --ema`, func(c *Config) { c.Train.EMA = .9 }},
		{`--rho is -1`, func(c *Config) { c.Train.Rho = -1 }},
	} {
		config := config(Split, ER)
		c.change(&config)
		_, err := Run(context.Background(), config, tiny(), nil, nil)
		if _, ok := errors.AsType[train.UsageError](err); !ok || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v, want a UsageError: %s", err, c.text)
		}
	}
}

// A training that diverges says where, and a memory of a class each is of all classes.
func TestDivergence(t *testing.T) {
	c := config(Split, ER)
	c.Train.Minimizer, c.Train.LR, c.Memory, c.PerClass = "SGD", 1e18, 0, 1
	_, err := Run(context.Background(), c, tiny(), nil, nil)
	if _, ok := errors.AsType[train.Diverged](err); !ok || !strings.Contains(err.Error(), "seed 0, task 1") {
		t.Errorf("%v, want Diverged with seed and task", err)
	}
	if c = completed(t, c, tiny()); c.Memory != 10 {
		t.Errorf("a memory of one sample per class has %d, want 10", c.Memory)
	}
}
