package main

import (
	"context"
	"math"
	"path/filepath"

	"lbsam/datasets"
	"lbsam/train"
)

// baseline is the minimizer against which --compare holds the others.
const baseline = "SGD"

// baselineFolder is its run folder, within the one of the other run.
const baselineFolder = "baseline"

// trainBaseline trains the baseline with as many gradient evaluations as the run
// that ended with r, and sets both results side by side.
func (s *session) trainBaseline(ctx context.Context, r *result) error {
	c := equalCost(s.job, r.Evals)
	s.job.Close() // its memory, and a GPU takes one job at a time
	job, err := train.Open(c)
	if err != nil {
		return err
	}
	options := *s.trainFlags
	options.compare = false
	b := &session{app: s.app, trainFlags: &options, flags: s.flags, preset: s.preset, saveNow: s.saveNow, job: job}
	defer b.close()
	if s.folder != nil {
		if b.folder, err = train.CreateFolder(filepath.Join(s.folder.Path, baselineFolder), c, s.command()); err != nil {
			return err
		}
		if err = b.describe(); err != nil {
			return err
		}
	}
	if !s.quiet {
		s.say("\n%s with the same number of gradient evaluations, data and seed: %d epochs, schedules stretched to them", baseline, c.Epochs)
	}
	other, err := b.run(ctx)
	r.Baseline = &other
	if err == nil && !s.quiet && s.log == nil {
		s.table(*r, other)
	}
	return err
}

// equalCost is the configuration of the baseline for a number of gradient
// evaluations: the settings of j, in more epochs. The schedules stretch, so
// that the learning rate falls at the same share of the cost.
func equalCost(j *train.Job, evals int64) train.Config {
	c := j.Config
	batches := batchesPerEpoch(j)
	stretch := float64(j.Steps()*j.Evals()) / float64(batches)
	c.Minimizer = baseline
	c.MaxEvals = int(evals)
	c.Epochs = max(1, int(math.Ceil(float64(c.Epochs)*stretch)))
	c.Warmup = min(c.Warmup*stretch, float64(c.Epochs))
	c.Milestones = make([]float64, len(j.Config.Milestones))
	for i, m := range j.Config.Milestones {
		c.Milestones[i] = m * stretch
	}
	return c
}

// batchesPerEpoch is the number of steps of the baseline in an epoch.
func batchesPerEpoch(j *train.Job) int {
	c, n := j.Config, j.Data.Train.N
	if c.ValSplit > 0 {
		training, _ := datasets.Holdout(n, c.ValSplit, c.Seed)
		n = len(training)
	}
	batches := (n + c.Batch - 1) / c.Batch
	if c.LimitBatches > 0 {
		batches = min(batches, c.LimitBatches)
	}
	return batches
}

// table shows both results.
func (s *session) table(results ...result) {
	s.say("\n%-16s %8s %8s %14s %10s", "", "last", "best", "evaluations", "seconds")
	for _, r := range results {
		s.say("%-16s %8s %8s %14s %10.1f", r.Minimizer, percent(r.Test.Accuracy), percent(r.Best), thousands(int(r.Evals)), r.Seconds)
	}
	s.say("best: %s; with one seed, small differences mean nothing", selectedOn(results[0].SelectedOn))
	if s.resume != "" {
		s.say("seconds of %s: since it was resumed", results[0].Minimizer)
	}
}
