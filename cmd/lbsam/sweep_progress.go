package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"lbsam/study"
	"lbsam/train"
)

// redrawn is how often the line about a sweep is drawn again on a terminal.
const redrawn = time.Second / 2

// A sweepProgress shows how a sweep goes: a line per run that ended and, on a
// terminal, one that changes below them. It is a study.Watcher.
type sweepProgress struct {
	*app

	mu    sync.Mutex
	drawn bool // the line that changes is on the screen
	said  time.Time
}

// sparse is how much rarer a line about a sweep is, where there is no terminal,
// than one about a run.
const sparse = 12

// Started says nothing: the line that changes counts the run.
func (p *sweepProgress) Started(study.Work) {}

// Ended leaves a line about a run.
func (p *sweepProgress) Ended(r *study.Run, s train.Summary, took time.Duration) {
	text := string(s.Status)
	if l := s.Last(); l.Epoch > 0 {
		if l.Tested() {
			text += fmt.Sprintf("  test %s", percent(l.Test.Accuracy))
		}
		if l.Validation != nil {
			text += fmt.Sprintf("  validation %s", percent(l.Validation.Accuracy))
		}
	}
	if s.Problem != "" {
		text += ": " + s.Problem
	}
	p.say(fmt.Sprintf("%s  %s  %.1f s", r.Name, text, took.Seconds()))
}

// Progress draws the line that changes.
func (p *sweepProgress) Progress(at study.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	eta := "eta unknown"
	if at.Left > 0 {
		eta = "eta " + duration(at.Left)
	}
	text := fmt.Sprintf("sweep %d/%d  %d running  %d%% of %s  %s", at.Over, at.Runs, at.Running,
		100*at.Evals/max(at.Total, 1), count(at.Total, "gradient evaluation"), eta)
	switch {
	case p.terminal:
		fmt.Fprint(p.stderr, "\r\x1b[K", text)
		p.drawn = true
	case time.Since(p.said) >= sparse*p.every:
		fmt.Fprintln(p.stderr, text)
		p.said = time.Now()
	}
}

// say leaves a line on the screen.
func (p *sweepProgress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
	fmt.Fprintln(p.stderr, strings.ReplaceAll(text, "\n", "; "))
}

// clear takes away the line that changes.
func (p *sweepProgress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
}

func (p *sweepProgress) wipe() {
	if p.drawn {
		fmt.Fprint(p.stderr, "\r\x1b[K")
		p.drawn = false
	}
}
