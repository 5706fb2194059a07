package ptxsim

import (
	"errors"
	"fmt"

	"lbsam/kernels/driver"
)

// A capture is a graph in the making. It knows which work of each stream the
// others are ordered after, so that forks and joins are checked as on a GPU.
type capture struct {
	origin driver.Stream
	work   []func() error
	length map[driver.Stream]int                   // work of each stream
	seen   map[driver.Stream]map[driver.Stream]int // work that each stream waits for
}

// add adds work to a stream that takes part.
func (c *capture) add(what string, s driver.Stream, f func() error) error {
	if c.seen[s] == nil {
		return fmt.Errorf("ptxsim: %s: stream %d does not wait for an event of the stream that is captured", what, s)
	}
	c.length[s]++
	c.seen[s][s] = c.length[s]
	c.work = append(c.work, f)
	return nil
}

// record notes what an event stands for.
func (c *capture) record(e *event, s driver.Stream) {
	e.capture, e.seen = c, map[driver.Stream]int{}
	for t, n := range c.seen[s] {
		e.seen[t] = n
	}
}

// wait makes s wait for e and thereby take part.
func (c *capture) wait(s driver.Stream, e *event) error {
	if e.capture != c {
		return fmt.Errorf("ptxsim: Wait: the event was not recorded in this capture")
	}
	if c.seen[s] == nil {
		c.seen[s] = map[driver.Stream]int{}
	}
	for t, n := range e.seen {
		c.seen[s][t] = max(c.seen[s][t], n)
	}
	return nil
}

// joined checks that the captured stream has waited for all work.
func (c *capture) joined() error {
	for t, n := range c.length {
		if c.seen[c.origin][t] < n {
			return fmt.Errorf("ptxsim: Capture: stream %d does not wait for all work of stream %d", c.origin, t)
		}
	}
	return nil
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
	c := &capture{origin: s, length: map[driver.Stream]int{}, seen: map[driver.Stream]map[driver.Stream]int{s: {}}}
	d.capture = c
	defer func() { d.capture = nil }()
	if err := step(); err != nil {
		return nil, err
	}
	if err := c.joined(); err != nil {
		return nil, err
	}
	return &graph{d, c.work}, nil
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
