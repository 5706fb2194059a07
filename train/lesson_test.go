package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"lbsam/datasets"
	"lbsam/kernels/kerneltest"
)

// constant is c without schedules.
func constant(c Config) Config {
	c.Schedule, c.RhoSched = "constant", "constant"
	return c
}

// inBatches are steps that take n samples in batches.
func inBatches(n, batch int) (steps []LessonStep) {
	for ; n > 0; n -= batch {
		steps = append(steps, LessonStep{Batch: min(n, batch)})
	}
	return steps
}

func mustLearn(t *testing.T, j *Job, l Lesson) Learnt {
	t.Helper()
	learnt, err := j.Learn(context.Background(), l, nil)
	if err != nil {
		t.Fatal(err)
	}
	return learnt
}

// Lessons of all samples in the order of the epochs of a run are that run.
func TestLessonsAreEpochs(t *testing.T) {
	for _, minimizer := range []string{"SGD", "LookaheadSAM", "LookbehindASAM"} {
		c := constant(small("convnet", minimizer))
		c.LimitBatches = 0
		run, taught := mustOpen(t, c), mustOpen(t, c)
		mustRun(t, run)
		train := &taught.Data.Train
		for epoch := range c.Epochs {
			order := datasets.Sequence(nil, nil, train.N, c.Seed, epoch, true)
			learnt := mustLearn(t, taught, Lesson{Split: train, Order: order, Steps: inBatches(train.N, c.Batch), Number: epoch})
			if want := int64(taught.Steps() * taught.Evals()); learnt.Evals != want || learnt.Images != int64(train.N*taught.Evals()) {
				t.Errorf("%s: %d evaluations of %d images, want %d of %d", minimizer, learnt.Evals, learnt.Images, want, train.N*taught.Evals())
			}
		}
		if err := kerneltest.Compare(everything(taught), everything(run), 0, 0); err != nil {
			t.Errorf("%s: %v", minimizer, err)
		}
	}
}

// lessons are two of few with references from the second step on, the later one
// larger: the device takes memory anew.
func lessons(s *datasets.Split) []Lesson {
	more := *s
	more.Images, more.Labels, more.N = slices.Repeat(s.Images, 2), slices.Repeat(s.Labels, 2), 2*s.N
	return []Lesson{
		{Split: s, Order: []int32{0, 1, 2, 3, 4, 5}, Steps: inBatches(6, 2)},
		{Split: &more, Order: []int32{0, 11, 5, 6, 7, 9, 19, 4, 3, 3, 18, 12, 8, 13}, Steps: []LessonStep{{2, 0}, {2, 2}, {2, 2}, {2, 2}}, Number: 1},
	}
}

// With and without recording, on a device that can; references, memory that
// grows, and BatchNorm's statistics too.
func TestRecordedLessonsChangeNothing(t *testing.T) {
	onPTX(t, func(t *testing.T, device string) {
		for name, change := range map[string]func(*Config){
			"lookbehind": func(c *Config) { c.K = 1 },
			"fp16":       func(c *Config) { c.Minimizer, c.Precision = "SGD", "fp16" },
		} {
			run := func(graphs bool) []float64 {
				c := constant(tiny(device, "LookbehindSAM"))
				c.Graphs = graphs
				change(&c)
				j := openFew(t, c)
				defer j.Close() // a GPU takes one job at a time
				for _, l := range lessons(&j.Data.Train) {
					mustLearn(t, j, l)
				}
				return everything(j)
			}
			if err := kerneltest.Compare(run(true), run(false), 0, 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A reference that is the batch itself has no conflict with it; it counts as
// evaluations, and its predictions are not those of training.
func TestReferenceWithoutConflict(t *testing.T) {
	for minimizer, evals := range map[string]int64{"SGD": 2, "SAM": 3, "MultistepSAM": 4, "PathMeanSAM": 5, "LookbehindSAM": 5} {
		learn := func(order []int32, step LessonStep) (Learnt, []float64) {
			j := mustOpen(t, constant(small("lenet", minimizer))) // no BatchNorm, whose statistics a reference moves
			return mustLearn(t, j, Lesson{Split: &j.Data.Train, Order: order, Steps: []LessonStep{step}}), everything(j)
		}
		with, got := learn([]int32{1, 2, 3, 4, 1, 2, 3, 4}, LessonStep{4, 4})
		without, want := learn([]int32{1, 2, 3, 4}, LessonStep{Batch: 4})
		if err := kerneltest.Compare(got, want, 0, 0); err != nil {
			t.Errorf("%s: %v", minimizer, err)
		}
		if with.Evals != evals || with.Images != 4*evals || with.Accuracy != without.Accuracy || with.Loss != without.Loss {
			t.Errorf("%s: %+v with the reference, %+v without, want %d evaluations", minimizer, with, without, evals)
		}
	}
}

// A step on labels of one head moves no bit of another one's output layer, on
// every device; and in evaluation other heads do not count.
func TestHeads(t *testing.T) {
	for _, device := range []string{"cpu", "ref", "ptxsim"} {
		c := constant(tiny(device, "LookbehindSAM"))
		c.WeightDecay, c.Momentum = 0, 0
		j := openFew(t, c) // labels 0 to 9 in their order
		j.Head = 5
		list := j.Params.List
		layer := list[len(list)-2] // [classes, features]
		before := layer.Value.Floats()
		free, err := j.ScoreOn(context.Background(), &j.Data.Train, []int32{0, 1, 2, 3, 4})
		if err != nil {
			t.Fatal(err)
		}
		mustLearn(t, j, Lesson{Split: &j.Data.Train, Order: []int32{0, 1, 2, 3}, Steps: inBatches(4, 4)})
		after, half := layer.Value.Floats(), len(before)/2
		for i := range before {
			if i >= half && after[i] != before[i] {
				t.Fatalf("%s: weight %d of %s, of the other head, moved from %v to %v", device, i, layer.Name, before[i], after[i])
			}
		}
		if slices.Equal(before[:half], after[:half]) {
			t.Errorf("%s: the own head did not move", device)
		}
		if !(math.Abs(free.Loss-math.Log(5)) < .3) { // not trained: log 5, where 10 classes have log 10, which is .7 more
			t.Errorf("%s: the loss over a head is %v", device, free.Loss)
		}
	}
}

// State between lessons is all that the next one needs.
func TestLessonsResume(t *testing.T) {
	for _, minimizer := range []string{"LookaheadSAM", "LookbehindSAM"} {
		c := constant(small("convnet", minimizer))
		whole, first, second := mustOpen(t, c), mustOpen(t, c), mustOpen(t, c)
		path := t.TempDir() + "/state.safetensors"
		l := lessons(&whole.Data.Train)
		mustLearn(t, whole, l[0])
		mustLearn(t, whole, l[1])
		mustLearn(t, first, l[0])
		if err := first.SaveState(path, map[string]string{"task": "1"}); err != nil {
			t.Fatal(err)
		}
		metadata, err := second.LoadState(path)
		if err != nil || metadata["task"] != "1" {
			t.Fatalf("%v, %v", metadata, err)
		}
		mustLearn(t, second, l[1])
		if err := kerneltest.Compare(everything(second), everything(whole), 0, 0); err != nil {
			t.Errorf("%s: %v", minimizer, err)
		}
	}
}

func TestLessonErrors(t *testing.T) {
	c := constant(small("lenet", "SGD"))
	j := mustOpen(t, c)
	s := &j.Data.Train
	for name, l := range map[string]Lesson{
		"an order that is too short": {Split: s, Order: []int32{1, 2}, Steps: inBatches(3, 3)},
		"a batch that is too large":  {Split: s, Order: make([]int32, 17), Steps: inBatches(17, 17)},
	} {
		if _, err := j.Learn(context.Background(), l, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c.NewBatches, c.Minimizer = true, "LookbehindSAM"
	_, err := mustOpen(t, c).Learn(context.Background(), Lesson{Split: s}, nil)
	if _, ok := errors.AsType[UsageError](err); !ok {
		t.Errorf("new batches: %v, want a UsageError", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = j.Learn(ctx, Lesson{Split: s, Order: []int32{1}, Steps: inBatches(1, 1)}, nil)
	if _, ok := errors.AsType[Interrupted](err); !ok {
		t.Errorf("a context that has ended: %v, want Interrupted", err)
	}
}
