package datasets

import (
	"fmt"
	"math"
	"slices"

	"lbsam/internal/rng"
)

// Order returns a permutation of 0, ..., n-1 that depends on seed and epoch alone
// (Fisher and Yates, drawn by Philox). It is written into dst if that is large
// enough, so that a caller who passes the last result allocates nothing.
func Order(dst []int32, seed uint64, epoch, n int) []int32 {
	dst = identity(dst, n)
	shuffle(dst, rng.New(seed, rng.Order, uint32(epoch)))
	return dst
}

// Sequence returns the samples of an epoch in the order in which they are
// used: all of 0, ..., n-1, or those of samples unless that is nil, shuffled by
// Order or as they lie. It is written into dst if that is large enough.
func Sequence(dst, samples []int32, n int, seed uint64, epoch int, shuffled bool) []int32 {
	if samples != nil {
		n = len(samples)
	}
	if shuffled {
		dst = Order(dst, seed, epoch, n)
	} else {
		dst = identity(dst, n)
	}
	if samples != nil {
		for i, at := range dst {
			dst[i] = samples[at]
		}
	}
	return dst
}

// Holdout splits 0, ..., n-1 at random into the indices of the samples to train on
// and those to validate on, both ascending; round(fraction * n) of them validate.
// The split depends on n, fraction and seed alone. A fraction outside of [0, 1]
// panics.
func Holdout(n int, fraction float64, seed uint64) (train, validation []int32) {
	if !(fraction >= 0 && fraction <= 1) {
		panic(fmt.Sprintf("datasets: Holdout of a fraction of %v, want 0 to 1", fraction))
	}
	all := identity(nil, n)
	shuffle(all, rng.New(seed, rng.Holdout))
	held := int(math.Round(fraction * float64(n)))
	validation, train = all[:held:held], all[held:]
	slices.Sort(validation)
	slices.Sort(train)
	return train, validation
}

// identity returns 0, ..., n-1, in dst if that is large enough.
func identity(dst []int32, n int) []int32 {
	dst = slices.Grow(dst[:0], n)[:n]
	for i := range dst {
		dst[i] = int32(i)
	}
	return dst
}

func shuffle(x []int32, s rng.Stream) {
	for i := len(x) - 1; i > 0; i-- {
		j := s.Intn(i + 1)
		x[i], x[j] = x[j], x[i]
	}
}
