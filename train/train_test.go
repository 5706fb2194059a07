package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lbsam/datasets"
	"lbsam/kernels/kerneltest"
)

// small is a run of a few batches on the synthetic set.
func small(model, minimizer string) Config {
	c := Published()
	c.Dataset, c.Model, c.Minimizer = "Synthetic", model, minimizer
	c.LR, c.Rho, c.Batch, c.Epochs, c.LimitBatches, c.LogEvery = 0.02, 0.05, 16, 2, 3, 2
	c.Device, c.Threads = "cpu", 2
	return c
}

// data is enough images for every test.
var data = sync.OnceValue(func() *datasets.Dataset { return datasets.Synthetic(1, 120, 40) })

func mustOpen(t *testing.T, c Config) *Job {
	t.Helper()
	return mustOpenWith(t, c, data())
}

func mustOpenWith(t *testing.T, c Config, data *datasets.Dataset) *Job {
	t.Helper()
	j, err := OpenWith(c, data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Close)
	return j
}

// everything is all the numbers that a run leaves behind.
func everything(j *Job) (numbers []float64) {
	numbers = j.Params.Weights.Floats()
	for _, s := range append(j.method.State(), j.ema.State()...) {
		if s.Value.Data.Dtype() == j.Device.Precision() {
			numbers = append(numbers, s.Value.Floats()...)
		}
	}
	for _, b := range j.Model.Buffers() {
		if b.Value.Data.Dtype() == j.Device.Precision() {
			numbers = append(numbers, b.Value.Floats()...)
		}
	}
	return numbers
}

func mustRun(t *testing.T, j *Job) Result {
	t.Helper()
	r, err := j.Run(context.Background(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// With reuse the weights, the momentum and BatchNorm's statistics are the same
// bit for bit as with the published 2k evaluations; the counter shows k+1.
func TestReuseIsExact(t *testing.T) {
	for _, k := range []int{2, 3} {
		for _, minimizer := range []string{"LookbehindSAM", "LookbehindASAM"} {
			run := func(reuse bool) (*Job, []float64) {
				c := small("convnet", minimizer)
				c.K, c.Reuse = k, reuse
				j := mustOpen(t, c)
				mustRun(t, j)
				return j, everything(j)
			}
			with, got := run(true)
			without, want := run(false)
			if err := kerneltest.Compare(got, want, 0, 0); err != nil {
				t.Errorf("%s, k %d: %v", minimizer, k, err)
			}
			if steps := int64(6); with.at.Evals != steps*int64(k+1) || without.at.Evals != steps*int64(2*k) {
				t.Errorf("%s, k %d: %d and %d evaluations in %d steps", minimizer, k, with.at.Evals, without.at.Evals, steps)
			}
		}
	}
}

// stopper interrupts a run after some steps.
type stopper struct {
	left   int
	cancel func()
	epochs []Epoch
}

func (s *stopper) Step(Progress) {
	if s.left--; s.left == 0 {
		s.cancel()
	}
}
func (s *stopper) Interval(Interval) {}
func (s *stopper) Epoch(e Epoch)     { s.epochs = append(s.epochs, e) }

func TestResumeIsExact(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"lookbehind":    func(c *Config) {},
		"lookahead":     func(c *Config) { c.Minimizer, c.LookaheadK, c.Pull = "LookaheadSAM", 2, "interpolate" },
		"adamw":         func(c *Config) { c.Minimizer, c.Optimizer = "SGD", "adamw" },
		"new batches":   func(c *Config) { c.NewBatches, c.LimitBatches = true, 6 },
		"m-sharpness":   func(c *Config) { c.SAMMicro = 8 },
		"recalibration": func(c *Config) { c.BNStats, c.Recalibrate = "none", 2 },
		"validation":    func(c *Config) { c.ValSplit = 0.1 },
		"mixed":         func(c *Config) { c.Mixup, c.Cutmix, c.Cutout, c.Accumulate = 0.2, 1, 8, 3 },
		"budget":        func(c *Config) { c.MaxEvals = 5 * (c.K + 1) }, // spent when the last stop comes, in the evaluation
		"average":       func(c *Config) { c.EMA, c.BNStats, c.Recalibrate = 0.9, "first", 2 },
	} {
		t.Run(name, func(t *testing.T) {
			c := small("convnet", "LookbehindSAM")
			change(&c)
			whole := mustOpen(t, c)
			last := mustRun(t, whole)

			for stop := 1; stop <= 5; stop += 2 {
				path := filepath.Join(t.TempDir(), "run")
				folder, err := CreateFolder(path, c, []string{"test"})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(context.Background())
				_, err = mustOpen(t, c).Run(ctx, folder, &stopper{left: stop, cancel: cancel})
				folder.Close()
				if !errors.As(err, new(Interrupted)) {
					t.Fatalf("stop after %d: %v, want Interrupted", stop, err)
				}

				folder, saved, err := OpenFolder(path, []string{"test"})
				if err != nil {
					t.Fatal(err)
				}
				again := mustOpen(t, saved)
				if err := again.Resume(folder); err != nil {
					t.Fatal(err)
				}
				result, err := again.Run(context.Background(), folder, nil)
				folder.Close()
				if err != nil {
					t.Fatal(err)
				}
				if err := kerneltest.Compare(everything(again), everything(whole), 0, 0); err != nil {
					t.Errorf("stop after %d: %v", stop, err)
				}
				got, want := result.Last, last.Last
				if got.Test != want.Test || got.Best != want.Best || math.Abs(got.TrainLoss-want.TrainLoss) > 1e-12 || got.TrainAccuracy != want.TrainAccuracy {
					t.Errorf("stop after %d ends with %+v, want %+v", stop, got, want)
				}
			}
		})
	}
}

// A run that ended between its last state and its DONE file ends again with
// the same result.
func TestResumeAfterTheEnd(t *testing.T) {
	c := small("mlp", "SAM")
	folder, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	want, err := mustOpen(t, c).Run(context.Background(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, c)
	if err := again.Resume(folder); err != nil {
		t.Fatal(err)
	}
	want.Last.Seconds = 0
	if got, err := again.Run(context.Background(), folder, nil); err != nil || got.Last != want.Last {
		t.Errorf("%+v, %v, want %+v", got.Last, err, want.Last)
	}
}

// Dropout draws from a counter that the state keeps.
func TestResumeWithDropout(t *testing.T) {
	c := small("wrn-16-8", "SGD")
	c.Dropout, c.Batch, c.LimitBatches, c.Epochs = 0.3, 1, 1, 2
	if testing.Short() {
		t.Skip("a wide ResNet takes seconds")
	}
	whole := mustOpen(t, c)
	mustRun(t, whole)
	path := filepath.Join(t.TempDir(), "run")
	folder, err := CreateFolder(path, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := mustOpen(t, c).Run(ctx, folder, &stopper{left: 1, cancel: cancel}); !errors.As(err, new(Interrupted)) {
		t.Fatal(err)
	}
	again := mustOpen(t, c)
	if err := again.Resume(folder); err != nil {
		t.Fatal(err)
	}
	mustRun(t, again)
	if err := kerneltest.Compare(everything(again), everything(whole), 0, 0); err != nil {
		t.Error(err)
	}
}

// Micro-batches add up to the batch where nothing normalises over it, and
// m-sharpness with m the batch is the plain method.
func TestMicroBatches(t *testing.T) {
	run := func(change func(*Config)) []float64 {
		c := small("mlp", "LookbehindSAM")
		change(&c)
		j := mustOpen(t, c)
		mustRun(t, j)
		return j.Params.Weights.Floats()
	}
	want := run(func(*Config) {})
	if err := kerneltest.Compare(run(func(c *Config) { c.SAMMicro = c.Batch }), want, 0, 0); err != nil {
		t.Errorf("m-sharpness with m the batch: %v", err)
	}
	// Sums in another order: a few roundings of weights below 1.
	if err := kerneltest.Compare(run(func(c *Config) { c.Accumulate = 3 }), want, 1e-5, 0); err != nil {
		t.Errorf("accumulation: %v", err)
	}
	if kerneltest.Compare(run(func(c *Config) { c.SAMMicro = 4 }), want, 1e-5, 0) == nil {
		t.Error("m-sharpness with m 4 is the plain method")
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	run := func(threads int) []float64 {
		c := small("resnet8", "LookbehindSAM")
		c.Threads, c.Epochs, c.LimitBatches = threads, 1, 2
		j := mustOpen(t, c)
		mustRun(t, j)
		return everything(j)
	}
	want := run(1)
	for _, threads := range []int{2, 5} {
		if err := kerneltest.Compare(run(threads), want, 0, 0); err != nil {
			t.Errorf("%d threads: %v", threads, err)
		}
	}
}

func TestDivergedKeepsTheLastState(t *testing.T) {
	c := small("convnet", "SGD")
	c.LR, c.SaveEvery, c.LogEvery = 1e25, 1, 1
	folder, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	_, err = mustOpen(t, c).Run(context.Background(), folder, nil)
	var diverged Diverged
	if !errors.As(err, &diverged) || diverged.State == "" {
		t.Fatalf("%v, want Diverged with the path of a state", err)
	}
	again := mustOpen(t, c)
	if err := again.Resume(folder); err != nil {
		t.Fatal(err)
	}
	if again.at.Step >= diverged.Step {
		t.Errorf("the state is of step %d, want one before step %d", again.at.Step, diverged.Step)
	}
}

// Where the loss is still a number, the error says what is none.
func TestDivergedSaysWhatIsNoNumber(t *testing.T) {
	c := small("convnet", "LookbehindSAM")
	c.LR, c.LimitBatches, c.LogEvery = 1e30, 1, 1
	_, err := mustOpen(t, c).Run(context.Background(), nil, nil)
	var diverged Diverged
	if !errors.As(err, &diverged) || math.IsNaN(diverged.Loss) {
		t.Fatalf("%v, want Diverged at a loss that is a number", err)
	}
	if want := ", but " + diverged.What + " is no finite number, at step 1 of epoch 1: "; diverged.What == "" || !strings.Contains(err.Error(), want) {
		t.Errorf("%v: want %q", err, want)
	}
}

// A step allocates no memory on the device once every batch size was seen.
func TestSteadyStateAllocatesNoTensors(t *testing.T) {
	for _, minimizer := range Minimizers() {
		c := small("resnet8", minimizer)
		c.LimitBatches = 1
		j := mustOpen(t, c)
		mustRun(t, j)
		before := j.Device.Allocated()
		for range 3 {
			j.step()
		}
		if after := j.Device.Allocated(); after != before {
			t.Errorf("%s: %d bytes allocated in three steps", minimizer, after-before)
		}
	}
}

func TestScheduleChangesAtTheEpoch(t *testing.T) {
	c := small("mlp", "SGD")
	c.LR, c.Milestones = 1, []float64{1}
	j := mustOpen(t, c)
	for _, w := range []struct {
		epoch, batch int
		lr           float64
	}{{0, 0, 1}, {0, 2, 1}, {1, 0, 0.1}} {
		j.at.Epoch, j.at.Batch = w.epoch, w.batch
		if j.schedule(); math.Abs(j.lrNow-w.lr) > 1e-15 {
			t.Errorf("learning rate %v in batch %d of epoch %d, want %v", j.lrNow, w.batch, w.epoch, w.lr)
		}
	}
}

// A cosine ends with the budget of gradient evaluations, not with the epochs.
func TestScheduleSpansTheBudget(t *testing.T) {
	c := small("mlp", "SAM")
	c.LR, c.Schedule, c.Epochs, c.MaxEvals = 1, "cosine", 10, 9 // 3 steps of 2 evaluations an epoch
	j := mustOpen(t, c)
	mustRun(t, j)
	if j.at.Evals != 10 || j.at.Epoch != 2 {
		t.Errorf("%d evaluations in %d epochs, want the first step to pass 9, in the second", j.at.Evals, j.at.Epoch)
	}
	if j.at.Epoch, j.at.Batch = 1, 1; j.length() != 1.5 { // of 1.5 epochs, 4/3 are over
		t.Errorf("the run is %v epochs long, want 1.5", j.length())
	}
	if j.schedule(); math.Abs(j.lrNow-(1+math.Cos(math.Pi*8/9))/2) > 1e-12 {
		t.Errorf("learning rate %v", j.lrNow)
	}
}

func TestRecalibrationPutsStatisticsBack(t *testing.T) {
	c := small("convnet", "SGD")
	j := mustOpen(t, c)
	before := everything(j)
	changed := false
	err := j.withRecalibrated(context.Background(), 2, func() error {
		changed = kerneltest.Compare(everything(j), before, 0, 0) != nil
		return nil
	})
	if err != nil || !changed {
		t.Errorf("error %v, statistics changed: %v", err, changed)
	}
	if err := kerneltest.Compare(everything(j), before, 0, 0); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"k":          func(c *Config) { c.K = 0 },
		"rho":        func(c *Config) { c.Rho = math.NaN() },
		"alpha":      func(c *Config) { c.Alpha = 1.5 },
		"minimizer":  func(c *Config) { c.Minimizer = "LookbehindSMA" },
		"dropout":    func(c *Config) { c.Dropout = 0.5 },
		"split":      func(c *Config) { c.Accumulate, c.SAMMicro = 2, 4 },
		"nesterov":   func(c *Config) { c.Nesterov, c.Momentum = true, 0 },
		"accumulate": func(c *Config) { c.Accumulate = c.Batch + 1 },
	} {
		c := small("mlp", "SGD")
		change(&c)
		if j, err := OpenWith(c, data()); !errors.As(err, new(UsageError)) {
			t.Errorf("%s: %v, want a UsageError", name, err)
			if err == nil {
				j.Close()
			}
		}
	}
}

// BenchmarkStep is one step of Lookbehind-SAM with k 2; -benchmem shows what
// it leaves to the garbage collector.
func BenchmarkStep(b *testing.B) {
	for _, model := range []string{"resnet8", "resnet18"} {
		b.Run(model, func(b *testing.B) {
			c := small(model, "LookbehindSAM")
			c.Epochs, c.LimitBatches = 1, 1
			j, err := OpenWith(c, data())
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			if _, err := j.Run(context.Background(), nil, nil); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				j.step()
			}
		})
	}
}
