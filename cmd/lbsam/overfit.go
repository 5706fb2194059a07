package main

import (
	"context"
	"time"

	"lbsam/train"
)

// The loss at which --overfit-batch ends, and the steps after which it gives up.
const (
	fitted      = 0.01
	overfitMost = 1000
)

// overfit is train --overfit-batch.
func (s *session) overfit(ctx context.Context, preset string) error {
	l, preset, err := s.configure(s.trainFlags, s.flags, preset)
	if err != nil {
		return err
	}
	c := l.config
	if s.out != "" || s.resume != "" || s.compare {
		return usageError("--overfit-batch keeps nothing: it cannot go with --out, --resume or --compare")
	}
	s.preset, s.noOut = preset, true
	c.Smoothing, c.Dropout = 0, 0 // which keep a loss away from 0
	if s.job, err = s.openJob(ctx, c, train.Open, s.download, s.quiet); err != nil {
		return err
	}
	defer s.job.Close()
	if !s.quiet {
		s.banner()
	}
	began := time.Now()
	steps, loss, err := s.job.Overfit(ctx, fitted, overfitMost, func(step int, loss float64) {
		if !s.quiet && step&(step-1) == 0 { // the powers of two
			s.say("step %4d  loss %s", step, short(loss))
		}
	})
	if steps > 0 && err == nil && !s.quiet {
		s.say("fitted  one batch of %d to a loss of %.3g in %s", c.Batch, loss, count(steps, "step"))
	}
	if steps == 0 {
		return err
	}
	if e := s.result(struct {
		Kind      string  `json:"kind"` // "overfit"
		Fitted    bool    `json:"fitted"`
		Minimizer string  `json:"minimizer"`
		Dataset   string  `json:"dataset"`
		Model     string  `json:"model"`
		Batch     int     `json:"batch"`
		Steps     int     `json:"steps"`
		Loss      float64 `json:"loss"`
		Seconds   float64 `json:"seconds"`
	}{"overfit", err == nil, c.Minimizer, c.Dataset, s.job.Config.Model, c.Batch, steps, finite(loss), time.Since(began).Seconds()}); err == nil {
		err = e
	}
	return err
}

// finite is v, or -1 in the place of what JSON has no number for.
func finite(v float64) float64 {
	if v-v != 0 {
		return -1
	}
	return v
}
