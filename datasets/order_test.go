package datasets

import (
	"slices"
	"testing"
)

func TestOrderIsAPermutation(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 1000} {
		got := Order(nil, 1, 2, n)
		slices.Sort(got)
		if !slices.Equal(got, identity(nil, n)) {
			t.Errorf("Order of %d is no permutation", n)
		}
	}
}

// The numbers were printed by the first version: a change would make every run
// that is resumed take other samples.
func TestOrderIsFixed(t *testing.T) {
	if got, want := Order(nil, 1, 2, 10), []int32{8, 9, 5, 0, 3, 7, 6, 2, 1, 4}; !slices.Equal(got, want) {
		t.Errorf("Order(1, 2, 10) = %v, want %v", got, want)
	}
}

func TestSequence(t *testing.T) {
	samples := []int32{7, 3, 9}
	if got := Sequence(nil, samples, 100, 1, 0, false); !slices.Equal(got, samples) {
		t.Errorf("as they lie: %v, want %v", got, samples)
	}
	got := Sequence(nil, samples, 100, 1, 0, true)
	for i, at := range Order(nil, 1, 0, 3) {
		if got[i] != samples[at] {
			t.Errorf("shuffled: %v, want the order of Order", got)
		}
	}
	if got := Sequence(nil, nil, 5, 1, 2, true); !slices.Equal(got, Order(nil, 1, 2, 5)) {
		t.Errorf("all: %v", got)
	}
}

func TestOrderDependsOnSeedAndEpoch(t *testing.T) {
	a := Order(nil, 1, 0, 1000)
	if b := Order(make([]int32, 7, 2000), 1, 0, 1000); !slices.Equal(a, b) {
		t.Error("the same seed and epoch gave two orders")
	}
	if slices.Equal(a, Order(nil, 1, 1, 1000)) || slices.Equal(a, Order(nil, 2, 0, 1000)) {
		t.Error("two epochs or two seeds gave the same order")
	}
	if n := testing.AllocsPerRun(10, func() { a = Order(a, 1, 3, 1000) }); n != 0 {
		t.Errorf("Order into a slice that is large enough allocates %v times", n)
	}
}

// TestOrderIsUniform counts the 24 orders of four samples.
func TestOrderIsUniform(t *testing.T) {
	count := map[[4]int32]int{}
	const draws = 24_000
	for epoch := range draws {
		count[[4]int32(Order(nil, 1, epoch, 4))]++
	}
	if len(count) != 24 {
		t.Errorf("%d orders, want 24", len(count))
	}
	for order, n := range count { // the deviation is 31
		if n < 840 || n > 1160 {
			t.Errorf("%v came %d times of %d", order, n, draws)
		}
	}
}

func TestHoldout(t *testing.T) {
	for _, c := range []struct {
		n        int
		fraction float64
		want     int
	}{{1000, 0.1, 100}, {1000, 0, 0}, {10, 1, 10}, {7, 0.5, 4}, {0, 0.5, 0}} {
		train, validation := Holdout(c.n, c.fraction, 1)
		if len(validation) != c.want || !slices.IsSorted(train) || !slices.IsSorted(validation) {
			t.Errorf("Holdout(%d, %v) has %d validation samples, want %d, sorted", c.n, c.fraction, len(validation), c.want)
		}
		all := slices.Concat(train, validation)
		slices.Sort(all)
		if !slices.Equal(all, identity(nil, c.n)) {
			t.Errorf("Holdout(%d, %v) does not cover all samples once", c.n, c.fraction)
		}
	}
	_, a := Holdout(1000, 0.1, 1)
	_, again := Holdout(1000, 0.1, 1)
	_, b := Holdout(1000, 0.1, 2)
	if !slices.Equal(a, again) || slices.Equal(a, b) {
		t.Error("the validation samples do not depend on the seed alone")
	}
	for label := range int32(10) { // of samples labelled i mod 10; about 10 of each
		n := 0
		for _, i := range a {
			if i%10 == label {
				n++
			}
		}
		if n < 2 || n > 22 {
			t.Errorf("%d of 100 validation samples are %d mod 10", n, label)
		}
	}
}
