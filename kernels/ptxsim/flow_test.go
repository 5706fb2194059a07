package ptxsim

import "testing"

// TestPostDominators compares with the definition: p post-dominates b if no
// path from b to the exit avoids p.
func TestPostDominators(t *testing.T) {
	for _, next := range [][][]int{
		{{1, 2}, {3}, {3}, {4}, nil},                    // diamond
		{{1}, {2, 3}, {1}, {4}, nil},                    // loop
		{{1, 2}, {3, 4}, {3}, {5, 1}, {5}, {6, 2}, nil}, // irreducible
		{{1, 4}, {2, 3}, {1}, {4, 1}, nil},              // loop with a break and an early exit
		{{1, 2}, {1}, {3}, nil},                         // endless on one side
	} {
		f := &flow{next: next, start: make([]int, len(next)-1)}
		exit := len(next) - 1
		avoids := func(from, p int) bool { // a path from from to the exit without p
			seen := map[int]bool{p: true}
			var walk func(b int) bool
			walk = func(b int) bool {
				if b == exit {
					return !seen[exit]
				}
				if seen[b] {
					return false
				}
				seen[b] = true
				for _, s := range next[b] {
					if walk(s) {
						return true
					}
				}
				return false
			}
			return walk(from)
		}
		for b, got := range f.postDominators() {
			if b == exit || !avoids(b, -1) {
				continue
			}
			want := -1 // the post-dominator of b that all others post-dominate
			for p := range next {
				if p != b && !avoids(b, p) && (want < 0 || !avoids(p, want)) {
					want = p
				}
			}
			if got != want {
				t.Errorf("%v: block %d: %d, want %d", next, b, got, want)
			}
		}
	}
}
