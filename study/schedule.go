package study

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"lbsam/train"
)

// train keeps the workers busy until nothing is left, or ctx ends.
func (s *Sweep) train(ctx context.Context) error {
	tick := make(<-chan time.Time)
	if s.Every > 0 {
		t := time.NewTicker(s.Every)
		defer t.Stop()
		tick = t.C
	}
	done := ctx.Done()
	for {
		if ctx.Err() == nil {
			if err := s.start(); err != nil {
				s.stop()
				return err
			}
		}
		if len(s.active) == 0 {
			return nil
		}
		select {
		case w := <-s.ended:
			if err := s.end(w); err != nil {
				s.stop()
				return err
			}
		case <-tick:
			if s.Watch != nil {
				s.Watch.Progress(s.progress())
			}
		case <-done:
			done = nil
			for _, w := range s.active {
				w.terminate()
			}
		}
	}
}

// stop ends the workers because the sweep cannot go on, and waits for them.
func (s *Sweep) stop() {
	for _, w := range s.active {
		w.terminate()
	}
	for len(s.active) > 0 {
		s.forget(<-s.ended)
	}
}

// Kill ends the workers at once, without saving. Any goroutine may call it.
func (s *Sweep) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.active {
		w.kill()
	}
}

// start starts as many workers as there is room for.
func (s *Sweep) start() error {
	ready, err := s.ready()
	if err != nil {
		return err
	}
	for i, r := range ready {
		room := min(s.Jobs-len(s.active), len(ready)-i) // that many share the cores that are free
		if room <= 0 {
			break
		}
		if err := s.launch(r, max(1, s.free/room)); err != nil {
			return err
		}
	}
	return nil
}

// ready are the runs that can begin or go on.
func (s *Sweep) ready() (list []*Run, err error) {
	for i, r := range s.Runs {
		if !s.Shard.Has(i) {
			continue
		}
		if s.state[r.Name] == train.StatusRunning && s.active[r.Name] == nil { // by a process that has no parent any more
			s.state[r.Name] = s.summarize(r).Status
		}
		status := s.state[r.Name]
		if status != StatusWaiting && status != train.StatusInterrupted && !s.again(r) {
			continue
		}
		if status == StatusWaiting && r.Matched != "" {
			if ok, err := s.match(r); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
		}
		list = append(list, r)
	}
	return list, nil
}

// again reports whether a run that failed or diverged is to be tried once more.
func (s *Sweep) again(r *Run) bool {
	status := s.state[r.Name]
	return s.Retry && !s.tried[r.Name] && (status == train.StatusFailed || status == train.StatusDiverged)
}

// match gives a run the alpha of what it is matched to. It reports whether that is
// known: when each run of that point has ended, whoever trained it.
func (s *Sweep) match(r *Run) (bool, error) {
	a, ok := s.alphas[r.Matched]
	if !ok {
		var done []string
		for _, target := range s.Runs {
			if target.Point != r.Matched {
				continue
			}
			if !s.Shard.all() && s.active[target.Name] == nil { // others may have trained it since
				s.state[target.Name] = s.summarize(target).Status
			}
			status := s.state[target.Name]
			if !settled(status) || s.again(target) {
				return false, nil
			}
			if status == train.StatusDone {
				done = append(done, target.Name)
			}
		}
		if len(done) == 0 {
			s.state[r.Name] = StatusBlocked
			return false, nil
		}
		var err error
		if a, err = s.alphas.measure(s.Folder, r.Matched, done); err != nil {
			return false, err
		}
	}
	return true, r.SetAlpha(a.Alpha)
}

// launch starts a worker.
func (s *Sweep) launch(r *Run, threads int) error {
	w := Work{
		Run: r, Folder: s.path(r.Name), Settings: s.path(filepath.Join(JobsFolder, r.Name+".toml")),
		Resume: s.summarize(r).Status != StatusWaiting, Threads: threads,
	}
	if !w.Resume {
		text, err := r.Config.TOML(nil)
		if err == nil {
			err = replace(w.Settings, text)
		}
		if err != nil {
			return train.FolderError{Err: fmt.Errorf("sweep: %w", err)}
		}
	}
	log, err := os.OpenFile(s.logOf(r), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return train.FolderError{Err: fmt.Errorf("sweep: %w", err)}
	}
	k := &worker{Work: w, log: log, cmd: s.Worker(w), before: evalsOf(w.Folder), began: time.Now(), up: make(chan struct{})}
	s.state[r.Name], s.tried[r.Name] = train.StatusRunning, true
	s.mu.Lock()
	s.active[r.Name] = k
	s.mu.Unlock()
	s.free -= threads
	if s.Watch != nil {
		s.Watch.Started(w)
	}
	go k.run(s.ended)
	return nil
}

// end takes note of a worker that ended.
func (s *Sweep) end(w *worker) error {
	s.forget(w)
	s.free += w.Threads
	s.busy += w.busy
	s.trained += max(0, evalsOf(w.Folder)-w.before)
	summary := s.summarize(w.Run)
	if !settled(summary.Status) && !w.asked { // it could not begin, or was killed
		summary.Status, summary.Problem = train.StatusFailed, w.problem()
	}
	s.state[w.Run.Name] = summary.Status
	if s.Watch != nil {
		s.Watch.Ended(w.Run, summary, time.Since(w.began))
	}
	_, err := s.table()
	return err
}

func (s *Sweep) forget(w *worker) {
	s.mu.Lock()
	delete(s.active, w.Run.Name)
	s.mu.Unlock()
}
