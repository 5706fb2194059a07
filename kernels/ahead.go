package kernels

// An ahead is memory that is read when the products under way are done. They ask for
// it while they compute, so that it is in the cache by then: a processor by itself
// fetches only what lies behind what it reads.
//
// Whatever tasks of other channels read of the same pixels is asked for too.
type ahead struct {
	arrays [2][]float32 // what nobody has asked for yet
	calls  int          // of product, which share it
}

// aheadMost is how many elements may be asked for: more would push out of the L2 cache
// what is being used.
const aheadMost = 1 << 18

// newAhead divides two arrays among so many calls. One call can ask for one of
// them.
func newAhead(calls int, x, y []float32) ahead {
	if len(x) > len(y) {
		x, y = y, x
	}
	switch {
	case len(x)+len(y) > aheadMost:
		x, y = nil, nil
	case calls == 1:
		x = nil
	}
	return ahead{[2][]float32{x, y}, calls}
}

// share returns what the next call of product, with so many elements of sums in
// all its tiles, asks for.
func (a *ahead) share(elements int) (from *float32, step int) {
	if len(a.arrays[0]) == 0 {
		a.arrays[0], a.arrays[1] = a.arrays[1], nil
	}
	left := a.arrays[0]
	if len(left) == 0 || a.calls == 0 {
		return nil, 0
	}
	n := min(len(left), tiles(len(left)+len(a.arrays[1]), a.calls))
	a.arrays[0] = left[n:]
	a.calls--
	return &left[0], tiles(4*n, elements)
}
