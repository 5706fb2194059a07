package kernels

import (
	"slices"
	"testing"

	"lbsam/kernels/kerneltest"
)

// What is given aside reads what was there at the fork, also in a recording, which
// the interpreter runs with that work as late as the join allows; and memory that
// was freed in between is nobody else's before.
func TestAside(t *testing.T) {
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, c)
		a, in, got, other, kept := NewArena(r.dev), r.floats(1, 2, 3), r.junk(3), r.junk(3), true
		step := func() {
			a.Reset()
			x := a.Alloc(Float32, 3)
			Copy(x, in)
			a.Aside(func() { Copy(got, x) }, x.Slice(1, 3)) // a part keeps the whole
			a.Free(x)
			next := a.Alloc(Float32, 3)
			kept = kept && next.address() != x.address()
			Fill(next, -1)
			a.Aside(func() { Fill(other, 7) }) // joins what was aside before
			a.Free(next)
			again := a.Alloc(Float32, 3)
			kept = kept && again.address() == x.address()
			Fill(again, -2)
			a.Join()
		}
		check := func(when string, want ...float64) {
			if err := kerneltest.Compare(Floats(got), want, 0, 0); err != nil {
				t.Errorf("%s, %s: %v", r.dev.Name(), when, err)
			}
		}
		step()
		check("at once", 1, 2, 3)
		if !r.dev.Captures() {
			continue
		}
		if !kept {
			t.Errorf("%s: memory was given out again before the join, or not behind it", r.dev.Name())
		}
		g := r.dev.Capture(step)
		UploadFloats(in, []float64{4, 5, 6})
		g.Launch()
		check("recorded", 4, 5, 6)
		g.Free()
	}
}

// Kernels that run at once have no memory in common.
func TestQueuesShareNothing(t *testing.T) {
	for _, r := range ptxRigs(t) {
		room := func() []Buffer { return []Buffer{r.dev.work(Float32, 9), r.dev.sums(9), r.dev.tickets(9)} }
		a, first := NewArena(r.dev), room()
		a.Aside(func() {
			for i, b := range room() {
				if b.address() == first[i].address() {
					t.Errorf("%s: both queues have buffer %d", r.dev.Name(), i)
				}
			}
		})
		for i, b := range room() {
			if b.address() != first[i].address() {
				t.Errorf("%s: buffer %d of the first queue is another one behind a fork", r.dev.Name(), i)
			}
		}
	}
}

// A watcher is told what may run at once. A trace wants each launch alone.
func TestAsideIsWatched(t *testing.T) {
	for _, r := range ptxRigs(t) {
		a, x := NewArena(r.dev), r.floats(1, 2, 3)
		type at struct {
			fork  int
			aside bool
		}
		var got []at
		step := func() {
			Fill(x, 1)
			for range 2 {
				a.Aside(func() { Fill(x, 2) })
				Fill(x, 3)
			}
			a.Join()
			Fill(x, 4)
		}
		r.dev.Watch(func(l Launch) { got = append(got, at{l.Fork, l.Aside}) })
		step()
		if want := []at{{0, false}, {1, true}, {1, false}, {2, true}, {2, false}, {0, false}}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", r.dev.Name(), got, want)
		}
		got = nil
		r.dev.Trace(func(Span) {})
		step()
		r.dev.Trace(nil)
		if want := make([]at, 6); !slices.Equal(got, want) {
			t.Errorf("%s: %v of what is traced, want %v", r.dev.Name(), got, want)
		}
	}
}

// Whatever waits for the device waits for both queues.
func TestWhatWaitsForBothQueues(t *testing.T) {
	for _, r := range ptxRigs(t) {
		a, x, host := NewArena(r.dev), r.floats(1), r.dev.Mirror().Alloc(Float32, 1)
		for name, wait := range map[string]func(){"Download": func() { Floats(x) }, "Fetch": func() { Fetch(host, x) }, "Sync": r.dev.Sync} {
			a.Aside(func() { Fill(x, 2) })
			if wait(); r.dev.gpu.forks.open {
				t.Errorf("%s: %s does not wait for the second queue", r.dev.Name(), name)
			}
		}
	}
}
