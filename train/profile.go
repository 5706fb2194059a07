package train

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"lbsam/kernels"
)

// A Profile takes down when the operations of the first steps of a run ran, and
// writes it in the trace event format that Perfetto and Chrome's tracing page
// read. While it does so steps are not recorded and, on a device that runs PTX,
// each kernel is waited for; the result of the run does not depend on it.
type Profile struct {
	To    io.Writer
	Steps int

	began  time.Time
	events []traceEvent
	left   int // steps, while it is under way
	off    bool
}

// A traceEvent is a span of time, or what a thread is called. Times are in
// microseconds since the profile began.
type traceEvent struct {
	Name  string            `json:"name"`
	Kind  string            `json:"ph"` // X: a span; M: about a thread
	Start float64           `json:"ts"`
	Took  float64           `json:"dur"`
	Pid   int               `json:"pid"`
	Tid   int               `json:"tid"`
	Args  map[string]string `json:"args,omitempty"`
}

// The threads of a trace.
const (
	hostThread = iota + 1
	deviceThread
)

// start begins a profile of the steps of j.
func (p *Profile) start(j *Job) {
	if p == nil {
		return
	}
	p.began, p.left, p.off = time.Now(), p.Steps, j.recorder.off
	for tid, name := range map[int]string{hostThread: "training", deviceThread: "operations on " + j.Device.Name()} {
		p.events = append(p.events, traceEvent{Name: "thread_name", Kind: "M", Pid: 1, Tid: tid, Args: map[string]string{"name": name}})
	}
	j.recorder.off = true
	j.Device.Trace(func(s kernels.Span) {
		p.add(deviceThread, s.Name, s.Start, s.Took, map[string]string{"operands": s.Operands})
	})
}

func (p *Profile) add(tid int, name string, start time.Time, took time.Duration, args map[string]string) {
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
	p.events = append(p.events, traceEvent{name, "X", us(start.Sub(p.began)), us(took), 1, tid, args})
}

// step notes that a step of j has run since start, and ends the profile behind
// the last one.
func (p *Profile) step(j *Job, start time.Time) error {
	if p == nil || p.left == 0 {
		return nil
	}
	j.Device.Sync()
	p.add(hostThread, fmt.Sprint("step ", j.at.Step+1), start, time.Since(start), nil)
	if p.left--; p.left > 0 {
		return nil
	}
	return p.end(j)
}

// end ends a profile that is under way and writes it.
func (p *Profile) end(j *Job) error {
	if p == nil || p.events == nil {
		return nil
	}
	j.Device.Trace(nil)
	j.recorder.off, p.left = p.off, 0
	err := json.NewEncoder(p.To).Encode(map[string]any{"displayTimeUnit": "ms", "traceEvents": p.events})
	p.events = nil
	if err != nil {
		return FolderError{fmt.Errorf("train: the profile: %w", err)}
	}
	return nil
}
