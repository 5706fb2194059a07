package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lbsam/study"
)

// compareFlags are the flags of compare.
type compareFlags struct {
	metric, baseline, format, out string
	arms                          []string
}

// comparedFolder is where the files of compare go, in the folder that it compares.
const comparedFolder = "compare"

// newCompare returns the command compare.
func newCompare(a *app) *cobra.Command {
	o := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare RUN|SWEEP...",
		Short: "Compare runs across seeds: means, intervals and paired tests",
		Long: `Compare runs across seeds. What is given are run folders, folders of sweeps, or folders of run folders. Runs that differ in
the seed alone are one arm; of a sweep, those of one point. Of each arm: mean, standard deviation and 95% interval of the
mean (Student's t), and what it comes to at equal wall clock and at equal gradient evaluations, where the cheapest arm ends.
With --baseline, of each other arm: the mean difference over pairs of runs with one seed, its interval, the paired t-test
and the exact permutation test of all sign flips.

A --metric may be a number that lbsam noise or lbsam sharpness measured of every run. Its name is the folder in the run
folder and the place in its result: noise/0.1/accuracy, noise/0.1/fall (of the accuracy from that without noise),
sharpness/sam/worst/0.05/rise, sharpness/eigenvalue/1. With a part of a name, such as noise or sharpness/sam, compare says
what there is behind it.

The tables go to stdout. For one sweep or folder of runs, and with --out, files are written too: result.json, compare.csv,
compare.md, and the metric over gradient evaluations and over seconds as compare.svg and compare-seconds.svg (and .png). Of
a number that was measured they go to a folder of its own, such as compare-noise-0.1-accuracy, with the means as compare.svg.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("compare: found nothing to compare, want runs or sweeps: see %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.compareRuns(o, args) },
	}
	f := newFlags()
	f.StringVar(&o.metric, "metric", "test", "what is compared: "+metricHelp())
	f.StringVar(&o.baseline, "baseline", "", "`arm` against which each other one is held")
	f.StringArrayVar(&o.arms, "arm", nil, "an `arm` to compare, or all of its points; may be given several times (default all)")
	f.StringVar(&o.format, "format", "table", "of the tables on stdout: "+strings.Join(tableFormats(), ", "))
	f.StringVar(&o.out, "out", "", "`folder` for the files (default compare/ in the folder that is compared, if it is one)")
	addSection(cmd.Flags(), "Compare", f)
	return cmd
}

func tableFormats() []string { return []string{"table", "csv", "markdown", "json"} }

// metricNames are what --metric takes.
func metricNames() (names []string) {
	for _, m := range study.Metrics() {
		names = append(names, m.Name)
	}
	return names
}

func metricHelp() string {
	var words []string
	for _, m := range study.Metrics() {
		words = append(words, m.Name+" ("+m.Title+")")
	}
	return strings.Join(words, ", ") + ", or a number that noise or sharpness measured: see above"
}

// compareRuns is the command.
func (a *app) compareRuns(o *compareFlags, paths []string) error {
	if !slices.Contains(tableFormats(), o.format) {
		return usageError("unknown format %q%s: want one of %s", o.format, meant(o.format, tableFormats()), strings.Join(tableFormats(), ", "))
	}
	for i, path := range paths {
		if _, err := os.Stat(path); err != nil { // the name of a run
			if paths[i], err = findRun(path); err != nil {
				return err
			}
		}
	}
	trials, err := study.Load(paths)
	if err != nil {
		return err
	}
	metric, err := study.FindMetric(o.metric, trials)
	if err != nil {
		return err
	}
	c, err := study.Compare(trials, study.Options{Metric: metric, Baseline: o.baseline, Arms: o.arms})
	if err != nil {
		return err
	}
	if err := a.printComparison(c, o.format); err != nil {
		return err
	}
	if o.out == "" && len(paths) == 1 && !isRun(paths[0]) {
		o.out = filepath.Join(paths[0], comparedFolder)
		if metric.Measured() { // beside the comparison of accuracies
			o.out += "-" + strings.ReplaceAll(metric.Name, "/", "-")
		}
	}
	if o.out == "" {
		return nil
	}
	if err := c.Write(o.out); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "files   %s\n", o.out)
	return nil
}

func (a *app) printComparison(c study.Comparison, format string) error {
	text := ""
	switch format {
	case "table":
		text = c.Text()
	case "csv":
		text = c.CSV()
	case "markdown":
		text = c.Markdown()
	case "json":
		line, err := json.Marshal(c)
		if err != nil {
			return fmt.Errorf("compare: %w", err)
		}
		text = string(line) + "\n"
	}
	_, err := fmt.Fprint(a.stdout, text)
	return err
}
