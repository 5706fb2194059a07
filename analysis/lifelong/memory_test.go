package lifelong

import (
	"math"
	"slices"
	"testing"

	"lbsam/internal/rng"
)

// Every sample of a stream is held with the probability capacity/n, and every pair
// with that of a draw without replacement: what comes early is no better off than
// what comes late.
func TestReservoirIsUniform(t *testing.T) {
	const capacity, n, trials = 5, 20, 20_000
	held, pairs := make([]float64, n), 0.0
	for trial := range trials {
		r := rng.New(uint64(trial), rng.Analysis)
		m := reservoir{capacity: capacity}
		for i := range int32(n) {
			m.offer(i, &r)
			if want := min(int(i)+1, capacity); len(m.held) != want || m.seen != int(i)+1 {
				t.Fatalf("behind %d samples it holds %d of %d seen, want %d", i+1, len(m.held), m.seen, want)
			}
		}
		sorted := slices.Sorted(slices.Values(m.held))
		if len(slices.Compact(sorted)) != capacity {
			t.Fatalf("it holds %v: a sample twice", m.held)
		}
		for _, i := range m.held {
			held[i]++
		}
		if slices.Contains(m.held, 0) && slices.Contains(m.held, n-1) {
			pairs++
		}
	}
	// Counts are binomial. 5 deviations: all 21 hold with a chance of 1e-5 to fail, and
	// the seeds are fixed.
	within := func(what string, count, p float64) {
		if sd := math.Sqrt(trials * p * (1 - p)); !(math.Abs(count-trials*p) <= 5*sd) {
			t.Errorf("%s is held %v times of %d, want %v ± %.0f", what, count, trials, trials*p, sd)
		}
	}
	for i, count := range held {
		within("sample "+string(rune('a'+i)), count, float64(capacity)/n)
	}
	within("the pair of the first and the last", pairs, float64(capacity*(capacity-1))/(n*(n-1)))
}

// As algorithm R has it, step by step, for the numbers that the stream draws.
func TestReservoirIsAlgorithmR(t *testing.T) {
	const capacity = 3
	r, same := rng.New(7, rng.Analysis, 1), rng.New(7, rng.Analysis, 1)
	m := reservoir{capacity: capacity}
	var want []int32
	for i := range int32(50) {
		m.offer(i, &r)
		if i < capacity {
			want = append(want, i)
		} else if at := same.Intn(int(i) + 1); at < capacity {
			want[at] = i
		}
		if !slices.Equal(m.held, want) {
			t.Fatalf("behind sample %d it holds %v, want %v", i, m.held, want)
		}
	}
}

// A draw has no sample twice, all where there are too few, and every sample as often
// as another, whatever was drawn before and while the list grows.
func TestDrawIsUniform(t *testing.T) {
	const trials = 20_000
	list := []int32{10, 11, 12, 13, 14, 15, 16}
	var d drawer
	r := rng.New(3, rng.Analysis)
	if got := d.draw(nil, nil, 3, &r); len(got) != 0 {
		t.Errorf("of nothing it draws %v", got)
	}
	if got := d.draw([]int32{9}, list[:2], 3, &r); got[0] != 9 || !slices.Equal(slices.Sorted(slices.Values(got[1:])), list[:2]) {
		t.Errorf("3 of %v are %v", list[:2], got)
	}
	count := map[int32]float64{}
	for range trials {
		got := d.draw(nil, list, 3, &r)
		if len(got) != 3 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 3 {
			t.Fatalf("3 of %v are %v", list, got)
		}
		for _, v := range got {
			count[v]++
		}
	}
	for _, v := range list {
		p := 3.0 / 7
		if sd := math.Sqrt(trials * p * (1 - p)); !(math.Abs(count[v]-trials*p) <= 5*sd) { // as above
			t.Errorf("%d is drawn %v times, want %v ± %.0f", v, count[v], trials*p, sd)
		}
	}
}
