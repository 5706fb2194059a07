package analysis

import (
	"context"
	"errors"
	"slices"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
)

// everything is the weights and the running statistics of a job.
func everything(j *train.Job) []float64 {
	all := j.Params.Weights.Floats()
	for _, b := range j.Model.Buffers() {
		if b.Value.Data.Dtype() == j.Device.Precision() {
			all = append(all, b.Value.Floats()...)
		}
	}
	return all
}

// A real model is behind a measurement what it was, finished or interrupted.
func TestSharpnessLeavesAModelAsItWas(t *testing.T) {
	c := train.Published()
	c.Dataset, c.Model, c.Minimizer, c.Device, c.Threads, c.Batch = "Synthetic", "resnet8-w8", "SGD", "cpu", 2, 4
	j, err := train.OpenWith(c, datasets.Synthetic(1, 6, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	p, err := j.Probe(t.Context(), &j.Data.Train, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.BatchStatistics = true
	before, s := everything(j), smallSharpness()
	s.Radii = s.Radii[:1]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var end func(done int)
	run := func(ctx context.Context, folder string) error {
		journal, err := OpenJournal[SharpnessPoint](folder, s)
		if err != nil {
			t.Fatal(err)
		}
		defer journal.Close()
		err = s.Run(ctx, j, p, journal, func(done, _ int) { end(done) })
		if !slices.Equal(everything(j), before) {
			t.Error("the model is another one")
		}
		return err
	}
	folder := t.TempDir()
	end = func(done int) {
		if done > 200 { // of 384: among the worst cases
			cancel()
		}
	}
	if err := run(ctx, folder); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	end = func(int) {}
	if err := run(t.Context(), folder); err != nil {
		t.Error(err)
	}
}
