package kernels

import (
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// A pool runs tasks on a fixed set of goroutines; the caller is one of them.
type pool struct {
	workers int
	helpers []*helper // all workers but the caller

	scratch  []float64 // sums
	channels []float32 // numbers per channel

	body   func(worker, task int)
	tasks  int
	turned bool // the last task comes first
	next   atomic.Int64
	failed atomic.Pointer[failure]

	backwards bool // the last sweep was turned

	gemm      gemm
	norm      batchNormWork
	following following
}

// A failure is the first panic of a task.
type failure struct {
	value any
	stack []byte
}

func newPool(workers int) *pool {
	p := &pool{workers: workers, gemm: newGemm(workers)}
	for w := 1; w < workers; w++ {
		h := newHelper(workers)
		p.helpers = append(p.helpers, h)
		go h.serve(func() { p.work(w) })
	}
	return p
}

func (p *pool) close() {
	for _, h := range p.helpers {
		h.close()
	}
}

// run calls body(worker, task) once for each task in [0, tasks). Tasks go to
// whichever worker is free, so body must write to places that belong to its
// task, and may use scratch memory that belongs to its worker.
func (p *pool) run(tasks int, body func(worker, task int)) { p.start(tasks, false, body) }

// sweep is run for tasks that go through arrays from one end to the other. It starts
// where the sweep before it has ended, with what may still be in the caches.
func (p *pool) sweep(tasks int, body func(worker, task int)) {
	p.backwards = !p.backwards
	p.start(tasks, p.backwards, body)
}

func (p *pool) start(tasks int, turned bool, body func(worker, task int)) {
	p.tasks, p.turned = tasks, turned
	if tasks <= 1 || p.workers == 1 {
		for i := range tasks {
			body(0, p.task(i))
		}
		return
	}
	p.body = body
	p.next.Store(0)
	helpers := p.helpers[:min(tasks, p.workers)-1]
	for _, h := range helpers {
		h.ask()
	}
	p.work(0)
	for _, h := range helpers {
		h.dismiss()
	}
	p.body = nil
	if f := p.failed.Swap(nil); f != nil { // where the caller can recover it
		panic(fmt.Sprintf("%v\n\n%s", f.value, f.stack))
	}
}

func (p *pool) work(worker int) {
	defer func() {
		if r := recover(); r != nil {
			p.failed.CompareAndSwap(nil, &failure{r, debug.Stack()})
		}
	}()
	for {
		i := int(p.next.Add(1) - 1)
		if i >= p.tasks {
			return
		}
		p.body(worker, p.task(i))
	}
}

// task is the task that is taken as the i-th.
func (p *pool) task(i int) int {
	if p.turned {
		return p.tasks - 1 - i
	}
	return i
}

// later is the task that the worker of this one takes next if all are as fast; it may lie
// behind the last.
func (p *pool) later(task int) int {
	if !p.turned {
		return task + p.workers
	}
	if task < p.workers {
		return p.tasks
	}
	return task - p.workers
}

// float64s returns n numbers with undefined contents, valid until the next
// call.
func (p *pool) float64s(n int) []float64 {
	if cap(p.scratch) < n {
		p.scratch = make([]float64, n)
	}
	return p.scratch[:n]
}

// grain is the number of elements in one task of an elementwise loop: enough
// to hide the cost of handing it out, few enough to stay in a core's cache.
const grain = 16384

// ranges calls body(lo, hi) on pieces of [0, n) whose bounds are multiples of
// grain and do not depend on the number of workers.
func (p *pool) ranges(n int, body func(lo, hi int)) {
	p.run((n+grain-1)/grain, func(_, task int) {
		body(task*grain, min(n, (task+1)*grain))
	})
}
