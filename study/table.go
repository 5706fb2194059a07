package study

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lbsam/internal/atomicfile"
	"lbsam/train"
)

// What is in the folder of a sweep beside its runs.
const (
	tableFile  = "sweep.json"
	sheetFile  = "sweep.csv"
	alphasFile = "alphas.json" // what matched runs were matched to
	JobsFolder = "jobs"        // settings and output of each worker
)

// A Table is what became of the runs of a sweep: its sweep.json.
type Table struct {
	Kind   string `json:"kind"` // "sweep"
	File   string `json:"file"`
	Budget int    `json:"budget,omitempty"`
	Count  Count  `json:"count"`
	Runs   []Row  `json:"runs"`
}

// A Row is one run of it. Scores are those at the end.
type Row struct {
	Name       string         `json:"name"`
	Arm        string         `json:"arm"`
	Point      string         `json:"point"`
	Seed       uint64         `json:"seed"`
	Grid       map[string]any `json:"grid,omitempty"`
	Status     train.Status   `json:"status"`
	Problem    string         `json:"problem,omitempty"`
	Steps      int            `json:"steps"`
	Evals      int64          `json:"evals"`
	Counted    int64          `json:"counted_evals"` // as the sweep counts them
	Test       *train.Score   `json:"test,omitempty"`
	Validation *train.Score   `json:"validation,omitempty"`
	Best       float64        `json:"best,omitempty"`
	SelectedOn string         `json:"selected_on,omitempty"`
	Seconds    float64        `json:"seconds"`
}

// What a run of a sweep may be besides what a run folder says.
const (
	StatusWaiting train.Status = "waiting" // not begun
	StatusBlocked train.Status = "blocked" // of what it is matched to, no run is done
)

// settled reports whether a run will not change unless somebody asks.
func settled(s train.Status) bool {
	return s == train.StatusDone || s == train.StatusDiverged || s == train.StatusFailed || s == train.StatusBroken
}

// row is what the folder of a run says.
func row(r *Run, s train.Summary) Row {
	v := Row{Name: r.Name, Arm: r.Arm, Point: r.Point, Seed: r.Seed, Grid: r.Grid, Status: s.Status, Problem: s.Problem}
	if l := s.Last(); l.Epoch > 0 {
		v.Steps, v.Evals, v.Counted = l.Step, l.Evals, int64(l.Step*r.Counts)
		v.Validation, v.Best, v.SelectedOn, v.Seconds = l.Validation, l.Best, l.SelectedOn, s.Seconds()
		if l.Tested() {
			v.Test = &l.Test
		}
	}
	return v
}

// write writes the table into the folder of the sweep, as JSON and as CSV.
func (t Table) write(folder string) error {
	text, err := json.MarshalIndent(t, "", " ")
	if err == nil {
		err = replace(filepath.Join(folder, tableFile), append(text, '\n'))
	}
	if err == nil {
		err = replace(filepath.Join(folder, sheetFile), t.csv())
	}
	if err != nil {
		return train.FolderError{Err: fmt.Errorf("sweep: %w", err)}
	}
	return nil
}

// csv is the table with a column for each setting of a grid.
func (t Table) csv() []byte {
	var keys []string
	known := map[string]bool{}
	for _, r := range t.Runs {
		for _, s := range settings(r.Grid, "") {
			if !known[s.Name] {
				known[s.Name], keys = true, append(keys, s.Name)
			}
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(append(append([]string{"name", "arm"}, keys...), "seed", "status", "steps", "evals", "counted_evals",
		"test_accuracy", "test_loss", "validation_accuracy", "validation_loss", "seconds"))
	for _, r := range t.Runs {
		cells := []string{r.Name, r.Arm}
		for _, k := range keys {
			cell := ""
			if v, ok := r.Grid[k]; ok {
				cell = inName(v)
			}
			cells = append(cells, cell)
		}
		cells = append(cells, fmt.Sprint(r.Seed), string(r.Status), fmt.Sprint(r.Steps), fmt.Sprint(r.Evals), fmt.Sprint(r.Counted))
		for _, s := range []*train.Score{r.Test, r.Validation} {
			if s == nil {
				cells = append(cells, "", "")
				continue
			}
			cells = append(cells, fmt.Sprint(s.Accuracy), fmt.Sprint(s.Loss))
		}
		w.Write(append(cells, fmt.Sprintf("%.1f", r.Seconds)))
	}
	w.Flush()
	return b.Bytes()
}

// ReadTable reads the sweep.json of a folder.
func ReadTable(folder string) (t Table, err error) {
	path := filepath.Join(folder, tableFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return t, train.FolderError{Err: fmt.Errorf("%s is not the folder of a sweep: there is no %s: want one that lbsam sweep made", folder, tableFile)}
	}
	if err == nil {
		err = json.Unmarshal(text, &t)
	}
	if err == nil && t.Kind != "sweep" {
		err = fmt.Errorf("its kind is %q, want %q", t.Kind, "sweep")
	}
	if err != nil {
		return t, train.FolderError{Err: fmt.Errorf("%s: %s: lbsam sweep writes it anew", path, strings.TrimPrefix(err.Error(), path+": "))}
	}
	return t, nil
}

// replace puts a new file in the place of path.
func replace(path string, text []byte) error {
	return atomicfile.Write(path, text)
}
