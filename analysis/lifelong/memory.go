package lifelong

import "lbsam/internal/rng"

// A reservoir holds a sample, without replacement and uniform, of all that it was
// offered (Vitter, "Random Sampling with a Reservoir", 1985, algorithm R).
type reservoir struct {
	capacity int
	seen     int     // how many were offered
	held     []int32 // at most capacity
}

// offer takes x in, perhaps, in the place of another one: the n-th that is offered
// is held with the probability capacity/n.
func (m *reservoir) offer(x int32, r *rng.Stream) {
	m.seen++
	if len(m.held) < m.capacity {
		m.held = append(m.held, x)
		return
	}
	if i := r.Intn(m.seen); i < m.capacity {
		m.held[i] = x
	}
}

// A drawer draws from a list without replacement, again and again.
type drawer struct{ at []int }

// draw appends n elements of list to dst, all of them if there are fewer. list may
// have become longer since the last time.
func (d *drawer) draw(dst, list []int32, n int, r *rng.Stream) []int32 {
	for len(d.at) < len(list) {
		d.at = append(d.at, len(d.at))
	}
	for i := range min(n, len(list)) { // the first steps of a shuffle, from whatever order there is
		j := i + r.Intn(len(list)-i)
		d.at[i], d.at[j] = d.at[j], d.at[i]
		dst = append(dst, list[d.at[i]])
	}
	return dst
}

// A reference names a training sample: of a task, by its number in the data set.
type reference struct {
	Task   int
	Sample int32
}

// A memory is what a seed's training keeps of the tasks so far.
type memory struct {
	capacity, seen int
	held           []reference
}
