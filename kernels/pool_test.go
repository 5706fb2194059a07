package kernels

import (
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
