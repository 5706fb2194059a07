package kernels

import (
	"fmt"

	"lbsam/kernels/kerneltest"
)

// convTrials are those of convolutions: for each tile, shapes of which each
// product has a second tile along both sides, slabs of which all is used, and
// edges at every place of a thread. Those without a tile take the one for arrays
// that cannot be read by fours.
func convTrials() (all []*trial) {
	for _, t := range append(gpuTiles[:len(gpuTiles):len(gpuTiles)], gpuTile{m: 64, n: 64, k: 16}) {
		try := func(name string, terms int, run func(r rig, g Conv) []Buffer, shapes ...Conv) {
			all = append(all, &trial{
				concept: "conv2d", tile: t.name, name: fmt.Sprintf("%s %s %+v", name, t.name, shapes[0]),
				atol: 2 * kerneltest.SumTolerance(terms), run: func(r rig) (out []Buffer) {
					for _, g := range shapes {
						out = append(out, run(r, g)...)
					}
					return out
				},
			})
		}
		// Around the places of a thread: 4 rows, 4 from the 32nd on, 4 columns and
		// 4 from the 16th on.
		rows, columns, c, odd := []int{5, 6, 7, 8, 37, 38, 39, 40}, []int{4, 8, 20, 24}, 4, 0
		channels := rows // along rows
		if t.name == "" {
			columns, c, odd = []int{5, 6, 7, 8, 21, 22, 23, 24}, 3, 1
		} else {
			channels = []int{4, 8, 36, 40}
		}
		var forward, input, weight []Conv
		for _, n := range rows {
			for i, oc := range []int{5, 6, 7, 8, 21, 22, 23, 24} {
				if i/4 == 0 || n > 36 {
					forward = append(forward, Conv{N: n, H: 1, W: 1, C: c, OC: oc, KH: 1, KW: 1, Stride: 1})
				}
			}
			for _, channels := range columns {
				input = append(input, Conv{N: n, H: 1, W: 1, C: channels, OC: c, KH: 1, KW: 1, Stride: 1})
			}
		}
		for _, elements := range channels {
			for _, oc := range columns {
				if t.name == "" && elements%4 == 0 && oc%4 == 0 {
					oc-- // not by fours
				}
				weight = append(weight, Conv{N: 3, H: 3, W: 2, C: elements, OC: oc, KH: 1, KW: 1, Stride: 1})
			}
		}
		for _, oc := range []int{12, 16, 36, 52} { // the last row of what one of four places of a thread adds up
			weight = append(weight, Conv{N: 3, H: 3, W: 2, C: c, OC: oc + odd, KH: 1, KW: 1, Stride: 1})
		}
		try("Conv2d", c, forwardTrial, forward...)
		try("Conv2dBackwardInput", c, inputTrial, input...)
		try("Conv2dBackwardWeightAdd", 18, weightTrial, weight...)
		m, n, k := t.m+4, t.n+4-odd, t.k+4-odd
		padded := Conv{N: 2, H: 5, W: 6, C: 8 - odd, OC: 8, KH: 3, KW: 3, Stride: 1, Pad: 3} // windows that see nothing
		try("Conv2d", 150, forwardTrial, padded,
			Conv{N: 3, H: 7, W: 9, C: 2 * c, OC: 7, KH: 5, KW: 3, Stride: 2, Pad: 2},
			Conv{N: 1, H: m / 4, W: 4, C: 16 - odd, OC: n, KH: 3, KW: 3, Stride: 1, Pad: 1})
		try("Conv2dBackwardInput", 150, inputTrial, padded,
			Conv{N: 2, H: 8, W: 7, C: 2 * c, OC: 12 - odd, KH: 1, KW: 1, Stride: 3},
			Conv{N: 8, H: 7, W: 10, C: 2 * c, OC: 2 * c, KH: 2, KW: 2, Stride: 3}, // the last window does not fit
			Conv{N: 1, H: m / 3, W: 13, C: 2 * c, OC: 2 * c, KH: 5, KW: 3, Stride: 2, Pad: 2},
			Conv{N: 1, H: m / 4, W: 4, C: n, OC: k, KH: 2, KW: 2, Stride: 1, Pad: 1})
		try("Conv2dBackwardWeightAdd", 150, weightTrial, padded,
			Conv{N: 1, H: 1, W: 1, C: c, OC: c, KH: 1, KW: 1, Stride: 1},
			Conv{N: 5, H: 2, W: 3, C: c, OC: 2 * c, KH: 3, KW: 3, Stride: 1, Pad: 1},
			Conv{N: 3, H: 11, W: 9, C: c, OC: 2 * c, KH: 5, KW: 3, Stride: 2, Pad: 2},
			Conv{N: 2, H: 9, W: 8, C: 16 - odd, OC: n, KH: 3, KW: 3, Stride: 1, Pad: 1},
			Conv{N: 2, H: 6, W: 5, C: 4 + odd, OC: 24 - odd, KH: 4, KW: 4, Stride: 1, Pad: 1})
		for _, parts := range []int{min(10, fewParts/(t.m*t.n)), 67} { // of a slab each; few, and more than one block adds
			try("parts of Conv2dBackwardWeightAdd", 67*t.k, func(r rig, g Conv) []Buffer { return partsTrial(r, g, t) },
				Conv{N: parts, H: t.k / 4, W: 4, C: t.m - odd, OC: t.n, KH: 1, KW: 1, Stride: 1})
		}
		if t.name == "" {
			try("Conv2dBackwardWeightAdd", 18, func(r rig, g Conv) []Buffer { return weightTrialAt(r, g, 1) },
				Conv{N: 3, H: 3, W: 2, C: 8, OC: 8, KH: 1, KW: 1, Stride: 1},
				Conv{N: 3, H: 3, W: 2, C: 40, OC: 20, KH: 1, KW: 1, Stride: 1},
				Conv{N: 3, H: 3, W: 2, C: 36, OC: 24, KH: 1, KW: 1, Stride: 1})
			try("Conv2dBackwardWeightAdd", 2600, weightTrial, // many parts
				Conv{N: 1, H: 42, W: 43, C: 3, OC: 9, KH: 3, KW: 3, Stride: 1, Pad: 1},
				Conv{N: 1, H: 52, W: 50, C: 3, OC: 9, KH: 3, KW: 3, Stride: 1, Pad: 1})
		}
	}
	for _, s := range [][2]int{{1, 5}, {6, 136}, {67, 128}, {83, 264}, {83, 161}, {83, 193}, {83, 225}} { // parts, and elements
		all = append(all, &trial{concept: "conv2d_parts", name: fmt.Sprint("parts ", s), atol: 2 * kerneltest.SumTolerance(s[0]+1), run: func(r rig) (out []Buffer) {
			parts := r.floats(normals(1, s[0]*s[1])...)
			shiftings(r, 1, func(at func(int, Buffer) Buffer) {
				dw := at(0, r.floats(normals(2, s[1])...))
				if r.dev.gpu == nil {
					SumRowsAdd(dw, parts)
				} else {
					addParts(dw, parts)
				}
				out = append(out, dw)
			})
			return out
		}})
	}
	return all
}

func forwardTrial(r rig, g Conv) (out []Buffer) {
	x, w, b := r.floats(normals(1, g.XLen())...), r.floats(normals(2, g.WLen())...), r.floats(normals(3, g.OC)...)
	shiftings(r, 1, func(at func(int, Buffer) Buffer) {
		y := at(0, r.junk(g.YLen()))
		Conv2d(y, x, w, b, g)
		out = append(out, y)
		b = Buffer{} // and without a bias
	})
	return out
}

func inputTrial(r rig, g Conv) (out []Buffer) {
	dy, w := r.floats(normals(1, g.YLen())...), r.floats(normals(2, g.WLen())...)
	shiftings(r, 1, func(at func(int, Buffer) Buffer) {
		dx := at(0, r.junk(g.XLen()))
		Conv2dBackwardInput(dx, dy, w, g)
		out = append(out, dx)
	})
	return out
}

func weightTrial(r rig, g Conv) []Buffer { return weightTrialAt(r, g, 0) }

// weightTrialAt has x so many elements behind an alignment.
func weightTrialAt(r rig, g Conv, shift int) []Buffer {
	dy, x, dw := r.floats(normals(1, g.YLen())...), r.shifted(r.floats(normals(2, g.XLen())...), shift), r.floats(normals(3, g.WLen())...)
	Conv2dBackwardWeightAdd(dw, dy, x, g)
	return []Buffer{dw}
}

// partsTrial has a part for each image, and dw off the alignment once.
func partsTrial(r rig, g Conv, t gpuTile) []Buffer {
	if r.dev.gpu == nil {
		return append(weightTrial(r, g), weightTrial(r, g)...)
	}
	if t.name == "" {
		t = scalarTile
	}
	dy, x, dw := r.floats(normals(1, g.YLen())...), r.floats(normals(2, g.XLen())...), r.floats(normals(3, g.WLen())...)
	moved := r.shifted(dw, 1)
	for _, dw := range []Buffer{dw, moved} {
		runConv2dBackwardWeightAdd(dw, dy, x, g, g.weightProduct(), gpuPlan{t, g.N})
	}
	return []Buffer{dw, moved}
}
