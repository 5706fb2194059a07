package cuda

import (
	"errors"
	"fmt"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// A capture is a graph in the making.
type capture struct {
	streams map[driver.Stream]bool // that take part
	last    work
}

// A graph is a captured step. It is a driver.Graph.
type graph struct {
	dev  *Device
	exec cu.GraphExec // 0 after Free
	last work
}

// Capture calls step and records its work. The driver forbids calls that
// could wait in this thread only; other threads go on. An error of step is
// returned as it is.
func (d *Device) Capture(s driver.Stream, step func() error) (driver.Graph, error) {
	if err := d.idle("Capture"); err != nil {
		return nil, err
	}
	q, err := d.on("Capture", s)
	if err != nil {
		return nil, err
	}
	if err := q.stream.BeginCapture(cu.CAPTURE_THREAD_LOCAL); err != nil {
		return nil, d.check("Capture", err)
	}
	c := &capture{streams: map[driver.Stream]bool{s: true}}
	g, err := d.record(c, q, step)
	if err != nil {
		return nil, err
	}
	defer g.Destroy()
	return d.instantiate(g, q, c.last)
}

// record runs step and ends the capture, also where step panics.
func (d *Device) record(c *capture, q *queue, step func() error) (g cu.Graph, err error) {
	d.capture = c
	defer func() {
		d.capture = nil
		ended, endErr := q.stream.EndCapture()
		if err == nil && endErr != nil {
			err = d.check("Capture", explain(endErr))
		}
		if g = ended; err != nil && g != 0 {
			g.Destroy()
		}
	}()
	return 0, step()
}

// explain adds to the end of a capture what the driver's words do not say.
func explain(err error) error {
	if errors.Is(err, cu.ERROR_STREAM_CAPTURE_UNJOINED) {
		return fmt.Errorf("%w: a stream does not wait for all work of another", err)
	}
	return err
}

// instantiate makes a graph ready to launch, in which kernels have the priority of
// the stream that they were given to, if the driver knows that (CUDA 11.7).
func (d *Device) instantiate(g cu.Graph, q *queue, last work) (driver.Graph, error) {
	flags := cu.INSTANTIATE_DEFAULT
	if d.ranks {
		flags = cu.INSTANTIATE_USE_NODE_PRIORITY
	}
	exec, err := g.Instantiate(flags)
	if err != nil {
		return nil, d.check("Capture", err)
	}
	if err := exec.Upload(q.stream); err != nil {
		exec.Destroy()
		return nil, d.check("Capture", err)
	}
	out := &graph{d, exec, last}
	d.graphs[out] = true
	return out, nil
}

// Launch puts the recorded work into a stream.
func (g *graph) Launch(s driver.Stream) error {
	d := g.dev
	q, err := d.on("Graph.Launch", s)
	if err != nil {
		return err
	}
	if g.exec == 0 {
		return d.errorf("Graph.Launch: the graph was freed")
	}
	d.last = g.last
	if err := g.exec.Launch(q.stream); err != nil {
		return d.check("Graph.Launch", err)
	}
	return d.given("Graph.Launch", q, markEvery)
}

// Free releases the graph, after all work.
func (g *graph) Free() error {
	d := g.dev
	if err := d.idle("Graph.Free"); err != nil {
		return err
	}
	if g.exec == 0 {
		return d.errorf("Graph.Free: the graph was freed before")
	}
	delete(d.graphs, g)
	return d.check("Graph.Free", g.exec.Destroy())
}
