// Package report makes a page of a run: one HTML file that needs no network and
// no script.
package report

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lbsam/train"
)

// A Run is what a run folder says.
type Run struct {
	Path        string
	Config      train.Config
	Commands    []string // command lines, one per start
	Remarks     []string // what became of them: resumed, interrupted, diverged
	Environment map[string]any
	Intervals   []train.Interval
	Epochs      []train.Epoch
	Damaged     int // lines of metrics.jsonl that cannot be read
	Done        bool
	Hash        string // SHA-256 of last.safetensors; "": there is none
}

// Read reads the run folder at path. Only config.toml must be there: the metrics
// of a run that was killed may be missing or end within a line.
func Read(path string) (*Run, error) {
	r, err := read(path)
	if err == nil {
		r.Hash, err = hash(filepath.Join(path, weightsName))
	}
	return r, err
}

// weightsName is the file of the last weights.
const weightsName = "last.safetensors"

// HasWeights reports whether the run has last weights.
func (r *Run) HasWeights() bool { return exists(r.Path, weightsName) }

// read reads a run folder without its hash.
func read(path string) (*Run, error) {
	config, err := train.ReadConfig(path)
	if err != nil {
		return nil, err
	}
	r := &Run{Path: path, Config: config, Environment: map[string]any{}}
	for _, part := range []struct {
		name string
		take func([]byte) error
	}{
		{"command", r.takeCommands},
		{"env.json", r.takeEnvironment},
		{"metrics.jsonl", r.takeMetrics},
		{"DONE", func([]byte) error { r.Done = true; return nil }},
	} {
		text, err := os.ReadFile(filepath.Join(path, part.name))
		if err == nil {
			err = part.take(text)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, train.FolderError{Err: fmt.Errorf("report: %s: %w", filepath.Join(path, part.name), err)}
		}
	}
	return r, nil
}

func (r *Run) takeCommands(text []byte) error {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if remark, ok := strings.CutPrefix(line, "# "); ok {
			r.Remarks = append(r.Remarks, strings.TrimPrefix(remark, "train: "))
		} else if line != "" {
			r.Commands = append(r.Commands, line)
		}
	}
	return nil
}

// takeEnvironment takes what can be read: the run does not depend on it.
func (r *Run) takeEnvironment(text []byte) error {
	if json.Unmarshal(text, &r.Environment) != nil || r.Environment == nil {
		r.Environment = map[string]any{}
	}
	return nil
}

func (r *Run) takeMetrics(text []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		r.takeLine(lines.Bytes())
	}
	return lines.Err()
}

func (r *Run) takeLine(line []byte) {
	var kind struct{ Kind string }
	err := json.Unmarshal(line, &kind)
	switch kind.Kind {
	case "interval":
		var v train.Interval
		if err = json.Unmarshal(line, &v); err == nil {
			r.Intervals = append(r.Intervals, v)
		}
	case "epoch":
		var e train.Epoch
		if err = json.Unmarshal(line, &e); err == nil {
			r.Epochs = append(r.Epochs, e)
		}
	}
	if err != nil {
		r.Damaged++
	}
}

// hash is the SHA-256 of a file, "" if there is none.
func hash(path string) (string, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", train.FolderError{Err: fmt.Errorf("report: %w", err)}
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", train.FolderError{Err: fmt.Errorf("report: %w", err)}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// last is the last epoch that ended; its Epoch is 0 if there is none.
func (r *Run) last() train.Epoch {
	if len(r.Epochs) == 0 {
		return train.Epoch{}
	}
	return r.Epochs[len(r.Epochs)-1]
}

// at is how far the run came: steps and gradient evaluations.
func (r *Run) at() (steps int, evals int64) {
	steps, evals = r.last().Step, r.last().Evals
	if n := len(r.Intervals); n > 0 && r.Intervals[n-1].Step > steps {
		steps, evals = r.Intervals[n-1].Step, r.Intervals[n-1].Evals
	}
	return steps, evals
}

// seconds is the time spent on training, evaluations not counted.
func (r *Run) seconds() (sum float64) {
	for _, e := range r.Epochs {
		sum += e.Seconds
	}
	for _, v := range r.Intervals { // of the epoch that did not end
		if v.Epoch > r.last().Epoch && v.ImagesPerSecond > 0 {
			sum += float64(v.Images) / v.ImagesPerSecond
		}
	}
	return sum
}
