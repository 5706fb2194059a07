package kernels

import "testing"

// All calls together ask for every line of both arrays, one call for the longer one,
// and nobody for more than there is room for.
func TestAheadIsShared(t *testing.T) {
	memory := make([]float32, 2*aheadMost)
	for _, c := range []struct{ x, y, calls, want int }{
		{0, 0, 3, 0}, {1000, 0, 1, 1000}, {0, 1000, 5, 1000}, {320, 4096, 1, 4096}, {4096, 320, 2, 4416},
		{4096, 320, 36, 4416}, {1000, 1001, 7, 2001}, {5, 3, 36, 8}, {aheadMost, 0, 2, aheadMost}, {aheadMost, 1, 2, 0},
	} {
		const elements = 24
		x, y := memory[:c.x], memory[aheadMost:][:c.y]
		asked := map[*float32]bool{}
		next := newAhead(c.calls, x, y)
		for range c.calls {
			from, step := next.share(elements)
			for e := 0; from != nil && e < elements*step; e += 4 {
				asked[at(from, e)] = true
			}
		}
		if from, _ := next.share(elements); from != nil {
			t.Errorf("%+v: something is left", c)
		}
		got := 0
		for _, array := range [][]float32{x, y} {
			for i := range array {
				if asked[&array[i]] {
					got++
				}
			}
		}
		if got != c.want {
			t.Errorf("%+v: %d elements are asked for", c, got)
		}
	}
}
