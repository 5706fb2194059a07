package study

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"lbsam/train"
)

// TestMain lets tests run a fake of the program that trains.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "fake" {
		os.Exit(fake(os.Args[2], os.Args[3], os.Args[4] == "resume"))
	}
	os.Exit(m.Run())
}

// fake fills a run folder as training does, without training. The learning rate
// says what becomes of it: 0.5 waits to be stopped, 0.6 diverges, 0.7 fails before
// it has a folder, 0.8 is killed; after a resume all is well, but for 0.6.
func fake(folder, settings string, resume bool) int {
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt, syscall.SIGTERM)
	c := train.Published()
	from := settings
	if resume {
		from = filepath.Join(folder, "config.toml")
	}
	text, err := os.ReadFile(from)
	if err == nil {
		err = toml.Unmarshal(text, &c)
	}
	if err != nil || c.LR == 0.7 {
		fmt.Fprintf(os.Stderr, "lbsam: there are no data: %v\n", err)
		return 3
	}
	if !resume {
		f, err := train.CreateFolder(folder, c, []string{"fake"})
		if err != nil {
			fmt.Fprintln(os.Stderr, "lbsam:", err)
			return 7
		}
		f.Close()
	}
	left := func(name, text string) {
		file, err := os.OpenFile(filepath.Join(folder, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			panic(err)
		}
		fmt.Fprint(file, text)
		file.Close()
	}
	switch {
	case c.LR == 0.5 && !resume:
		left("metrics.jsonl", `{"kind":"interval","evals":30,"step":10}`+"\n")
		left("waits", "")
		<-stopped
		left("command", "# train: interrupted after step 10\n")
		return 143
	case c.LR == 0.6:
		left("command", "# train: the loss is NaN at step 3\n")
		return 5
	case c.LR == 0.8 && !resume:
		self, _ := os.FindProcess(os.Getpid())
		self.Kill()
		select {}
	}
	steps := c.Cost(1000).Steps
	e := train.Epoch{Kind: "epoch", Epoch: c.Epochs, Step: steps, Evals: int64(c.Cost(1000).Evals()), Seconds: 2, SelectedOn: "validation", BestEpoch: 1}
	e.Test = train.Score{Accuracy: 0.8 + 0.01*float64(c.Seed), Images: 10}
	e.Validation = &train.Score{Accuracy: 0.9 - c.LR, Images: 10}
	line, _ := json.Marshal(e)
	left("metrics.jsonl", fmt.Sprintf(`{"kind":"interval","step":%d,"evals":%d,"alpha_mean":%v}`+"\n%s\n", steps, e.Evals, 0.5+0.1*float64(c.Seed), line))
	left("DONE", "{}\n")
	return 0
}

// A trace is a Watcher that keeps what it hears.
type trace struct {
	started []string // names, "again" behind those that went on
	threads []int
	ended   map[string]train.Summary
	do      func(p Progress)
}

func (w *trace) Started(k Work) {
	name := k.Run.Name
	if k.Resume {
		name += " again"
	}
	w.started, w.threads = append(w.started, name), append(w.threads, k.Threads)
}

func (w *trace) Ended(r *Run, s train.Summary, _ time.Duration) {
	if w.ended == nil {
		w.ended = map[string]train.Summary{}
	}
	w.ended[r.Name] = s
}

func (w *trace) Progress(p Progress) {
	if w.do != nil {
		w.do(p)
	}
}

// sweepOf is a sweep of a description, with fake workers.
func sweepOf(t *testing.T, folder, text string) (*Sweep, *trace) {
	t.Helper()
	f, runs := mustPlan(t, text)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &trace{}
	return &Sweep{
		Folder: folder, File: f, Runs: runs, Jobs: 2, Cores: 5, Watch: w, Every: 5 * time.Millisecond,
		Worker: func(w Work) *exec.Cmd {
			how := "new"
			if w.Resume {
				how = "resume"
			}
			return exec.Command(program, "fake", w.Folder, w.Settings, how)
		},
	}, w
}

func mustSweep(t *testing.T, s *Sweep) Outcome {
	t.Helper()
	o, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// statuses are those of the runs of a table: "done done waiting".
func statuses(t Table) string {
	var words []string
	for _, r := range t.Runs {
		words = append(words, string(r.Status))
	}
	return strings.Join(words, " ")
}

// described is a sweep of one arm over learning rates.
func described(seeds string, rates ...float64) string {
	list, _ := json.Marshal(rates)
	return "seeds = " + seeds + "\nbudget = 99\n[[arms]]\nname = \"a\"\nminimizer = \"LookbehindSAM\"\ngrid = { lr = " + string(list) + " }\n"
}

func TestSweepSkipsWhatIsDone(t *testing.T) {
	dir := t.TempDir()
	s, w := sweepOf(t, dir, described("[0, 1]", 0.1, 0.2))
	o := mustSweep(t, s)
	if got := statuses(o.Table); got != "done done done done" || len(w.started) != 4 {
		t.Errorf("%s, started %v", got, w.started)
	}
	if w.threads[0] != 2 || w.threads[1] != 3 {
		t.Errorf("threads %v: want 5 divided among two", w.threads)
	}
	if r := o.Table.Runs[3]; r.Name != "a,lr=0.2,seed=1" || r.Steps != 33 || r.Evals != 99 || r.Counted != 99 || r.Test.Accuracy != 0.81 || r.Validation.Accuracy != 0.7 || r.Seconds != 2 {
		t.Errorf("%+v", r)
	}
	// The same again does nothing; more seeds and arms are added.
	s, w = sweepOf(t, dir, described("[0, 1, 2]", 0.1, 0.2)+"[[arms]]\nname = \"b\"\nminimizer = \"SGD\"\n")
	o = mustSweep(t, s)
	if want := []string{"b,seed=0", "b,seed=1", "a,lr=0.1,seed=2", "a,lr=0.2,seed=2", "b,seed=2"}; !slices.Equal(w.started, want) {
		t.Errorf("started %v, want %v", w.started, want)
	}
	back, err := ReadTable(dir)
	if err != nil || statuses(back) != statuses(o.Table) || len(back.Runs) != 9 || back.Runs[1].Grid["lr"] != 0.2 {
		t.Errorf("%v: %+v", err, back)
	}
	sheet, _ := os.ReadFile(filepath.Join(dir, "sweep.csv"))
	if !strings.HasPrefix(string(sheet), "name,arm,lr,seed,status,") || !strings.Contains(string(sheet), "\n\"a,lr=0.2,seed=1\",a,0.2,1,done,33,99,99,0.81,0,0.7,0,2.0\n") {
		t.Errorf("%s", sheet)
	}
}

func TestSweepIsStoppedAndGoesOn(t *testing.T) {
	dir := t.TempDir()
	s, w := sweepOf(t, dir, described("[0]", 0.1, 0.5, 0.2))
	s.Jobs = 1
	ctx, cancel := context.WithCancel(t.Context())
	var seen Progress
	waits := false // before p was looked up
	w.do = func(p Progress) {
		if waits {
			seen = p
			cancel()
		}
		_, err := os.Stat(filepath.Join(dir, "a,lr=0.5,seed=0", "waits"))
		waits = err == nil
	}
	o, err := s.Run(ctx)
	if err != nil || statuses(o.Table) != "done interrupted waiting" {
		t.Fatalf("%v: %s", err, statuses(o.Table))
	}
	if seen.Runs != 3 || seen.Over != 1 || seen.Running != 1 || seen.Evals != 99+30 || seen.Total != 297 || seen.Left <= 0 {
		t.Errorf("%+v", seen)
	}
	s, w = sweepOf(t, dir, described("[0]", 0.1, 0.5, 0.2))
	o = mustSweep(t, s)
	if want := []string{"a,lr=0.5,seed=0 again", "a,lr=0.2,seed=0"}; statuses(o.Table) != "done done done" || !slices.Equal(w.started, want) {
		t.Errorf("%s, started %v, want %v", statuses(o.Table), w.started, want)
	}
}

func TestSweepRecordsWhatFails(t *testing.T) {
	dir := t.TempDir()
	text := described("[0]", 0.6, 0.7, 0.8, 0.1) + "[[arms]]\nname = \"m\"\nmatched = \"a\"\n"
	s, w := sweepOf(t, dir, text)
	o := mustSweep(t, s)
	if got := statuses(o.Table); got != "diverged failed interrupted done blocked blocked blocked done" {
		t.Error(got)
	}
	if p := o.Table.Runs[1].Problem; p != "there are no data: <nil>" {
		t.Errorf("problem %q", p)
	}
	if p := w.ended["a,lr=0.8,seed=0"]; p.Status != train.StatusFailed || !strings.Contains(p.Problem, "signal: killed: see ") {
		t.Errorf("%+v", p)
	}
	// What diverged stays; what never began, and what was killed, is tried again.
	s, w = sweepOf(t, dir, text)
	if o = mustSweep(t, s); statuses(o.Table) != "diverged failed done done blocked blocked done done" {
		t.Error(statuses(o.Table))
	}
	if slices.Contains(w.started, "a,lr=0.6,seed=0 again") {
		t.Errorf("started %v", w.started)
	}
	s, w = sweepOf(t, dir, text)
	s.Retry = true
	mustSweep(t, s)
	if want := []string{"a,lr=0.6,seed=0 again", "a,lr=0.7,seed=0"}; !slices.Equal(w.started, want) {
		t.Errorf("with Retry started %v, want %v", w.started, want)
	}
}

func TestChangedSettingsAreAnError(t *testing.T) {
	dir := t.TempDir()
	s, _ := sweepOf(t, dir, described("[0]", 0.1))
	mustSweep(t, s)
	s, w := sweepOf(t, dir, strings.Replace(described("[0]", 0.1), "99", "66", 1))
	_, err := s.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "and 2 more: choose another --out") {
		t.Error(err)
	}
	if err == nil || !strings.Contains(err.Error(), "a,lr=0.1,seed=0 was trained with other settings than those of sweep.toml: epochs 2, not 1, milestones ") || len(w.started) > 0 {
		t.Errorf("%v, started %v", err, w.started)
	}
	// Where the data lie is no such setting.
	s, _ = sweepOf(t, dir, described("[0]", 0.1)+"[common]\ndata = \"elsewhere\"\n")
	mustSweep(t, s)
}

func TestMatchedRunsWaitForTheirAlpha(t *testing.T) {
	dir := t.TempDir()
	text := func(seeds string) string {
		return described(seeds, 0.1, 0.2) + "[[arms]]\nname = \"m\"\nmatched = \"a\"\n"
	}
	s, w := sweepOf(t, dir, text("[0, 2]"))
	mustSweep(t, s)
	if last := slices.Index(w.started, "m,lr=0.1,seed=0"); last < slices.Index(w.started, "a,lr=0.1,seed=2") {
		t.Errorf("started %v", w.started)
	}
	lr := func(name string) float64 {
		c, err := train.ReadConfig(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return c.LR
	}
	want := 0.6 * 2 * 0.1 * 0.19 / 0.1 // the mean of alphas .5 and .7, measured
	for _, name := range []string{"m,lr=0.1,seed=0", "m,lr=0.1,seed=2"} {
		if got := lr(name); !(got > want-1e-12 && got < want+1e-12) {
			t.Errorf("%s: lr %v, want %v", name, got, want)
		}
	}
	// The alpha stays when a seed is added.
	s, _ = sweepOf(t, dir, text("[0, 2, 4]"))
	if o := mustSweep(t, s); strings.Contains(statuses(o.Table), "blocked") || lr("m,lr=0.1,seed=4") != lr("m,lr=0.1,seed=0") {
		t.Errorf("%s: lr %v", statuses(o.Table), lr("m,lr=0.1,seed=4"))
	}
}

func TestTwoSweepsOnOneFolderRefuse(t *testing.T) {
	dir := t.TempDir()
	s, w := sweepOf(t, dir, described("[0]", 0.5))
	ctx, cancel := context.WithCancel(t.Context())
	w.do = func(Progress) {
		for _, shard := range []Shard{{}, {1, 2}} {
			other, _ := sweepOf(t, dir, described("[0]", 0.5))
			other.Shard = shard
			if _, err := other.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "is in use by another sweep: wait for it") {
				t.Errorf("%v: %v", shard, err)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "a,lr=0.5,seed=0", "waits")); err == nil {
			cancel()
		}
	}
	s.Run(ctx)
}

func TestShardsShareAFolder(t *testing.T) {
	dir := t.TempDir()
	for i, want := range [][]string{{"a,lr=0.1,seed=0", "a,lr=0.1,seed=1"}, {"a,lr=0.2,seed=0", "a,lr=0.2,seed=1"}} {
		s, w := sweepOf(t, dir, described("[0, 1]", 0.1, 0.2))
		s.Shard = Shard{i + 1, 2}
		mustSweep(t, s)
		if !slices.Equal(w.started, want) {
			t.Errorf("shard %d started %v, want %v", i+1, w.started, want)
		}
	}
	if table, err := ReadTable(dir); err != nil || statuses(table) != "done done done done" {
		t.Errorf("%v: %s", err, statuses(table))
	}
	for _, bad := range []string{"", "1", "0/2", "3/2", "x/y", "1/2/3"} {
		if _, err := ParseShard(bad); err == nil {
			t.Errorf("%q is a shard", bad)
		}
	}
}

// Each arm of a tuned sweep takes its best point, its matched arm too.
func TestTunedArmsTakeTheirBestPoint(t *testing.T) {
	dir := t.TempDir()
	s, _ := sweepOf(t, dir, described("[0, 1]", 0.2, 0.1, 0.6))
	mustSweep(t, s)
	text := "seeds = [5]\nbudget = 99\ntuned = \"" + dir + "\"\n[[arms]]\nname = \"a\"\nminimizer = \"LookbehindSAM\"\nalpha = 0.5\nadaptive = false\n[[arms]]\nname = \"m\"\nmatched = \"a\"\n"
	_, runs := mustPlan(t, text)
	if runs[0].Name != "a,seed=5" || runs[0].Config.LR != 0.1 || runs[0].Grid["lr"] != 0.1 { // the fake's accuracy falls with lr; 0.6 diverged
		t.Errorf("%+v", runs[0])
	}
	if want := 0.5 * 2 * 0.1 * 0.19 / 0.1; !(runs[1].Config.LR > want-1e-12 && runs[1].Config.LR < want+1e-12) {
		t.Errorf("matched: lr %v, want %v", runs[1].Config.LR, want)
	}
	for change, want := range map[[2]string]string{
		{"name = \"a\"", "name = \"aa\""}: `arm "aa" (did you mean a?) is not in the sweep`,
	} {
		f, err := parse("x.toml", []byte(strings.ReplaceAll(strings.Replace(text, change[0], change[1], 1), `matched = "a"`, `matched = "aa"`)))
		if err == nil {
			_, err = planner.Plan(f)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "sweep.json"), []byte(`{"kind":"swe`), 0o644); err != nil {
		t.Fatal(err)
	}
	f, _ := parse("x.toml", []byte(text))
	if _, err := planner.Plan(f); err == nil || !strings.Contains(err.Error(), "sweep.json: unexpected end of JSON input: lbsam sweep writes it anew") {
		t.Errorf("of half a table: %v", err)
	}
}

// A sweep leaves the folder of a run alone.
func TestSweepRefusesTheFolderOfARun(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s, _ := sweepOf(t, dir, described("[0]", 0.1))
	if _, err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), dir+" is the folder of a run: choose another --out") {
		t.Error(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("there are %v", files)
	}
}
