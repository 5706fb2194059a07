package golden

import (
	"fmt"
	"io"
	"regexp"
	"time"

	"lbsam/kernels"
)

// Options says what Verify does. The zero Options replay the built-in traces
// freely on the CPU.
type Options struct {
	File      string // of traces; "": those that come with the program
	Device    string // "": cpu
	Precision kernels.Dtype
	Threads   int    // of the device cpu; 0: all processors
	Lockstep  bool   // judge each operation by itself
	NoReuse   bool   // take 2k gradients for a step of Lookbehind, not k+1
	Filter    string // a regular expression for the names of traces; "": all
	JSON      bool   // one object per line instead of text
}

// Verify replays traces and writes a line about each, as soon as it is known,
// and one about all of them. It returns how many failed. Where the device
// fails the error is a *kernels.Fault.
func Verify(w io.Writer, o Options) (failed int, err error) {
	traces, err := o.traces()
	if err != nil {
		return 0, err
	}
	if o.Device == "" {
		o.Device = "cpu"
	}
	d, err := kernels.Open(kernels.Config{Name: o.Device, Precision: o.Precision, Threads: o.Threads})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	return o.verifyAll(w, traces, d)
}

// verifyAll verifies d.
func (o Options) verifyAll(w io.Writer, traces []*Trace, d *kernels.Device) (failed int, err error) {
	defer kernels.Recover(&err)
	p := newPrinter(w, o.JSON, traces)
	for _, t := range traces {
		r, err := o.verify(t, d)
		if err != nil {
			return failed, err
		}
		if !r.Pass {
			failed++
		}
		if err := p.report(r); err != nil {
			return failed, fmt.Errorf("golden: %w", err)
		}
	}
	return failed, p.summary(len(traces), failed)
}

// traces are those that the filter lets through.
func (o Options) traces() (chosen []*Trace, err error) {
	filter, err := regexp.Compile(o.Filter)
	if err != nil {
		return nil, fmt.Errorf("golden: the filter: %w", err)
	}
	all, err := Load(o.File)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if filter.MatchString(t.Name()) {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("golden: the filter %q matches none of %d traces; one of them is %s", o.Filter, len(all), all[0].Name())
	}
	return chosen, nil
}

// verify judges one trace. In lockstep the reference, against which the device
// is held, is itself held to the trace.
func (o Options) verify(t *Trace, d *kernels.Device) (Report, error) {
	r, start := Report{Trace: t.Name()}, time.Now()
	if o.Lockstep {
		n, a, err := Lockstep(t, d, !o.NoReuse)
		if err != nil {
			return r, err
		}
		r.Checks, r.Lockstep = Judge(t, n, kernels.Float64), &a
	} else {
		n, err := Replay(t, d, !o.NoReuse)
		if err != nil {
			return r, err
		}
		r.Checks = Judge(t, n, d.Precision())
	}
	r.Pass, r.Seconds = len(r.failures()) == 0, time.Since(start).Seconds()
	return r, nil
}
