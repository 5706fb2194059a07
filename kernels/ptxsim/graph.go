package ptxsim

import (
	"errors"
	"fmt"

	"lbsam/kernels/driver"
)

// A capture is a graph in the making: the work of each stream, and how much of
// the others each piece waits for, so that forks and joins are checked as on a GPU.
type capture struct {
	origin driver.Stream
	work   map[driver.Stream][]piece
	seen   map[driver.Stream]progress // what each stream that takes part waits for
}

// A piece is work that waits for all before it in its stream, and for some of others.
type piece struct {
	do    func() error
	after progress
}

// A progress is how many pieces of each stream are done. It never changes.
type progress map[driver.Stream]int

// and is the work of both.
func (p progress) and(q progress) progress {
	all := progress{}
	for _, part := range []progress{p, q} {
		for s, n := range part {
			all[s] = max(all[s], n)
		}
	}
	return all
}

func newCapture(origin driver.Stream) *capture {
	return &capture{origin: origin, work: map[driver.Stream][]piece{}, seen: map[driver.Stream]progress{origin: {}}}
}

// add adds work to a stream that takes part.
func (c *capture) add(what string, s driver.Stream, f func() error) error {
	if c.seen[s] == nil {
		return fmt.Errorf("ptxsim: %s: stream %d does not wait for an event of the stream that is captured", what, s)
	}
	c.work[s] = append(c.work[s], piece{f, c.seen[s]})
	return nil
}

// record notes what an event stands for.
func (c *capture) record(e *event, s driver.Stream) {
	e.capture, e.seen = c, c.seen[s].and(progress{s: len(c.work[s])})
}

// wait makes s wait for e and thereby take part.
func (c *capture) wait(s driver.Stream, e *event) error {
	if e.capture != c {
		return fmt.Errorf("ptxsim: Wait: the event was not recorded in this capture")
	}
	c.seen[s] = c.seen[s].and(e.seen)
	return nil
}

// joined checks that the captured stream has waited for all work.
func (c *capture) joined() error {
	for s, work := range c.work {
		if s != c.origin && c.seen[c.origin][s] < len(work) {
			return fmt.Errorf("ptxsim: Capture: stream %d does not wait for all work of stream %d", c.origin, s)
		}
	}
	return nil
}

// late is all work in an order that a GPU may choose: what is not of the captured
// stream comes as late as allowed. Outside of a capture it is done when it is
// given, as early as can be, so that work that ought to have waited, for one side
// or the other, finds other numbers there than here.
func (c *capture) late() (all []func() error) {
	done := progress{}
	var upTo func(s driver.Stream, n int)
	upTo = func(s driver.Stream, n int) {
		for done[s] < n {
			next := c.work[s][done[s]]
			for t, m := range next.after {
				if t != s {
					upTo(t, m)
				}
			}
			all = append(all, next.do)
			done[s]++
		}
	}
	upTo(c.origin, len(c.work[c.origin]))
	for s, n := range c.seen[c.origin] {
		upTo(s, n)
	}
	return all
}

// A graph is the work of a captured step. It is a driver.Graph.
type graph struct {
	dev  *Device
	work []func() error
}

// Capture calls step and records its work.
func (d *Device) Capture(s driver.Stream, step func() error) (driver.Graph, error) {
	if err := d.outside("Capture"); err != nil {
		return nil, err
	}
	if !d.streams[s] {
		return nil, fmt.Errorf("ptxsim: Capture: unknown stream %d", s)
	}
	c := newCapture(s)
	d.capture = c
	defer func() { d.capture = nil }()
	if err := step(); err != nil {
		return nil, err
	}
	if err := c.joined(); err != nil {
		return nil, err
	}
	return &graph{d, c.late()}, nil
}

// Launch does the recorded work. Inside a capture it becomes part of that.
func (g *graph) Launch(s driver.Stream) error {
	return g.dev.give("Graph.Launch", s, nil, func() error {
		for _, f := range g.work {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	})
}

// Free forgets the work.
func (g *graph) Free() error {
	g.work = []func() error{func() error { return errors.New("ptxsim: Graph.Launch: the graph was freed") }}
	return nil
}
