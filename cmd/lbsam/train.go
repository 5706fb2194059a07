package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lbsam/train"
)

// trainFlags are the flags of train that are no settings of the run.
type trainFlags struct {
	preset, config, out, resume, profile string
	logFormat, matched                   string
	set                                  []string
	noOut, compare, quiet, printConfig   bool
	overfitBatch                         bool
	withReport                           bool
	download                             bool // data that are not found
}

// newTrain returns the command train; preset is what it takes if it is told
// neither a preset nor a data set.
func newTrain(a *app, preset string) *cobra.Command {
	o := &trainFlags{}
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train a model",
		Long: `Train a model. Without a data set and --preset the preset demo trains a small model on synthetic images.

A setting comes from the last of these that has it: the preset, the file of --config, the environment (LBSAM_LR=0.1), flags
and --set. Presets:
  official  the defaults of the published code, shown below; it has none for --k and --alpha: here 2 and adaptive
  paper     official with what the authors' commands say: --rho 0.05, or 0.5 for ASAM's kinds
  fast      ` + difference(train.Published(), train.Fast()) + `
  demo      ` + difference(train.Published(), train.Demo()) + `

Progress goes to stderr, the result to stdout, as one line of JSON. Ctrl-C finishes the step, saves and prints the
command that resumes; a second one exits at once. SIGTERM does the same; SIGUSR1, which Windows lacks, saves and goes on.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.train(cmd, o, preset) },
	}
	f := newFlags()
	f.StringVar(&o.preset, "preset", "", "one of those above (default official with a data set, else "+preset+")")
	f.StringVar(&o.config, "config", "", "`file` with settings, such as the config.toml of a run, which trains it again bit for bit")
	f.StringArrayVar(&o.set, "set", nil, "a setting by its `name=value` in config.toml; may be given several times")
	f.StringVar(&o.out, "out", "", "`folder` for all that the run makes, new or empty (default runs/DATE-TIME-MINIMIZER-DATASET-MODEL)")
	f.BoolVar(&o.noOut, "no-out", false, "keep nothing")
	f.StringVar(&o.resume, "resume", "", "continue the run in this `folder`, exactly as if it had not stopped")
	f.BoolVar(&o.compare, "compare", false, "then train plain SGD with as many gradient evaluations, and show both results")
	f.StringVar(&o.matched, "matched", "", matchedHelp)
	f.Lookup("matched").NoOptDefVal = bySettings
	f.BoolVar(&o.withReport, "report", true, "write report.html into the run folder at the end, after one more pass over the test set; =false: do not")
	f.BoolVar(&o.download, "download", false, "first fetch the data set if it is not found: as lbsam data get does")
	f.BoolVar(&o.quiet, "quiet", false, "no progress, only the result")
	f.StringVar(&o.logFormat, "log-format", "text", "of what goes to stderr: text, or json, a line for each thing that happens, with the numbers of metrics.jsonl")
	f.StringVar(&o.profile, "profile", "", "`file` for the times of all operations of the first "+strconv.Itoa(profiledSteps)+" steps, which Perfetto (ui.perfetto.dev) and chrome://tracing show")
	f.BoolVar(&o.overfitBatch, "overfit-batch", false, "train on one batch only, as it is, until its loss is below "+strconv.FormatFloat(fitted, 'g', -1, 64)+": what cannot do this has a bug. Keeps nothing")
	f.BoolVar(&o.printConfig, "print-config", false, "print all settings and where they come from, in the format of config.toml, and stop")
	addSection(cmd.Flags(), "Run", f)
	c := train.Published()
	addSettings(cmd.Flags(), &c)
	return cmd
}

// profiledSteps is how many steps --profile takes down.
const profiledSteps = 5

// train is the command.
func (a *app) train(cmd *cobra.Command, o *trainFlags, preset string) error {
	if known := []string{"text", "json"}; !slices.Contains(known, o.logFormat) {
		return usageError("unknown log format %q%s: want text or json", o.logFormat, meant(o.logFormat, known))
	}
	if o.logFormat == "json" {
		a.log = &jsonLog{a.stderr}
		a.stderr, a.terminal = &messages{log: *a.log}, false
	}
	if o.printConfig && o.resume == "" {
		l, _, err := a.configure(o, cmd.Flags(), preset)
		if err != nil {
			return err
		}
		text, err := l.config.TOML(l.origins)
		if err == nil {
			_, err = a.stdout.Write(text)
		}
		return err
	}
	ctx, caught := train.Signals(cmd.Context(), func(s os.Signal) {
		fmt.Fprintln(a.stderr, "stopped at once, without saving")
		os.Exit(signalCode(s))
	})
	s := &session{app: a, flags: cmd.Flags(), trainFlags: o, saveNow: train.SaveSignal()}
	if o.overfitBatch {
		if err := s.overfit(ctx, preset); !is[train.Interrupted](err) {
			return err
		}
		return stopped{caught()}
	}
	var err error
	if o.resume != "" {
		err = s.reopen(ctx)
	} else {
		err = s.open(ctx, preset)
	}
	if err != nil {
		return a.stoppedBy(caught(), err)
	}
	defer s.close()
	if o.profile != "" {
		file, err := os.Create(o.profile)
		if err != nil {
			return usageError("--profile: %v", err)
		}
		defer file.Close()
		s.job.Profile = &train.Profile{To: file, Steps: profiledSteps}
	}
	r, err := s.run(ctx)
	if err == nil && o.compare {
		err = s.trainBaseline(ctx, &r)
	}
	if e := a.result(r); err == nil {
		err = e
	}
	if is[train.Interrupted](err) {
		return stopped{caught()}
	}
	return err
}

// A result is the line on stdout: the last epoch and what led to it.
type result struct {
	Kind      string `json:"kind"`   // "train"
	Status    string `json:"status"` // done, interrupted, diverged or failed
	Run       string `json:"run,omitempty"`
	Minimizer string `json:"minimizer"`
	Dataset   string `json:"dataset"`
	Model     string `json:"model"`
	Params    int    `json:"params"`
	Seed      uint64 `json:"seed"`
	train.Epoch
	Seconds  float64 `json:"seconds"`      // of training, in this process
	Wait     float64 `json:"wait_seconds"` // of these, for data
	Baseline *result `json:"baseline,omitempty"`
}

// result prints v on stdout.
func (a *app) result(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("result: %w", err)
	}
	_, err = fmt.Fprintf(a.stdout, "%s\n", text)
	return err
}

// run trains to the end, or until ctx ends, and tells the user how it goes.
func (s *session) run(ctx context.Context) (result, error) {
	p := newProgress(s)
	var watch train.Watcher
	switch {
	case s.quiet:
	case s.log != nil:
		s.log.begin(s)
		watch = s.log
	default:
		s.banner()
		p.start()
		watch = p
	}
	saving := make(chan time.Time, 1)
	unwatch := context.AfterFunc(ctx, func() {
		p.stop()
		if s.log == nil {
			fmt.Fprint(s.stderr, "saving ... ")
		}
		saving <- time.Now()
	})
	s.job.SaveNow = s.saveNow
	done, err := s.job.Run(ctx, s.folder, watch)
	p.stop()
	if !unwatch() {
		s.stoppedAfter(time.Since(<-saving), err)
	}
	r := s.summary(done, err)
	if err == nil && !s.quiet && s.log == nil {
		s.closing(r, done)
	}
	s.writePage(ctx, err)
	return r, err
}

// stoppedAfter ends the line that says "saving", or says so in JSON.
func (s *session) stoppedAfter(d time.Duration, err error) {
	i, ok := errors.AsType[train.Interrupted](err)
	switch {
	case s.log != nil && ok && s.folder == nil:
		s.log.stopped(i.Step, d, "")
	case s.log != nil && ok:
		s.log.stopped(i.Step, d, s.resumeCommand())
	case s.log != nil:
	case !ok:
		fmt.Fprintln(s.stderr, "not needed: the run had ended")
	case s.folder == nil:
		fmt.Fprintf(s.stderr, "nothing, because of --no-out; stopped after step %d\n", i.Step)
	default:
		fmt.Fprintf(s.stderr, "ok (%.1f s), after step %d\nresume with: %s\n", d.Seconds(), i.Step, s.resumeCommand())
	}
}

// resumeCommand is the command line that goes on where the run stopped.
func (s *session) resumeCommand() string {
	command := quote(s.name) + " train --resume " + quote(s.folder.Path)
	if s.compare {
		command += " --compare"
	}
	return command
}

// summary is the result of a run that ended with err.
func (s *session) summary(done train.Result, err error) result {
	c := s.job.Config
	r := result{
		Kind: "train", Status: "failed", Minimizer: c.Minimizer, Dataset: c.Dataset, Model: c.Model,
		Params: s.job.Params.Count(), Seed: c.Seed, Epoch: done.Last, Seconds: done.Seconds, Wait: done.Wait,
	}
	switch {
	case err == nil:
		r.Status = "done"
	case is[train.Interrupted](err):
		r.Status = "interrupted"
	case is[train.Diverged](err):
		r.Status = "diverged"
	}
	if s.folder != nil {
		r.Run = s.folder.Path
	}
	return r
}
