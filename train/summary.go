package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// A Status is what became of a run.
type Status string

const (
	StatusDone        Status = "done"
	StatusRunning     Status = "running"     // a process has it
	StatusInterrupted Status = "interrupted" // stopped or killed
	StatusDiverged    Status = "diverged"
	StatusFailed      Status = "failed" // an error ended it
	StatusBroken      Status = "broken" // the folder cannot be read
)

// A Summary is what a run folder says in short.
type Summary struct {
	Path    string
	Status  Status
	Problem string // what is wrong with the folder, or with the run that failed; "": nothing
	Started time.Time
	Config  Config
	Epochs  []Epoch // those that ended
	State   bool    // there is one, from which the run can go on
}

// Last is the last epoch that ended; its Epoch is 0 if there is none.
func (s Summary) Last() Epoch {
	if len(s.Epochs) == 0 {
		return Epoch{}
	}
	return s.Epochs[len(s.Epochs)-1]
}

// Seconds is the time of training in the epochs that ended, in seconds.
func (s Summary) Seconds() (sum float64) {
	for _, e := range s.Epochs {
		sum += e.Seconds
	}
	return sum
}

// Summarize reads the run folder at path, whatever state it is in. It changes
// nothing, and a process that uses the folder does not notice.
func Summarize(path string) Summary {
	s := Summary{Path: path, Status: StatusBroken}
	s.Started = started(path)
	var err error
	s.Config, err = ReadConfig(path)
	if errors.Is(err, fs.ErrNotExist) {
		s.Problem = "there is no config.toml"
		return s
	}
	if err != nil {
		s.Problem = strings.ReplaceAll(strings.TrimPrefix(err.Error(), "train: "), "\n", "; ")
		return s
	}
	_, err = os.Stat(filepath.Join(path, "state.safetensors"))
	s.State = err == nil
	running := inUse(path) // first: a run that ends just now leaves a status
	s.Status, s.Problem = ended(path)
	if running {
		s.Status, s.Problem = StatusRunning, ""
	}
	if err := s.readEpochs(); err != nil {
		s.Problem = err.Error()
	}
	return s
}

// started is when a run began, or when its folder was changed if that is not
// known.
func started(path string) time.Time {
	var env struct{ Time time.Time }
	text, err := os.ReadFile(filepath.Join(path, "env.json"))
	if err == nil && json.Unmarshal(text, &env) == nil && !env.Time.IsZero() {
		return env.Time
	}
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// ended is what became of a run that no process has: DONE says so, or the last
// line of its file of commands, if that is a remark.
func ended(path string) (Status, string) {
	if _, err := os.Stat(filepath.Join(path, "DONE")); err == nil {
		return StatusDone, ""
	}
	text, _ := os.ReadFile(filepath.Join(path, "command")) // without it: killed
	last := strings.TrimSpace(string(text))
	last = last[strings.LastIndexByte(last, '\n')+1:]
	remark, ok := strings.CutPrefix(last, "# ")
	switch {
	case strings.HasPrefix(remark, divergedText):
		return StatusDiverged, ""
	case !ok || strings.HasPrefix(remark, interruptedText) || strings.HasPrefix(remark, "resumed"):
		return StatusInterrupted, ""
	}
	return StatusFailed, strings.TrimPrefix(remark, "train: ")
}

// readEpochs reads the epochs of metrics.jsonl. A run that is killed may leave
// half a line at the end; another one that cannot be read is an error.
func (s *Summary) readEpochs() error {
	text, err := os.ReadFile(filepath.Join(s.Path, "metrics.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<24)
	bad, number := 0, 0
	for lines.Scan() {
		number++
		line := lines.Bytes()
		var e Epoch
		if bytes.HasPrefix(line, []byte(`{"kind":"interval"`)) {
			continue // most are
		}
		if err := json.Unmarshal(line, &e); err != nil || e.Kind != "epoch" {
			bad = number
			continue
		}
		s.Epochs = append(s.Epochs, e)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("metrics.jsonl: %w", err)
	}
	if bad > 0 {
		return fmt.Errorf("metrics.jsonl: line %d is damaged", bad)
	}
	return nil
}

// inUse reports whether a process has the folder at path locked. To find out it
// shares the lock for a moment, which open allows for.
func inUse(path string) bool {
	l := flock.New(filepath.Join(path, lockName), flock.SetFlag(os.O_RDONLY))
	ok, err := l.TryRLock()
	if err != nil {
		return false // there is no lock, or none that can be read
	}
	l.Unlock()
	return !ok
}
