package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"lbsam/train"
)

// A jsonLog writes what happens in a run as lines of JSON, those of
// metrics.jsonl among them. It is a train.Watcher.
type jsonLog struct{ out io.Writer }

// line writes v as a line.
func (l jsonLog) line(v any) {
	text, err := json.Marshal(v)
	if err != nil { // a number that is not finite
		text = fmt.Appendf(nil, `{"kind":"error","message":%q}`, err)
	}
	l.out.Write(append(text, '\n'))
}

// Step says nothing.
func (l jsonLog) Step(train.Progress) {}

// Interval writes v.
func (l jsonLog) Interval(v train.Interval) { l.line(v) }

// Epoch writes e.
func (l jsonLog) Epoch(e train.Epoch) { l.line(e) }

// message writes a text for people.
func (l jsonLog) message(text string) {
	l.line(struct {
		Kind string `json:"kind"` // "message"
		Text string `json:"text"`
	}{"message", text})
}

// A messages writer makes messages of the lines of a text: what says something
// to people keeps to JSON that way, whoever wrote it.
type messages struct {
	log  jsonLog
	mu   sync.Mutex
	part []byte // of the line that has not ended
}

// Write never fails.
func (m *messages) Write(text []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.part = append(m.part, text...)
	for {
		line, rest, ended := bytes.Cut(m.part, []byte("\n"))
		if !ended {
			return len(text), nil
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			m.log.message(string(line))
		}
		m.part = rest
	}
}

// failed writes the error that ended the program.
func (l jsonLog) failed(code int, message string) {
	l.line(struct {
		Kind    string `json:"kind"` // "error"
		Code    int    `json:"code"` // with which the program exits
		Message string `json:"message"`
	}{"error", code, message})
}

// stopped writes what became of an interruption.
func (l jsonLog) stopped(step int, d time.Duration, resume string) {
	l.line(struct {
		Kind    string  `json:"kind"` // "stopped"
		Step    int     `json:"step"`
		Seconds float64 `json:"seconds"` // to save
		Resume  string  `json:"resume,omitempty"`
	}{"stopped", step, d.Seconds(), resume})
}

// begin writes what is about to run.
func (l jsonLog) begin(s *session) {
	j, c := s.job, s.job.Config
	run := ""
	if s.folder != nil {
		run = s.folder.Path
	}
	l.line(struct {
		Kind      string   `json:"kind"` // "start"
		Version   string   `json:"version"`
		Device    string   `json:"device"`
		Seed      uint64   `json:"seed"`
		Settings  string   `json:"settings"` // where they come from
		Dataset   string   `json:"dataset"`
		Train     int      `json:"train_images"`
		Test      int      `json:"test_images"`
		Classes   int      `json:"classes"`
		Model     string   `json:"model"`
		Params    int      `json:"params"`
		Minimizer string   `json:"minimizer"`
		Evals     int      `json:"evals_per_step"`
		Epochs    int      `json:"epochs"`
		Run       string   `json:"run,omitempty"`
		Notes     []string `json:"notes,omitempty"`
	}{
		"start", version, deviceText(j.Device), c.Seed, s.origin(), c.Dataset, j.Data.Train.N, j.Data.Test.N, len(j.Data.Classes),
		c.Model, j.Params.Count(), c.Minimizer, j.Evals(), c.Epochs, run, s.notes(),
	})
}
