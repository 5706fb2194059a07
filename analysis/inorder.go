package analysis

import (
	"context"
	"sync"
)

// inOrder calls measure for each unit of work from first to total-1, on as many
// goroutines as there are workers, the caller's being worker 0, and add with the
// results, one at a time and in the order of the units. It returns the first error,
// which stops all workers.
func inOrder[Point any](ctx context.Context, workers, first, total int,
	measure func(ctx context.Context, worker, unit int) (Point, error), add func(Point) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	q := &queue[Point]{next: first, total: total, due: first, early: map[int]Point{}, add: add, stop: stop}
	work := func(worker int) {
		for unit := q.take(); unit < total; unit = q.take() {
			p, err := measure(ctx, worker, unit)
			q.give(unit, p, err)
		}
	}
	var others sync.WaitGroup
	for worker := 1; worker < workers; worker++ {
		others.Go(func() { work(worker) })
	}
	work(0)
	others.Wait()
	return q.err
}

// A queue hands out units of work and puts the results in order.
type queue[Point any] struct {
	mu          sync.Mutex
	next, total int           // the unit that is handed out next, and behind the last one
	due         int           // the unit whose result is added next
	early       map[int]Point // results of later ones
	err         error
	add         func(Point) error
	stop        func()
}

// take is the next unit, total if nothing is left to do.
func (q *queue[Point]) take() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil || q.next >= q.total {
		return q.total
	}
	q.next++
	return q.next - 1
}

// give takes the result of a unit.
func (q *queue[Point]) give(unit int, p Point, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.early[unit] = p
	for q.err == nil && err == nil {
		ready, ok := q.early[q.due]
		if !ok {
			return
		}
		delete(q.early, q.due)
		q.due++
		err = q.add(ready)
	}
	if q.err == nil && err != nil {
		q.err = err
		q.stop()
	}
}
