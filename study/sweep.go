package study

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"lbsam/train"
)

// A Sweep trains the runs of a plan that are missing in a folder, each in a
// process of its own.
type Sweep struct {
	Folder string
	File   File
	Runs   []*Run // all of the plan
	Shard  Shard  // which of them; the zero value: all
	Jobs   int    // processes at a time
	Cores  int    // that they share
	Retry  bool   // what failed or diverged, too

	// Worker is the process that trains: anew with the settings of a file into
	// an empty folder, or one that takes up the run in the folder.
	Worker func(w Work) *exec.Cmd
	Watch  Watcher       // may be nil
	Every  time.Duration // between calls of Watch.Progress; 0: none

	lock    []*flock.Flock
	state   map[string]train.Status // by name
	tried   map[string]bool         // in this process
	mu      sync.Mutex              // of active: Kill reads it
	active  map[string]*worker
	ended   chan *worker
	free    int           // cores
	alphas  alphas        // that matched runs were given
	busy    time.Duration // of processors, in workers that ended
	trained int           // gradient evaluations of this process, in runs that ended
	began   time.Time
}

// Work is what a worker is asked for.
type Work struct {
	Run      *Run
	Folder   string // of the run
	Settings string // file with them, as config.toml
	Resume   bool   // the run in Folder goes on
	Threads  int
}

// A Watcher hears how a sweep goes. Its methods are called by one goroutine.
type Watcher interface {
	Started(w Work)
	Ended(r *Run, s train.Summary, took time.Duration)
	Progress(p Progress)
}

// An Outcome is how a sweep ended.
type Outcome struct {
	Table Table
	Busy  float64 // part of the time of the cores that workers used; 0: none ran
}

// Run trains what is missing. When ctx ends it asks the workers to save, waits for
// them and returns. The error is about the sweep: what became of the runs stands
// in the outcome's table.
func (s *Sweep) Run(ctx context.Context) (Outcome, error) {
	if err := s.open(); err != nil {
		return Outcome{}, err
	}
	defer s.close()
	if err := s.survey(); err != nil {
		return Outcome{}, err
	}
	s.began = time.Now()
	err := s.train(ctx)
	table, e := s.table()
	if err == nil {
		err = e
	}
	o := Outcome{Table: table}
	if s.busy > 0 {
		o.Busy = s.busy.Seconds() / time.Since(s.began).Seconds() / float64(s.Cores)
	}
	return o, err
}

// open makes the folder and locks it.
func (s *Sweep) open() error {
	if isRun(s.Folder) {
		return train.FolderError{Err: fmt.Errorf("sweep: %s is the folder of a run: choose another --out", s.Folder)}
	}
	if err := os.MkdirAll(filepath.Join(s.Folder, JobsFolder), 0o755); err != nil {
		return train.FolderError{Err: fmt.Errorf("sweep: %w", err)}
	}
	s.state, s.tried, s.active, s.ended = map[string]train.Status{}, map[string]bool{}, map[string]*worker{}, make(chan *worker)
	s.free = s.Cores
	var err error
	if s.lock, err = s.Shard.lock(s.Folder); err != nil {
		return err
	}
	s.alphas, err = readAlphas(s.Folder)
	return err
}

func (s *Sweep) close() {
	for _, l := range s.lock {
		l.Unlock()
	}
}

func (s *Sweep) path(name string) string { return filepath.Join(s.Folder, name) }

// survey looks at what is there, and refuses to go on with settings that are no
// longer those of a run.
func (s *Sweep) survey() error {
	for _, r := range s.Runs {
		summary := s.summarize(r)
		s.state[r.Name] = summary.Status
		if summary.Status == StatusWaiting || summary.Status == train.StatusBroken {
			continue
		}
		if r.Matched != "" {
			alpha, ok := s.alphas[r.Matched]
			if !ok {
				return train.FolderError{Err: fmt.Errorf("%s has run, and %s does not say to which alpha: remove that folder, and it is trained again", summary.Path, s.path(alphasFile))}
			}
			if err := r.SetAlpha(alpha.Alpha); err != nil {
				return err
			}
		}
		if what := differ(r.Config, summary.Config); what != "" {
			return train.FolderError{Err: fmt.Errorf("%s was trained with other settings than those of %[3]s: %[2]s: choose another --out, or give the arm another name", summary.Path, what, s.File.Path)}
		}
	}
	_, err := s.table()
	return err
}

// summarize is what became of a run.
func (s *Sweep) summarize(r *Run) train.Summary {
	path := s.path(r.Name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return train.Summary{Path: path, Status: StatusWaiting}
	}
	summary := train.Summarize(path)
	if _, err := os.Stat(filepath.Join(path, "config.toml")); errors.Is(err, fs.ErrNotExist) && summary.Status == train.StatusBroken {
		summary.Status, summary.Problem = StatusWaiting, "" // killed before it began, or about to begin
	}
	return summary
}

// table writes sweep.json, of all runs whoever trained them, and returns it.
func (s *Sweep) table() (Table, error) {
	t := Table{Kind: "sweep", File: s.File.Path, Budget: s.File.Budget, Count: s.File.Count}
	for _, r := range s.Runs {
		summary := s.summarize(r)
		if known := s.state[r.Name]; summary.Status == StatusWaiting && known != "" {
			summary.Status = known // it failed before it had a folder, or is blocked
			summary.Problem = lastWords(s.logOf(r))
		}
		t.Runs = append(t.Runs, row(r, summary))
	}
	return t, t.write(s.Folder)
}
