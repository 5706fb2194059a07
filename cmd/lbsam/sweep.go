package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lbsam/study"
	"lbsam/train"
)

// sweepFlags are the flags of sweep.
type sweepFlags struct {
	out, only          string
	jobs               int
	dryRun, retry      bool
	withReport, asJSON bool
}

// newSweep returns the command sweep.
func newSweep(a *app) *cobra.Command {
	o := &sweepFlags{}
	c := train.Published()
	cmd := &cobra.Command{
		Use:   "sweep FILE",
		Short: "Train a grid of runs, several at a time",
		Long: `Train a grid of runs, several at a time, each in a process and a run folder of its own. FILE describes it:

  seeds = [0, 1, 2]                  # of each point of each arm
  budget = 9380                      # gradient evaluations of each run; schedules are stretched to it
  count = "k+1"                      # a step of Lookbehind counts as computed, or "2k": as published
  tuned = "runs/tune"                # a sweep from which each arm takes its best point, by validation
  [common]                           # settings of all arms, as in config.toml
  dataset = "FashionMNIST"
  [[arms]]
  name = "lookbehind"
  minimizer = "LookbehindSAM"
  grid = { lr = [0.05, 0.1] }        # every combination of the values
  [[arms]]
  name = "matched"
  matched = "lookbehind"             # the SAM that moves as far: see lbsam train --matched

What is done is skipped and what was interrupted goes on when the same command is given again. Arms and seeds may be
added; a run whose settings changed is an error. Ctrl-C saves all runs under way and prints the command that continues.
The results are sweep.json and sweep.csv in the folder; lbsam compare sets arms side by side.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("sweep: found %d files, want one: see %s --help", len(args), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.sweep(cmd, o, args[0]) },
	}
	f := newFlags()
	f.StringVar(&o.out, "out", "", "`folder` of the sweep (default runs/ and the name of FILE)")
	f.IntVar(&o.jobs, "jobs", 0, "runs at a time, among which --threads are divided; 0: one per thread on a CPU, else one")
	f.StringVar(&o.only, "only", "", "`I/N`: part I of N of the runs, for job arrays that share a folder")
	f.BoolVar(&o.dryRun, "dry-run", false, "list the runs with their cost in gradient evaluations, and stop")
	f.BoolVar(&o.retry, "retry", false, "train runs that failed or diverged too, from where they were saved")
	f.BoolVar(&o.withReport, "report", false, "write report.html into each run folder")
	f.BoolVar(&o.asJSON, "json", false, "with --dry-run, a JSON object per run")
	addSection(cmd.Flags(), "Sweep", f)
	addSome(cmd.Flags(), "Machine, for all runs", &c, "data", "device", "threads")
	return cmd
}

// sweepFailed means that some runs of a sweep diverged or failed.
type sweepFailed struct{ runs int }

func (e sweepFailed) Error() string {
	return fmt.Sprintf("sweep: %s diverged or failed, as listed above: --retry trains them again", count(e.runs, "run"))
}

// sweep is the command.
func (a *app) sweep(cmd *cobra.Command, o *sweepFlags, path string) error {
	file, err := study.ReadFile(path)
	if err != nil {
		return err
	}
	runs, err := a.planner(cmd.Flags()).Plan(file)
	if err != nil {
		return err
	}
	if o.out == "" {
		o.out = filepath.Join(runsFolder, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	}
	shard := study.Shard{}
	if o.only != "" {
		if shard, err = study.ParseShard(o.only); err != nil {
			return err
		}
	}
	if o.dryRun {
		return a.listPlan(file, runs, shard, o.asJSON)
	}
	s, err := a.newSweep(cmd.Flags(), o, file, runs, shard)
	if err != nil {
		return err
	}
	ctx, caught := train.Signals(cmd.Context(), func(sig os.Signal) {
		s.Kill()
		fmt.Fprintln(a.stderr, "stopped at once, without saving")
		os.Exit(signalCode(sig))
	})
	return a.runSweep(ctx, s, caught)
}

// newSweep is the sweep that the flags ask for.
func (a *app) newSweep(given *pflag.FlagSet, o *sweepFlags, file study.File, runs []*study.Run, shard study.Shard) (*study.Sweep, error) {
	cores, err := given.GetInt("threads")
	if err != nil || cores == 0 {
		cores = runtime.GOMAXPROCS(0)
	}
	onCPU := !slices.ContainsFunc(runs, func(r *study.Run) bool { return strings.HasPrefix(r.Config.Device, "cuda") })
	switch {
	case o.jobs < 0:
		return nil, usageError("--jobs is %d: want 1 or more, or 0", o.jobs)
	case o.jobs == 0 && onCPU:
		o.jobs = cores
	case o.jobs == 0:
		o.jobs = 1
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	s := &study.Sweep{Folder: o.out, File: file, Runs: runs, Shard: shard, Jobs: o.jobs, Cores: cores, Retry: o.retry, Watch: &sweepProgress{app: a}, Every: a.every}
	if a.terminal {
		s.Every = redrawn
	}
	s.Worker = func(w study.Work) *exec.Cmd {
		args := []string{"train", "--config", w.Settings, "--out", w.Folder}
		if w.Resume {
			args = []string{"train", "--resume", w.Folder, "--data", w.Run.Config.Data, "--device", w.Run.Config.Device}
		}
		args = append(args, "--threads", strconv.Itoa(w.Threads), "--report="+strconv.FormatBool(o.withReport))
		cmd := exec.Command(program, args...)
		cmd.Env = withoutSettings(os.Environ())
		return cmd
	}
	return s, nil
}

// withoutSettings is an environment without variables that are settings: those of
// a run stand in its file.
func withoutSettings(environment []string) []string {
	return slices.DeleteFunc(environment, func(entry string) bool {
		layer, err := fromEnvironment([]string{entry})
		return len(layer) > 0 || err != nil
	})
}

// runSweep runs a sweep and tells how it ended.
func (a *app) runSweep(ctx context.Context, s *study.Sweep, caught func() os.Signal) error {
	watch := s.Watch.(*sweepProgress)
	unwatch := context.AfterFunc(ctx, func() { watch.say("saving ...") })
	o, err := s.Run(ctx)
	watch.clear()
	unwatch()
	if err != nil {
		return err
	}
	counts := map[train.Status]int{}
	for _, r := range o.Table.Runs {
		counts[r.Status]++
	}
	if o.Busy > 0 {
		fmt.Fprintf(a.stderr, "used %.0f%% of %s\n", 100*o.Busy, count(s.Cores, "core"))
	}
	fmt.Fprintf(a.stderr, "table   %s\n", filepath.Join(s.Folder, "sweep.csv"))
	if signal := caught(); signal != nil {
		fmt.Fprintf(a.stderr, "continue with: %s\n", strings.Join((&session{app: a}).command(), " "))
		return stopped{signal}
	}
	if err := a.result(sweepResult{"sweep", s.Folder, len(o.Table.Runs), counts}); err != nil {
		return err
	}
	if bad := counts[train.StatusDiverged] + counts[train.StatusFailed] + counts[train.StatusBroken] + counts[study.StatusBlocked]; bad > 0 {
		return sweepFailed{bad}
	}
	return nil
}

// A sweepResult is the line on stdout.
type sweepResult struct {
	Kind   string               `json:"kind"` // "sweep"
	Folder string               `json:"folder"`
	Runs   int                  `json:"runs"`
	Status map[train.Status]int `json:"status"` // how many are done, and so on
}
