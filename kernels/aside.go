package kernels

import (
	"slices"

	"lbsam/kernels/driver"
)

// A queue is a stream of a device that runs PTX, with the memory that its kernels
// need between their stages. Kernels of two queues may run at once, and so never
// share any.
type queue struct {
	stream   driver.Stream
	scratch  []Buffer // see work
	partials []Buffer // see sums
	counters []Buffer // see tickets
}

// forks are where the second queue leaves the first, and comes back to it.
type forks struct {
	forked, joined driver.Event
	ready          bool // the events and the second stream are there
	open           bool // the first queue has not waited for the second
	count          int
}

// Aside gives the work of f to a second queue: it comes behind all that the device
// was given before, and beside what it is given next, up to Join or another Aside.
// f must not use the arena, and nothing else may write what f writes, or read it,
// before the Join. What f reads from memory of the arena is listed in reads, and
// stays where it is even when it is freed. A device that does not run PTX, or that
// is traced, does the work at once.
//
// A product that fills the tensor cores leaves the memory to a pass that does
// nothing but read and write, and few blocks leave multiprocessors to others.
func (a *Arena) Aside(f func(), reads ...Buffer) {
	g := a.dev.gpu
	if g == nil || g.trace != nil {
		f()
		return
	}
	a.Join()
	g.fork()
	g.now = &g.side
	defer func() { g.now = &g.queue }()
	a.kept = append(a.kept, reads...)
	f()
}

// Join makes what the device is given next wait for what was given aside, and
// gives back what was freed in between.
func (a *Arena) Join() {
	if g := a.dev.gpu; g != nil {
		g.join()
	}
	a.kept = a.kept[:0]
	for _, b := range a.late {
		a.Free(b)
	}
	a.late = a.late[:0]
}

// keeps reports whether work that was given aside may still read b, or a part of it.
func (a *Arena) keeps(b Buffer) bool {
	return slices.ContainsFunc(a.kept, func(part Buffer) bool { return part.ptr-b.ptr < driver.Ptr(b.n*b.dtype.Size()) })
}

// fork makes the second queue wait for all work of the first.
func (g *gpu) fork() {
	f := &g.forks
	if !f.ready {
		var err error
		g.side.stream, err = g.drv.NewStream()
		g.must("a second queue", err)
		for _, e := range []*driver.Event{&f.forked, &f.joined} {
			*e, err = g.drv.NewEvent()
			g.must("a second queue", err)
		}
		f.ready = true
	}
	g.must("a fork", g.drv.Record(f.forked, g.stream))
	g.must("a fork", g.drv.Wait(g.side.stream, f.forked))
	f.open = true
	f.count++
}

// join makes the first queue wait for all work of the second.
func (g *gpu) join() {
	f := &g.forks
	if f.open {
		g.must("a join", g.drv.Record(f.joined, g.side.stream))
		g.must("a join", g.drv.Wait(g.stream, f.joined))
		f.open = false
	}
}
