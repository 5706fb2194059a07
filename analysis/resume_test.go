package analysis

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A measurement that is tried in whatever way.
type measuring[Point any] func(ctx context.Context, sites []Site, j *Journal[Point], tell func(done, total int)) error

// wantResumable checks what all measurements promise: with several sites, and
// stopped and begun again, the journal has the same bytes; weights and statistics
// are put back, when it was stopped too; points take no memory of the device.
func wantResumable[Point any](t *testing.T, model string, run measuring[Point]) []Point {
	t.Helper()
	one, two := mustSite(t, model, 1), mustSite(t, model, 1)
	before := stateOf(one)
	measure := func(ctx context.Context, folder string, sites []Site, tell func(int, int)) (*Journal[Point], error) {
		j, err := OpenJournal[Point](folder, "settings")
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		err = run(ctx, sites, j, tell)
		for _, s := range sites {
			wantState(t, s, before)
		}
		return j, err
	}
	text := func(folder string) string {
		all, err := os.ReadFile(filepath.Join(folder, journalName))
		if err != nil {
			t.Fatal(err)
		}
		return string(all)
	}

	whole, told := t.TempDir(), []int{}
	taken := map[int64]bool{}
	j, err := measure(t.Context(), whole, []Site{one}, func(done, total int) {
		told = append(told, done)
		if done > 1 {
			taken[one.Device.Allocated()] = true
		}
		if total < 4 {
			t.Errorf("%d parts: too few for this test", total)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(j.Points); len(told) != n || !slices.IsSorted(told) || told[n-1] != n {
		t.Errorf("told of parts %v, want 1 to %d", told, n)
	}
	if len(taken) != 1 {
		t.Errorf("memory of the device grew from point to point: %v", taken)
	}

	for name, sites := range map[string][]Site{"one site": {one}, "two sites": {one, two}} {
		parts := t.TempDir()
		for stops := 1; ; stops++ {
			ctx, cancel := context.WithCancel(t.Context())
			fresh := 0
			_, err := measure(ctx, parts, sites, func(int, int) {
				if fresh++; fresh == 2 {
					cancel()
				}
			})
			cancel()
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) || stops > len(j.Points) {
				t.Fatalf("%s: stop %d: %v", name, stops, err)
			}
		}
		if text(parts) != text(whole) {
			t.Errorf("%s, stopped and begun again: the journal is\n%s\nwant\n%s", name, text(parts), text(whole))
		}
	}
	return j.Points
}
