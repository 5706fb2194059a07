package kernels

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestPoolRunsEachTaskOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 7} {
		p := newPool(workers)
		for _, tasks := range []int{0, 1, 2, 3, 6, 7, 8, 100} {
			for name, run := range map[string]func(int, func(worker, task int)){"run": p.run, "sweep": p.sweep, "sweep back": p.sweep} {
				counts := make([]atomic.Int32, tasks)
				run(tasks, func(worker, task int) {
					if worker < 0 || worker >= workers {
						t.Errorf("worker %d of %d", worker, workers)
					}
					counts[task].Add(1)
				})
				for i := range counts {
					if n := counts[i].Load(); n != 1 {
						t.Errorf("%d workers, %s: task %d of %d ran %d times", workers, name, i, tasks, n)
					}
				}
			}
		}
		p.close()
	}
}

// A sweep starts where the last one ended, whatever ran in between, and knows what
// comes next.
func TestSweepsTurn(t *testing.T) {
	p := newPool(1)
	defer p.close()
	const tasks = 4
	var last int
	for range 3 {
		expected := -1
		p.sweep(tasks, func(_, task int) {
			if expected >= 0 && task != expected {
				t.Errorf("task %d, where %d was to come", task, expected)
			}
			if expected < 0 && last > 0 && task != last-1 {
				t.Errorf("starts with task %d where the last sweep ended with %d", task, last-1)
			}
			last, expected = task+1, p.later(task)
		})
		if expected < tasks {
			t.Errorf("task %d follows the last, %d", expected, last-1)
		}
		p.run(2, func(_, _ int) {})
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

// Tasks that wait for each other need all workers, whether these look for a run
// or sleep when it begins; and the caller waits for those that take longer than
// it does, awake and asleep.
func TestPoolHelpersCome(t *testing.T) {
	for _, workers := range []int{2, 3, 7} {
		p := newPool(workers)
		for _, pause := range []time.Duration{0, 10 * time.Microsecond, time.Millisecond} { // the last one is more than they have patience for
			for range 20 {
				time.Sleep(pause)
				var arrived, done atomic.Int32
				p.run(workers, func(worker, _ int) {
					arrived.Add(1)
					for start := time.Now(); int(arrived.Load()) < workers; runtime.Gosched() {
						if time.Since(start) > 10*time.Second {
							panic(fmt.Sprintf("%d of %d workers came", arrived.Load(), workers))
						}
					}
					if worker > 0 {
						time.Sleep(pause)
					}
					done.Add(1)
				})
				if n := int(done.Load()); n != workers {
					t.Fatalf("the run was over when %d of %d tasks were", n, workers)
				}
			}
		}
		p.close()
	}
}

// A caller does not wait for helpers that come when nothing is left to do, and
// one of an earlier run does not take part in the next with its tasks.
func TestPoolShortRuns(t *testing.T) {
	for _, workers := range []int{2, 3, 7} {
		p := newPool(workers)
		for run := range 20_000 {
			var sum atomic.Int64
			tasks := 2 + run%3
			p.run(tasks, func(_, task int) { sum.Add(int64(task + 1)) })
			if got, want := sum.Load(), int64(tasks*(tasks+1)/2); got != want {
				t.Fatalf("%d workers, run %d: tasks of %d add up to %d, want %d", workers, run, tasks, got, want)
			}
		}
		p.close()
	}
}
