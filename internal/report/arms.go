package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"lbsam/train"
)

// An arm is the runs that differ in nothing but their seeds.
type arm struct {
	Name     string
	Runs     []*Run
	settings []setting // that make it
}

// elsewhere are the settings that do not make another arm: those of the seed, of the
// machine, and of what is kept.
func elsewhere(name string) bool {
	return slices.Contains([]string{"seed", "data", "device", "threads", "graphs", "log_every", "save_every", "tensorboard"}, name)
}

// grouped puts runs into arms, and lists the settings in which these differ. The arm
// of a run of a sweep is the one that the sweep says.
func (c *Collection) grouped() (arms []*arm, differ []string) {
	all := make([][]setting, len(c.Runs))
	for i, r := range c.Runs {
		all[i] = decisive(beside(r.Config, train.Config{}))
	}
	differ = slices.DeleteFunc(differing(all), c.idle)
	known := map[string]*arm{}
	var unnamed []*arm
	for i, r := range c.Runs {
		name, named := c.arms[r.Path]
		key := fmt.Sprint(all[i])
		if named {
			key = "sweep " + filepath.Dir(r.Path) + name
		}
		a := known[key]
		if a == nil {
			a = &arm{Name: name, settings: all[i]}
			if known[key], arms = a, append(arms, a); !named {
				a.Name = r.Config.Minimizer
				unnamed = append(unnamed, a)
			}
		}
		a.Runs = append(a.Runs, r)
	}
	tellApart(unnamed)
	unique(arms)
	for _, a := range arms {
		slices.SortStableFunc(a.Runs, func(x, y *Run) int { return cmp.Compare(x.Config.Seed, y.Config.Seed) })
	}
	return arms, differ
}

// idle reports whether a setting has no effect on any run.
func (c *Collection) idle(name string) bool {
	return name == "milestones" && !slices.ContainsFunc(c.Runs, func(r *Run) bool { return r.Config.Schedule == "multistep" })
}

// tellApart adds settings to names that several arms have: first those with the most
// values.
func tellApart(arms []*arm) {
	groups := map[string][]*arm{}
	for _, a := range arms {
		groups[a.Name] = append(groups[a.Name], a)
	}
	for _, group := range groups {
		best, most := -1, 1
		for i := range group[0].settings {
			values := map[string]bool{}
			for _, a := range group {
				values[a.settings[i].Value] = true
			}
			if len(values) > most {
				best, most = i, len(values)
			}
		}
		if best >= 0 { // there is more than one
			for _, a := range group {
				a.Name += ", " + a.settings[best].Name + " " + plain(a.settings[best].Value)
			}
			tellApart(group)
		}
	}
}

// differing are the names of settings in which runs differ.
func differing(all [][]setting) (names []string) {
	if len(all) == 0 {
		return nil
	}
	for i, s := range all[0] {
		if slices.ContainsFunc(all, func(other []setting) bool { return other[i].Value != s.Value }) {
			names = append(names, s.Name)
		}
	}
	return names
}

// decisive are the settings that make an arm.
func decisive(all []setting) []setting {
	return slices.DeleteFunc(all, func(s setting) bool { return elsewhere(s.Name) })
}

// unique tells arms of one name apart: those of several sweeps by the folder, others
// by numbers.
func unique(arms []*arm) {
	groups := map[string][]*arm{}
	for _, a := range arms {
		groups[a.Name] = append(groups[a.Name], a)
	}
	for _, group := range groups {
		folders := map[string]bool{}
		for _, a := range group {
			folders[a.folder()] = true
		}
		for i, a := range group {
			switch {
			case len(group) > 1 && len(folders) == len(group):
				a.Name = a.folder() + "/" + a.Name
			case i > 0:
				a.Name = fmt.Sprintf("%s (%d)", a.Name, i+1)
			}
		}
	}
}

// folder is the name of the folder in which the runs lie.
func (a *arm) folder() string { return filepath.Base(filepath.Dir(a.Runs[0].Path)) }

// over is the spread over the runs of which an epoch has ended.
func (a *arm) over(of func(*Run) float64) spread {
	var list []float64
	for _, r := range a.Runs {
		if len(r.Epochs) > 0 {
			list = append(list, of(r))
		}
	}
	return spreadOf(list)
}

// seeds lists those of the runs.
func (a *arm) seeds() string {
	const most = 12
	var words []string
	for i, r := range a.Runs {
		if i == most {
			words = append(words, fmt.Sprintf("and %d more", len(a.Runs)-most))
			break
		}
		words = append(words, fmt.Sprint(r.Config.Seed))
	}
	return strings.Join(words, ", ")
}

// standing counts the runs by how they stand: "3 done, 1 diverged".
func (a *arm) standing() string {
	count := map[string]int{}
	var order []string
	for _, r := range a.Runs {
		word := r.status().Word
		if count[word]++; count[word] == 1 {
			order = append(order, word)
		}
	}
	for i, word := range order {
		order[i] = fmt.Sprintf("%d %s", count[word], word)
	}
	return strings.Join(order, ", ")
}
