package report

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A found is a folder with something in it.
type found struct {
	path               string
	run, result, sweep bool   // it has a config.toml, a result.json, a sweep.json
	within             string // the run folder in which a result lies; "": none
}

// depthMost is how far below a folder runs are looked for.
const depthMost = 3

// find lists what lies in a folder and below it; nothing if there is no run and no
// result. Below a run are measurements of it, and a baseline.
func find(path string) ([]found, error) {
	list, err := findBelow(path, "", depthMost)
	if !slices.ContainsFunc(list, func(f found) bool { return f.run || f.result }) {
		list = nil
	}
	return list, err
}

func findBelow(path, within string, depth int) (list []found, err error) {
	f := found{path: path, run: exists(path, "config.toml"), result: exists(path, "result.json"), sweep: exists(path, "sweep.json"), within: within}
	if f.run || f.result || f.sweep {
		list = append(list, f)
	}
	if f.run {
		within, depth = path, 1
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		inner := filepath.Join(path, e.Name())
		if info, err := os.Stat(inner); err != nil || !info.IsDir() || strings.HasPrefix(e.Name(), ".") || depth == 0 { // a link to a folder is one
			continue
		}
		below, err := findBelow(inner, within, depth-1)
		if err != nil {
			return nil, err
		}
		list = append(list, below...)
	}
	return list, nil
}

func exists(folder, name string) bool {
	_, err := os.Stat(filepath.Join(folder, name))
	return err == nil
}
