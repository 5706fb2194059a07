package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lbsam/study"
	"lbsam/train"
)

// runsFolder is where runs are unless --out says otherwise.
const runsFolder = "runs"

// newRuns returns the command runs.
func newRuns(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "List runs, and show one of them",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	ls := &cobra.Command{
		Use:   "ls [DIR]",
		Short: "List the runs in a folder (default " + runsFolder + "), oldest first",
		Args:  atMostOne,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.listRuns(append(args, runsFolder)[0], asJSON)
		},
	}
	show := &cobra.Command{
		Use:   "show RUN",
		Short: "Show the settings, the last epochs and the files of a run",
		Long:  "Show the settings, the last epochs and the files of a run: a folder, or the name of one in " + runsFolder + ".",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("runs show: found %d runs, want one: see %s --help", len(args), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.showRun(args[0], asJSON) },
	}
	ls.Flags().BoolVar(&asJSON, "json", false, "a JSON object per run")
	show.Flags().BoolVar(&asJSON, "json", false, "a JSON object")
	cmd.AddCommand(ls, show)
	return cmd
}

// atMostOne rejects more than one argument.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError("%s: found %d folders, want one at most: see %s --help", cmd.Name(), len(args), cmd.CommandPath())
	}
	return nil
}

// runsIn summarizes the runs in a folder, baselines within them, and those of sweeps;
// of a run folder, itself.
func runsIn(dir string) (runs []train.Summary, err error) {
	if isRun(dir) {
		return []train.Summary{train.Summarize(dir)}, nil
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) && dir == runsFolder {
		return nil, nil // nothing was trained yet
	}
	if err != nil {
		return nil, train.FolderError{Err: fmt.Errorf("runs: %w: want a folder with run folders", err)}
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err != nil || !info.IsDir() { // a link to a folder is one
			continue
		}
		if isSweep(path) {
			swept, err := runsIn(path)
			if err != nil {
				return nil, err
			}
			runs = append(runs, swept...)
			continue
		}
		if !isRun(path) && (isMeasurement(path) || e.Name() == study.JobsFolder) {
			continue
		}
		runs = append(runs, train.Summarize(path))
		if b := filepath.Join(path, baselineFolder); isRun(b) {
			runs = append(runs, train.Summarize(b))
		}
	}
	slices.SortStableFunc(runs, func(a, b train.Summary) int { return a.Started.Compare(b.Started) })
	return runs, nil
}

// isRun reports whether path is a run folder that is not broken.
func isRun(path string) bool {
	_, err := os.Stat(filepath.Join(path, "config.toml"))
	return err == nil
}

// isSweep reports whether path is the folder of a sweep.
func isSweep(path string) bool {
	_, err := os.Stat(filepath.Join(path, "sweep.json"))
	return err == nil
}

// isMeasurement reports whether path is the folder of a measurement, which has a
// journal of points, or that of a comparison, which has none.
func isMeasurement(path string) bool {
	_, err := os.Stat(filepath.Join(path, "points.jsonl"))
	if err != nil {
		_, err = os.Stat(filepath.Join(path, "result.json"))
	}
	return err == nil
}

// A runLine is what runs says about a run, as JSON.
type runLine struct {
	Kind       string       `json:"kind"` // "run"
	Path       string       `json:"path"`
	Status     train.Status `json:"status"`
	Problem    string       `json:"problem,omitempty"`
	Started    time.Time    `json:"started"`
	Minimizer  string       `json:"minimizer,omitempty"`
	Dataset    string       `json:"dataset,omitempty"`
	Model      string       `json:"model,omitempty"`
	Seed       uint64       `json:"seed"`
	Epoch      int          `json:"epoch"`  // that ended
	Epochs     int          `json:"epochs"` // of the configuration
	Best       float64      `json:"best"`   // accuracy
	BestEpoch  int          `json:"best_epoch"`
	SelectedOn string       `json:"selected_on,omitempty"`
	Seconds    float64      `json:"seconds"`
	Resume     string       `json:"resume,omitempty"` // the command that goes on
}

func (a *app) runLine(s train.Summary) runLine {
	l, c := s.Last(), s.Config
	line := runLine{
		Kind: "run", Path: s.Path, Status: s.Status, Problem: s.Problem, Started: s.Started,
		Epoch: l.Epoch, Best: l.Best, BestEpoch: l.BestEpoch, SelectedOn: l.SelectedOn, Seconds: s.Seconds(), Resume: a.resumeOf(s),
	}
	if s.Status != train.StatusBroken {
		line.Minimizer, line.Dataset, line.Model, line.Seed, line.Epochs = c.Minimizer, c.Dataset, c.Model, c.Seed, c.Epochs
	}
	return line
}

// resumeOf is the command that goes on with a run, "" if nothing can.
func (a *app) resumeOf(s train.Summary) string {
	switch s.Status {
	case train.StatusInterrupted, train.StatusDiverged, train.StatusFailed:
		if s.State {
			return quote(a.name) + " train --resume " + quote(s.Path)
		}
	}
	return ""
}

// listRuns is the command runs ls.
func (a *app) listRuns(dir string, asJSON bool) error {
	runs, err := runsIn(dir)
	if err != nil {
		return err
	}
	if asJSON {
		for _, r := range runs {
			if err := a.result(a.runLine(r)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(runs) == 0 {
		fmt.Fprintf(a.stderr, "no runs in %s\n", dir)
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "run\tstarted\tstatus\tminimizer\tdata\tmodel\tepochs\tbest\tseconds")
	for _, r := range runs {
		name, err := filepath.Rel(dir, r.Path)
		if err != nil || name == "." {
			name = r.Path
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, r.Started.Local().Format("2006-01-02 15:04"), strings.Join(cells(r), "\t"))
	}
	return w.Flush()
}

// cells are the columns of a run from its status on.
func cells(r train.Summary) []string {
	if r.Status == train.StatusBroken {
		return []string{string(r.Status) + ": " + r.Problem}
	}
	c, l := r.Config, r.Last()
	best := "-"
	if l.Epoch > 0 {
		best = percent(l.Best)
	}
	row := []string{
		string(r.Status), c.Minimizer, c.Dataset, c.Model,
		fmt.Sprintf("%d/%d", l.Epoch, c.Epochs), best, fmt.Sprintf("%.1f", r.Seconds()),
	}
	if r.Problem != "" {
		row = append(row, r.Problem)
	}
	return row
}

// findRun is the run folder that is called name.
func findRun(name string) (string, error) {
	if _, err := os.Stat(name); err == nil {
		return name, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", train.FolderError{Err: err}
	}
	path := filepath.Join(runsFolder, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	var names []string
	entries, _ := os.ReadDir(runsFolder) // none: nothing to suggest
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return "", train.FolderError{Err: fmt.Errorf("no run %s%s: want a run folder, or its name in %s", name, meant(name, names), runsFolder)}
}
