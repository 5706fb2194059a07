package kernels

import "math"

// lossScaleTrials are those of what undoes a step: arrays of more than a block,
// of more than the blocks of restore_if have in one turn, and off the
// alignment, with and without a number that is not finite.
func lossScaleTrials() []*trial {
	return []*trial{
		{concept: "lossscale", name: "Unscale", run: func(r rig) (out []Buffer) {
			for _, n := range []int{1, 1029, 1032} {
				for _, bad := range []int{-1, 0, n - 1} {
					shiftings(r, 1, func(at func(int, Buffer) Buffer) {
						values := normals(1, n)
						if bad >= 0 {
							values[bad] = math.Inf(1)
						}
						x, overflow := at(0, r.floats(values...)), r.ints(0)
						Unscale(x, overflow, .25)
						if bad >= 0 {
							Fill(x.Slice(bad, bad+1), 7) // infinities do not compare
						}
						out = append(out, x, overflow)
					})
				}
			}
			return out
		}},
		{concept: "lossscale", name: "RestoreIf", run: func(r rig) (out []Buffer) {
			for _, n := range []int{1, 1029, 1032, restoreBlocks*1024 + 1029} {
				for _, condition := range []int32{0, 1, -5} {
					if n > 1032 && condition != 1 {
						continue
					}
					shiftings(r, min(2, 2000/n), func(at func(int, Buffer) Buffer) {
						y, x := at(0, r.floats(normals(1, n)...)), at(1, r.floats(normals(2, n)...))
						RestoreIf(y, x, r.ints(condition))
						out = append(out, y)
					})
				}
			}
			return out
		}},
		{concept: "lossscale", name: "CountAndClear", run: func(r rig) []Buffer {
			count, flag := r.ints(3), r.ints(4)
			CountAndClear(count, flag)
			return []Buffer{count, flag}
		}},
	}
}
