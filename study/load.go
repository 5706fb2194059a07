package study

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lbsam/train"
)

// A Trial is a run that is to be compared.
type Trial struct {
	Arm string // the point of a sweep, or the settings that make the run another one
	train.Summary
}

// Seed is that of the run.
func (t Trial) Seed() uint64 { return t.Config.Seed }

// Load reads what became of runs: of run folders, of sweeps, and of folders of run
// folders. Arms of sweeps are called as there, with the folder's name before them
// if there are several sweeps; other runs are one arm where nothing but the seed
// differs.
func Load(paths []string) (list []Trial, err error) {
	sweeps := 0
	for _, path := range paths {
		if isSweep(path) {
			sweeps++
		}
	}
	var loose []Trial
	for _, path := range paths {
		switch {
		case isSweep(path):
			t, err := ReadTable(path)
			if err != nil {
				return nil, err
			}
			for _, r := range t.Runs {
				name := r.Point
				if sweeps > 1 {
					name = filepath.Base(path) + "/" + name
				}
				list = append(list, Trial{name, trialOf(path, r)})
			}
		case isRun(path):
			loose = append(loose, Trial{"", train.Summarize(path)})
		default:
			runs, err := runsIn(path)
			if err != nil {
				return nil, err
			}
			loose = append(loose, runs...)
		}
	}
	label(loose)
	return append(list, loose...), nil
}

// trialOf is what the folder of a run of a sweep says, or its row where there is
// none.
func trialOf(folder string, r Row) train.Summary {
	s := train.Summary{Path: filepath.Join(folder, r.Name), Status: r.Status, Problem: r.Problem}
	if isRun(s.Path) {
		s = train.Summarize(s.Path)
	} else {
		s.Config.Seed = r.Seed
	}
	return s
}

func isSweep(path string) bool {
	_, err := os.Stat(filepath.Join(path, tableFile))
	return err == nil
}

func isRun(path string) bool {
	_, err := os.Stat(filepath.Join(path, "config.toml"))
	return err == nil
}

// runsIn are the run folders in a folder.
func runsIn(folder string) (list []Trial, err error) {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if path := filepath.Join(folder, e.Name()); isRun(path) {
			list = append(list, Trial{"", train.Summarize(path)})
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s is not there: want a run folder, a sweep or a folder of runs", folder)
	} else if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s has no runs: want a run folder, a sweep or a folder of runs", folder)
	}
	if err != nil {
		return nil, train.FolderError{Err: err}
	}
	return list, nil
}

// label gives runs that are of no sweep the name of their arm: the minimizer, and
// the settings in which the runs with that minimizer differ.
func label(runs []Trial) {
	for i := range runs {
		t := &runs[i]
		if t.Status == train.StatusBroken {
			t.Arm = filepath.Base(t.Path)
			continue
		}
		names, mine := values(t.Config)
		words := []string{t.Config.Minimizer}
		for _, name := range names {
			if name == "seed" || name == "minimizer" {
				continue
			}
			differs := slices.ContainsFunc(runs, func(o Trial) bool {
				if o.Status == train.StatusBroken || o.Config.Minimizer != t.Config.Minimizer {
					return false
				}
				_, theirs := values(o.Config)
				return theirs[name] != mine[name]
			})
			if differs {
				words = append(words, name+"="+strings.ReplaceAll(mine[name], ", ", "+"))
			}
		}
		t.Arm = strings.Join(words, ",")
	}
}
