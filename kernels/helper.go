package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A helper is a goroutine of a pool. It joins runs that it is asked to.
//
// A sleeping goroutine takes some 100 µs to come, as long as many an operation
// lasts. So a helper that has nothing to do looks for the next run, for as long as
// it has patience, before it sleeps, and so does a caller who waits for it: not for
// long, because other programs may want the processor. A helper that has not come
// when all tasks are taken is not waited for.
type helper struct {
	state    atomic.Int32
	wake     chan struct{} // ends its sleep
	rested   chan struct{} // ends that of the caller of run
	patience time.Duration
	_        [64]byte // keeps the state of another helper off this one's line of the cache
}

// The states of a helper.
const (
	idle    = iota
	asleep  // idle, and wants to be woken
	asked   // to join a run
	working // has joined it
	awaited // works, and the caller sleeps until it rests
	closed
)

// newHelper makes a helper for a pool of so many workers. Where they have no
// processor each, looking for work would keep others from theirs.
func newHelper(workers int) *helper {
	h := &helper{wake: make(chan struct{}, 1), rested: make(chan struct{}, 1)}
	if workers <= runtime.GOMAXPROCS(0) {
		h.patience = 50 * time.Microsecond
	}
	return h
}

// serve calls work in each run that the helper joins, until it is closed.
func (h *helper) serve(work func()) {
	for h.join() {
		work()
		if h.state.Swap(idle) == awaited {
			h.rested <- struct{}{}
		}
	}
}

// join returns once the helper has joined a run, or with false once it is closed.
func (h *helper) join() bool {
	for {
		h.watch(idle)
		switch {
		case h.state.CompareAndSwap(asked, working):
			return true
		case h.state.CompareAndSwap(idle, asleep):
			<-h.wake
		case h.state.Load() == closed:
			return false
		}
	}
}

// watch returns when the state is another one, or when patience is at its end.
func (h *helper) watch(state int32) {
	if h.patience == 0 {
		return
	}
	for start := time.Now(); h.state.Load() == state && time.Since(start) < h.patience; {
	}
}

// ask asks a helper that rests to join a run.
func (h *helper) ask() { h.leave(asked) }

// close ends serve. The helper must rest.
func (h *helper) close() { h.leave(closed) }

// leave gives a helper that rests its next state.
func (h *helper) leave(state int32) {
	if h.state.Swap(state) == asleep {
		h.wake <- struct{}{}
	}
}

// dismiss returns when a helper that was asked has done its part, or need not
// come any more.
func (h *helper) dismiss() {
	if h.state.CompareAndSwap(asked, idle) {
		return
	}
	h.watch(working)
	if h.state.CompareAndSwap(working, awaited) {
		<-h.rested
	}
}
