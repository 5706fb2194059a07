package analysis

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// Results come in order, whoever is slow, and each unit is measured once.
func TestInOrder(t *testing.T) {
	const first, total = 3, 40
	for workers := 1; workers <= 4; workers++ {
		var got []int
		var measured, busy atomic.Int64
		err := inOrder(t.Context(), workers, first, total, func(_ context.Context, worker, unit int) (int, error) {
			if n := busy.Add(1); n > int64(workers) || worker >= workers {
				t.Errorf("%d of %d workers are busy", n, workers)
			}
			defer busy.Add(-1)
			measured.Add(1)
			time.Sleep(time.Duration(unit*7%5) * 100 * time.Microsecond)
			return 10 * unit, nil
		}, func(p int) error {
			got = append(got, p)
			return nil
		})
		var want []int
		for unit := first; unit < total; unit++ {
			want = append(want, 10*unit)
		}
		if err != nil || !slices.Equal(got, want) || measured.Load() != total-first {
			t.Errorf("%d workers: %v, results %v of %d measurements", workers, err, got, measured.Load())
		}
	}
}

// The first error ends all, that of a measurement or of adding; what is in front
// of it has been added, and nothing behind it.
func TestInOrderEndsWithTheFirstError(t *testing.T) {
	failed := errors.New("failed")
	for _, where := range []string{"measure", "add"} {
		var added []int
		most := map[string]int{"measure": 5, "add": 4}[where] // the unit with which it fails
		waiting := make(chan bool, 100)
		var measured atomic.Int64
		err := inOrder(t.Context(), 3, 0, 100, func(ctx context.Context, _, unit int) (int, error) {
			measured.Add(1)
			if unit > 5 {
				waiting <- true
				<-ctx.Done() // or it would never end
				return 0, ctx.Err()
			}
			if unit == most { // the other two workers are at work
				<-waiting
				<-waiting
			}
			if unit == 5 && where == "measure" {
				return 0, failed
			}
			return unit, nil
		}, func(p int) error {
			if p == 4 && where == "add" {
				return failed
			}
			added = append(added, p)
			return nil
		})
		if !errors.Is(err, failed) || !slices.Equal(added, []int{0, 1, 2, 3, 4}[:most]) {
			t.Errorf("%s: error %v behind %v", where, err, added)
		}
		if n := measured.Load(); n != 8 {
			t.Errorf("%s: %d units were measured, want 8: those up to 5, and the two under way", where, n)
		}
	}
}
