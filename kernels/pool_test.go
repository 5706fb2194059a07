package kernels

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

func TestPoolRunsEachTaskOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 7} {
		p := newPool(workers)
		for _, tasks := range []int{0, 1, 2, 3, 6, 7, 8, 100} {
			counts := make([]atomic.Int32, tasks)
			p.run(tasks, func(worker, task int) {
				if worker < 0 || worker >= workers {
					t.Errorf("worker %d of %d", worker, workers)
				}
				counts[task].Add(1)
			})
			for i := range counts {
				if n := counts[i].Load(); n != 1 {
					t.Errorf("%d workers: task %d of %d ran %d times", workers, i, tasks, n)
				}
			}
		}
		p.close()
	}
}

func TestRangesCoverEveryElementOnce(t *testing.T) {
	p := newPool(3)
	defer p.close()
	for _, n := range lengths {
		counts := make([]int, n)
		p.ranges(n, func(lo, hi int) {
			if lo%grain != 0 || hi > n || hi-lo > grain {
				t.Errorf("[%d, %d) of %d", lo, hi, n)
			}
			for i := lo; i < hi; i++ {
				counts[i]++
			}
		})
		for i, c := range counts {
			if c != 1 {
				t.Fatalf("element %d of %d came %d times", i, n, c)
			}
		}
	}
}

// A panic in a task reaches the caller of run, wherever the task ran, and the
// pool works on.
func TestPoolPanicReachesTheCaller(t *testing.T) {
	p := newPool(3)
	defer p.close()
	for failing := range 8 {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "task went wrong") {
					t.Errorf("task %d: recovered %v", failing, r)
				}
			}()
			p.run(8, func(_, task int) {
				if task == failing {
					panic("task went wrong")
				}
			})
		}()
	}
	var count atomic.Int64
	p.run(8, func(_, _ int) { count.Add(1) })
	if count.Load() != 8 {
		t.Errorf("%d tasks ran after the panics, want 8", count.Load())
	}
}
