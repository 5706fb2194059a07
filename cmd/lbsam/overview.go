package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"lbsam/internal/report"
	"lbsam/train"
)

// overview writes one page of what several folders hold.
func (a *app) overview(ctx context.Context, given *pflag.FlagSet, folders []string, out string, predict bool) error {
	c, err := report.Collect(folders)
	if err != nil {
		return err
	}
	if out == "" {
		if out = pageName; len(folders) == 1 {
			out = filepath.Join(folders[0], pageName)
		}
	}
	for _, remark := range c.Remarks {
		fmt.Fprintf(a.stderr, "left out %s\n", remark)
	}
	p := &report.Overview{Collection: c, Program: strings.TrimSpace(versionText()), Missing: map[string]string{}}
	ctx, caught := train.Signals(ctx, func(sig os.Signal) { os.Exit(signalCode(sig)) })
	if err := a.classifyAll(ctx, given, p, predict); err != nil {
		return err
	}
	if err := p.WriteFile(out); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "report  %s\n", out)
	if signal := caught(); signal != nil {
		fmt.Fprintln(a.stderr, "stopped: the report lacks the predictions of the other runs")
		return stopped{signal}
	}
	return a.result(struct {
		Kind    string   `json:"kind"` // "report"
		Folders []string `json:"folders"`
		Runs    int      `json:"runs"`
		Results int      `json:"results"`
		LeftOut int      `json:"left_out"`
		File    string   `json:"file"`
	}{"report", folders, len(c.Runs), len(c.Results), len(c.Remarks), out})
}

// classifyAll gives the page what the last weights of its runs say about the test
// set. A run for which that fails is without, and so are those behind an
// interruption.
func (a *app) classifyAll(ctx context.Context, given *pflag.FlagSet, p *report.Overview, predict bool) error {
	began, said := time.Now(), time.Now()
	for i, r := range p.Runs {
		switch {
		case !predict:
			p.Missing[r.Path] = "Left out: --predict=false."
		case !p.WithPredictions(r):
		case !r.HasWeights():
			p.Missing[r.Path] = noEpoch
		case ctx.Err() != nil:
			p.Missing[r.Path] = "Left out: stopped before."
		default:
			if i > 0 && time.Since(said) >= a.every {
				left := time.Duration(float64(time.Since(began)) / float64(i) * float64(len(p.Runs)-i))
				fmt.Fprintf(a.stderr, "predicts for run %d of %d: %s, %s left\n", i+1, len(p.Runs), r.Path, left.Round(time.Second))
				said = time.Now()
			}
			c, err := override(r.Config, given)
			if err != nil {
				return err
			}
			err = predictRun(ctx, p, r, c)
			if ctx.Err() != nil {
				err = errors.New("stopped before")
			}
			if is[train.DeviceError](err) || is[train.UsageError](err) { // those of the other runs would be the same
				return err
			}
			if err != nil {
				p.Missing[r.Path] = fmt.Sprintf("Left out: %v.", err)
				fmt.Fprintf(a.stderr, "no predictions of %s: %v\n", r.Path, err)
			}
		}
	}
	return nil
}

// predictRun gives the page the predictions of one run; c are its settings, for this
// machine.
func predictRun(ctx context.Context, p *report.Overview, r *report.Run, c train.Config) error {
	c.Init, c.Minimizer = filepath.Join(r.Path, "last.safetensors"), baseline
	job, err := train.Open(c)
	if err != nil {
		return err
	}
	defer job.Close()
	predictions, err := job.Predict(ctx, &job.Data.Test, nil)
	if err == nil {
		p.Predicted(r, &predictions, &job.Data.Test)
	}
	return err
}
