package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lbsam/train"
)

// A Collection is what folders hold: runs, and results of measurements.
type Collection struct {
	Runs    []*Run
	Results []Result
	Remarks []string // what cannot be read and is left out

	seen map[string]bool
	arms map[string]string // of runs of sweeps, by their folders
}

// Collect reads the folders at paths: runs with what was measured of them, results
// of measurements, and folders of such, as sweeps are. It is an error if a folder
// cannot be read or nothing is found in any; what is damaged is a remark, and so is
// one folder of several in which there is nothing.
func Collect(paths []string) (*Collection, error) {
	c := &Collection{seen: map[string]bool{}, arms: map[string]string{}}
	for _, path := range paths {
		list, err := find(path)
		if err != nil {
			return nil, train.FolderError{Err: fmt.Errorf("report: %w: want a run folder, or a folder with such", err)}
		}
		if len(list) == 0 {
			c.remark("%s holds no run and no result of a measurement", path)
		}
		c.take(list)
	}
	if len(c.seen) == 0 {
		return nil, train.FolderError{Err: fmt.Errorf("report: %s: want a folder with a config.toml or a result.json in it, or in its folders", strings.Join(c.Remarks, "; "))}
	}
	return c, nil
}

// Holds reports whether a folder holds a run or a result of a measurement.
func Holds(folder string) bool {
	list, err := find(folder)
	return err == nil && len(list) > 0
}

// take reads what was found and was not read before.
func (c *Collection) take(list []found) {
	runs := map[string]*Run{}
	for _, f := range list {
		name := f.path
		if whole, err := filepath.Abs(name); err == nil {
			name = whole
		}
		if c.seen[name] {
			continue
		}
		c.seen[name] = true
		if f.run {
			if runs[f.path] = c.run(f.path); runs[f.path] != nil && f.result {
				c.result(f.path, runs[f.path])
				continue
			}
		}
		if f.result {
			c.result(f.path, runs[f.within])
		}
		if f.sweep {
			c.sweep(f.path)
		}
	}
}

// Results are those of the measurements in the folders of a run, and remarks on what
// cannot be read.
func Results(r *Run) (results []Result, remarks []string, err error) {
	list, err := find(r.Path)
	if err != nil {
		return nil, nil, train.FolderError{Err: fmt.Errorf("report: %w", err)}
	}
	c := &Collection{}
	for _, f := range list {
		if f.result && (f.within == r.Path || f.path == r.Path) {
			c.result(f.path, r)
		}
	}
	return c.Results, c.Remarks, nil
}

// run takes a run folder; nil if it cannot be read.
func (c *Collection) run(path string) *Run {
	r, err := read(path)
	if err != nil {
		c.remark("%v", err)
		return nil
	}
	c.Runs = append(c.Runs, r)
	return r
}

func (c *Collection) remark(format string, args ...any) {
	c.Remarks = append(c.Remarks, fmt.Sprintf(format, args...))
}

// result takes the result of a measurement, of a run unless that is nil.
func (c *Collection) result(path string, of *Run) {
	r, err := readResult(path)
	if err != nil {
		c.remark("%s: %v", filepath.Join(path, "result.json"), err)
		return
	}
	r.Run = of
	c.Results = append(c.Results, r)
}

// sweep takes from a sweep.json, where there is one, to which arm each run belongs.
func (c *Collection) sweep(path string) {
	text, err := os.ReadFile(filepath.Join(path, "sweep.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	var table struct {
		Runs []struct{ Name, Arm, Point string }
	}
	if err == nil {
		err = json.Unmarshal(text, &table)
	}
	if err != nil {
		c.remark("%s: %v: arms are told by the settings", filepath.Join(path, "sweep.json"), err)
		return
	}
	for _, r := range table.Runs {
		c.arms[filepath.Join(path, r.Name)] = r.Point
	}
}
