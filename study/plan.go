package study

import (
	"fmt"
	"strings"

	"lbsam/train"
)

// A Run is one training of a sweep.
type Run struct {
	Name   string // of its folder: ARM,setting=value,seed=N
	Arm    string
	Point  string // Name without the seed
	Seed   uint64
	Grid   map[string]any // the values of its point
	Config train.Config
	Cost   train.Cost
	Counts int // gradient evaluations that a step counts for, see Count

	// Matched is the point to which it is matched and whose mean alpha must be
	// measured first; "": none. Until SetAlpha, Config is that of alpha 1.
	Matched string
	target  train.Config // settings of that point
	spend   func(train.Config) (train.Config, error)
}

// SetAlpha gives a run that is matched its learning rate.
func (r *Run) SetAlpha(alpha float64) error {
	c, err := Match(r.target, alpha)
	if err == nil {
		c, err = r.spend(c)
	}
	r.Config = c
	return err
}

// A Planner makes runs of a File.
type Planner struct {
	// Configure is the configuration that settings make of a preset; later ones
	// count. It reports what it does not know.
	Configure func(preset string, settings []Setting) (train.Config, error)
	// Samples is the size of the training set that a configuration names.
	Samples func(train.Config) (int, error)
}

// Plan is all runs of f, seed after seed for each point of each arm, so that a
// sweep that is stopped leaves pairs.
func (p Planner) Plan(f File) ([]*Run, error) {
	best, err := tuned(f)
	if err != nil {
		return nil, err
	}
	var all []*Run
	seen := map[string]bool{}
	for _, seed := range f.Seeds {
		for _, arm := range f.Arms {
			runs, err := p.arm(f, arm, seed, best)
			if err != nil {
				return nil, err
			}
			for _, r := range runs {
				if seen[r.Name] {
					return nil, wrong("%s: two runs would be called %s: two values of a grid are the same", f.Path, r.Name)
				}
				seen[r.Name] = true
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// arm is the runs of an arm with one seed.
func (p Planner) arm(f File, arm Arm, seed uint64, best map[string][]Setting) (runs []*Run, err error) {
	from := arm
	if arm.Matched != "" {
		for _, a := range f.Arms {
			if a.Name == arm.Matched {
				from = a
			}
		}
	}
	where := fmt.Sprintf("%s, arm %q", f.Path, from.Name)
	base := append(settings(f.Common, f.Path+", common"), settings(from.Settings, where)...)
	base = append(base, best[from.Name]...)
	grid, err := points(merged(f.Grid, from.Grid), where)
	if err != nil {
		return nil, err
	}
	budget := f.Budget
	if arm.Budget > 0 {
		budget = arm.Budget
	}
	if err := reserved(base, grid, budget, where); err != nil {
		return nil, err
	}
	for _, point := range grid {
		all := append(append([]Setting(nil), base...), point...)
		c, err := p.Configure(f.Preset, append(all, Setting{"seed", int64(seed), f.Path + ", seeds"}))
		if err != nil {
			return nil, err
		}
		r := &Run{Arm: arm.Name, Seed: seed, Grid: map[string]any{}, spend: p.spender(budget, f.Count, where)}
		r.Point = strings.TrimSuffix(arm.Name+","+point.name(), ",")
		r.Name = fmt.Sprintf("%s,seed=%d", r.Point, seed)
		for _, s := range append(point, best[from.Name]...) {
			r.Grid[s.Name] = s.Value
		}
		if err := r.configure(c, arm, point); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		n, err := p.Samples(r.Config)
		if err != nil {
			return nil, err
		}
		r.Cost = r.Config.Cost(n)
		r.Counts = f.Count.of(r.Config, r.Cost)
		runs = append(runs, r)
	}
	return runs, nil
}

// configure gives a run its configuration, from c, which is that of its settings.
func (r *Run) configure(c train.Config, arm Arm, p point) (err error) {
	if arm.Matched == "" {
		r.Config, err = r.spend(c)
		return err
	}
	r.target = c
	alpha := c.Alpha
	if c.Adaptive {
		alpha = 1 // for the cost, which does not depend on it
		r.Matched = strings.TrimSuffix(arm.Matched+","+p.name(), ",")
	}
	return r.SetAlpha(alpha)
}

// spender is what gives configurations the length that a budget pays.
func (p Planner) spender(budget int, count Count, where string) func(train.Config) (train.Config, error) {
	return func(c train.Config) (train.Config, error) {
		if budget == 0 {
			return c, nil
		}
		n, err := p.Samples(c)
		if err != nil {
			return c, err
		}
		return Spend(c, budget, n, count)
	}
}

// reserved refuses settings that the sweep itself sets.
func reserved(base []Setting, grid []point, budget int, where string) error {
	for _, s := range append(base, grid[0]...) {
		switch {
		case s.Name == "seed":
			return wrong("%s: a seed stands among the settings: want seeds = [...] at the top of the file", s.Origin)
		case strings.ReplaceAll(s.Name, "-", "_") == "max_evals" && budget > 0:
			return wrong("%s: max_evals and budget both limit the gradient evaluations: give one of them", s.Origin)
		}
	}
	return nil
}
