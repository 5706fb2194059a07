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
	tasks  int64
	next   atomic.Int64
	failed atomic.Pointer[failure]

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
func (p *pool) run(tasks int, body func(worker, task int)) {
	if tasks <= 1 || p.workers == 1 {
		for task := range tasks {
			body(0, task)
		}
		return
	}
	p.body, p.tasks = body, int64(tasks)
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
		task := p.next.Add(1) - 1
		if task >= p.tasks {
			return
		}
		p.body(worker, int(task))
	}
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
