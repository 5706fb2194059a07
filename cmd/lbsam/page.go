package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lbsam/internal/report"
	"lbsam/train"
)

// pageName is the report in a run folder.
const pageName = "report.html"

// noEpoch is why a report has no predictions where there are no weights.
const noEpoch = "There is no last.safetensors: no epoch has ended."

// newReport returns the command report.
func newReport(a *app) *cobra.Command {
	out, predict := "", true
	c := train.Published()
	cmd := &cobra.Command{
		Use:   "report RUN...",
		Short: "Write the report of a run, or of many: one HTML file",
		Long: `Write the report of a run, whether it has ended or not: curves, settings, notes, what was measured of it (the folders
of sharpness, landscape and so on), and what the weights of its last.safetensors make of the test set. It is one HTML
file that needs no network and no script.

Of several runs, or of folders with runs such as those of sweeps, one page: runs that differ in nothing but their seeds
are an arm, and shown as mean and standard deviation. Results of measurements may be given by their folders too.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("report: found no folder, want one run folder or several: see %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && (isRun(args[0]) || !report.Holds(args[0])) {
				return a.report(cmd.Context(), cmd.Flags(), args[0], out, predict)
			}
			return a.overview(cmd.Context(), cmd.Flags(), args, out, predict)
		},
	}
	f := newFlags()
	f.StringVarP(&out, "out", "o", "", "`file` to write (default "+pageName+" in the folder, of several in the current one)")
	f.BoolVar(&predict, "predict", true, "classify the test set for the confusion matrix; =false: leave that out")
	addSection(cmd.Flags(), "Report", f)
	addSome(cmd.Flags(), "Machine, if it is another one than that of the run", &c, "data", "device", "precision", "threads")
	for _, name := range []string{"data", "device", "precision", "threads"} {
		cmd.Flags().Lookup(name).DefValue = ""
	}
	return cmd
}

// report writes the report of the run in folder.
func (a *app) report(ctx context.Context, given *pflag.FlagSet, folder, out string, predict bool) error {
	if out == "" {
		out = filepath.Join(folder, pageName)
	}
	p, err := a.page(folder)
	if err != nil {
		return err
	}
	switch {
	case !predict:
		p.Missing = "Left out: --predict=false."
	case p.Run.Hash == "":
		p.Missing = noEpoch
	default:
		c, err := override(p.Run.Config, given)
		if err != nil {
			return err
		}
		if err := classify(ctx, &p, c); err != nil {
			return err
		}
	}
	if err := p.WriteFile(out); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "report  %s\n", out)
	return a.result(struct {
		Kind string `json:"kind"` // "report"
		Run  string `json:"run"`
		File string `json:"file"`
	}{"report", folder, out})
}

// page reads the run in folder.
func (a *app) page(folder string) (report.Page, error) {
	run, err := report.Read(folder)
	if err != nil {
		return report.Page{Run: run}, err
	}
	results, remarks, err := report.Results(run)
	return report.Page{Run: run, Program: strings.TrimSpace(versionText()), Results: results, Remarks: remarks}, err
}

// classify gives the page what the last weights of its run say about the test set;
// c are the settings of the run, for this machine.
func classify(ctx context.Context, p *report.Page, c train.Config) error {
	c.Init, c.Minimizer = filepath.Join(p.Run.Path, "last.safetensors"), baseline
	job, err := train.Open(c)
	if err != nil {
		return err
	}
	defer job.Close()
	return predictTest(ctx, p, job)
}

// predictTest gives the page what the model of a job says about the test set.
func predictTest(ctx context.Context, p *report.Page, job *train.Job) error {
	predictions, err := job.Predict(ctx, &job.Data.Test, nil)
	if err == nil {
		p.Predictions, p.Images = &predictions, &job.Data.Test
	}
	return err
}

// writePage writes the report of a run that ended with err. What goes wrong here
// is said and nothing more: the run is what it is.
func (s *session) writePage(ctx context.Context, err error) {
	if s.folder == nil || !s.withReport {
		return
	}
	began := time.Now()
	path := filepath.Join(s.folder.Path, pageName)
	p, e := s.page(s.folder.Path)
	if e == nil {
		p.Missing = fmt.Sprintf("Left out, as the run did not end: lbsam report %s makes up for it.", quote(s.folder.Path))
		switch {
		case err == nil && s.job.Config.Test == "never":
			p.Missing = "Left out: --test never."
		case err == nil:
			e = predictTest(ctx, &p, s.job)
		case p.Run.Hash == "":
			p.Missing = noEpoch
		}
	}
	if e == nil || p.Run != nil && ctx.Err() != nil { // stopped while it predicted: without that
		e = p.WriteFile(path)
	}
	switch {
	case e != nil:
		s.say("report  not written: %v; lbsam report %s tries again", e, quote(s.folder.Path))
	case !s.quiet:
		s.say("report  %s  %.1f s", path, time.Since(began).Seconds())
	}
}
