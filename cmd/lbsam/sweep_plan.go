package main

import (
	"cmp"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/pflag"

	"lbsam/study"
	"lbsam/train"
)

// planner makes runs of a file by the rules of lbsam train --config; the flags
// about the machine count for all of them.
func (a *app) planner(given *pflag.FlagSet) study.Planner {
	sizes := map[string]int{}
	return study.Planner{
		Configure: func(name string, settings []study.Setting) (train.Config, error) {
			return configured(name, settings, given)
		},
		Samples: func(c train.Config) (int, error) {
			key := fmt.Sprint(c.Dataset, "\n", c.Data, c.ImageSize, c.Channels)
			if n, ok := sizes[key]; ok {
				return n, nil
			}
			data, err := train.OpenData(&c)
			if err != nil {
				return 0, err
			}
			sizes[key] = data.Train.N
			return data.Train.N, nil
		},
	}
}

// configured is what settings of a sweep make of a preset.
func configured(name string, settings []study.Setting, given *pflag.FlagSet) (train.Config, error) {
	var layer []value
	minimizer, untold := train.Published().Minimizer, "demo"
	for _, s := range settings {
		k, err := findKey(s.Name, s.Origin)
		if err != nil {
			return train.Config{}, err
		}
		text, ok := fileText(s.Value)
		if !ok {
			return train.Config{}, usageError("%s: %s is %v: want a text, a number, true, false or a list of numbers", s.Origin, k, s.Value)
		}
		switch k {
		case "minimizer":
			minimizer = text
		case "dataset":
			untold = "official"
		}
		layer = append(layer, value{k, text, s.Origin})
	}
	if name == "" {
		name = untold
	}
	p, err := findPreset(name)
	if err != nil {
		return train.Config{}, err
	}
	l := newLayered(p.config(minimizer), name)
	if err := cmp.Or(l.put(layer), l.put(fromFlags(given))); err != nil {
		return train.Config{}, err
	}
	l.config.Threads = 0 // the sweep divides them
	return l.config, l.validate()
}

// listPlan lists the runs of a plan.
func (a *app) listPlan(file study.File, runs []*study.Run, shard study.Shard, asJSON bool) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	if !asJSON {
		fmt.Fprintln(w, "run\tminimizer\tepochs\tsteps\tevaluations (k+1)\tas published (2k)")
	}
	total, published, listed := 0, 0, 0
	for i, r := range runs {
		if !shard.Has(i) {
			continue
		}
		p := planLine{"planned run", r.Name, r.Arm, r.Seed, r.Config.Minimizer, r.Config.Epochs, r.Cost.Steps, r.Cost.Evals(), r.Cost.Evals()}
		if isLookbehind(r.Config) {
			p.Published = 2 * r.Config.K * r.Cost.Steps
		}
		total, published, listed = total+p.Evals, published+p.Published, listed+1
		if asJSON {
			if err := a.result(p); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", p.Run, p.Minimizer, p.Epochs, thousands(p.Steps), thousands(p.Evals), thousands(p.Published))
	}
	if asJSON {
		return nil
	}
	fmt.Fprintf(w, "%s\t\t\t\t%s\t%s\n", count(listed, "run"), thousands(total), thousands(published))
	return w.Flush()
}

// A planLine is a run as --dry-run --json lists it.
type planLine struct {
	Kind      string `json:"kind"` // "planned run"
	Run       string `json:"run"`
	Arm       string `json:"arm"`
	Seed      uint64 `json:"seed"`
	Minimizer string `json:"minimizer"`
	Epochs    int    `json:"epochs"`
	Steps     int    `json:"steps"`
	Evals     int    `json:"evals"`
	Published int    `json:"published_evals"`
}
