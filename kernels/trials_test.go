package kernels

import (
	"fmt"
	"math"
)

// mutantTrials is what mutants are run with. The sizes are the smallest that
// reach everything in a kernel: its vectors and what is behind them, a second
// warp, block, tile, slice and turn of each loop, both sides of each bound.
func mutantTrials() (all []*trial) {
	all = append(all, elementwiseTrials()...)
	all = append(all, reduceTrials()...)
	all = append(all, layoutTrials()...)
	all = append(all, poolTrials()...)
	all = append(all, batchNormTrials()...)
	all = append(all, lossTrials()...)
	all = append(all, inputTrials()...)
	all = append(all, updateTrials()...)
	all = append(all, lossScaleTrials()...)
	all = append(all, mmaTrials()...)
	all = append(all, haloTrials()...)
	return append(all, convTrials()...)
}

// numbersOf is a buffer of bytes as a buffer of numbers.
func numbersOf(r rig, b Buffer) Buffer {
	pixels, numbers := make([]uint8, b.n), make([]int32, b.n)
	Download(pixels, b)
	for i, v := range pixels {
		numbers[i] = int32(v)
	}
	return r.ints(numbers...)
}

// shiftings calls run with no array off the alignment, and with each of count.
func shiftings(r rig, count int, run func(at func(array int, b Buffer) Buffer)) {
	for unaligned := range count + 1 {
		run(func(array int, b Buffer) Buffer {
			if array == unaligned && array < count {
				return r.shifted(b, 1)
			}
			return b
		})
	}
}

func elementwiseTrials() (all []*trial) {
	for _, c := range []struct {
		name string
		run  func(y, a, b Buffer)
	}{
		{"Add", func(y, a, b Buffer) { Add(y, a, b) }},
		{"AddScaled", func(y, a, b Buffer) { AddScaled(y, a, .7) }},
		{"Scale", func(y, a, b Buffer) { Scale(y, a, b.Slice(1, 2)) }},
		{"ReLU", func(y, a, b Buffer) { ReLU(y, a) }},
		{"ReLUBackward", func(y, a, b Buffer) { ReLUBackward(y, a, b) }},
	} {
		all = append(all, &trial{concept: "elementwise", name: c.name, run: func(r rig) (out []Buffer) {
			for _, n := range []int{1029, 1032} { // the second ends with a thread
				shiftings(r, 3, func(at func(int, Buffer) Buffer) {
					y, a, b := at(0, r.floats(normals(1, n)...)), at(1, r.floats(normals(2, n)...)), at(2, r.floats(normals(3, n)...))
					c.run(y, a, b)
					out = append(out, y, a, b)
				})
			}
			return out
		}})
	}
	return append(all, &trial{concept: "elementwise", name: "integers", run: func(r rig) []Buffer {
		bytes, counts := r.dev.Alloc(Uint8, 270), r.ints(1, 2, 3)
		Upload(bytes, someImages(1, 270))
		Fill(bytes.Slice(3, 265), 200)
		Increment(counts.Slice(1, 2), 5)
		return []Buffer{numbersOf(r, bytes), counts}
	}})
}

func reduceTrials() (all []*trial) {
	try := func(name string, shapes ...[2]int) {
		all = append(all, &trial{concept: "reduce", name: name, atol: 2e-5, rtol: 2e-7, run: func(r rig) (out []Buffer) {
			for _, s := range shapes {
				sum := r.floats(normals(2, s[1])...)
				SumRowsAdd(sum, r.floats(normals(1, s[0]*s[1])...))
				out = append(out, sum)
			}
			return out
		}})
	}
	try("slices", [2]int{700, 3}, [2]int{130, 33}, [2]int{1, 1})
	var tails, many [][2]int
	for k := range 8 { // what is left of eight turns
		tails = append(tails, [2]int{15*k + 1, 33})
		many = append(many, [2]int{64 * (8*k + 1), 31})
	}
	try("tails", tails...)
	try("many slices", append(many, [2]int{64 * 66, 63})...)
	all = append(all, &trial{concept: "ring", name: "TakeRow", run: func(r rig) (out []Buffer) {
		for _, c := range []int{3, 300} {
			table, count := r.floats(normals(c, 3*c)...), r.ints(0)
			for range 4 {
				row := r.junk(c)
				TakeRow(row, table, count)
				out = append(out, row)
			}
			out = append(out, count)
		}
		return out
	}})
	return append(all, &trial{concept: "ring", name: "PushRow", run: func(r rig) (out []Buffer) {
		for _, c := range []int{3, 300} {
			ring, count := r.floats(make([]float64, 3*c)...), r.ints(0)
			for i := range 4 {
				PushRow(ring, r.floats(normals(i, c)...), count)
			}
			out = append(out, ring, count)
		}
		return out
	}})
}

func layoutTrials() (all []*trial) {
	all = append(all, &trial{concept: "layout", name: "Flatten", run: func(r rig) (out []Buffer) {
		const n = 2
		for _, s := range [][2]int{{33, 41}, {49, 57}, {32, 64}} { // each quarter of a tile is the last once
			pixels, c := s[0], s[1]
			y, dx := r.junk(n*pixels*c), r.junk(n*pixels*c)
			Flatten(y, r.floats(normals(1, n*pixels*c)...), n, pixels, c)
			FlattenBackward(dx, y, n, pixels, c)
			out = append(out, y, dx)
		}
		return out
	}})
	for _, g := range []Shortcut{
		{N: 8, H: 5, W: 6, C: 8, OC: 16, Stride: 2},
		{N: 3, H: 5, W: 7, C: 16, OC: 33, Stride: 2},
		{N: 2, H: 7, W: 5, C: 2, OC: 5, Stride: 3},
		{N: 4, H: 8, W: 4, C: 8, OC: 8, Stride: 1}, // 1024: it ends with a block
	} {
		nx, ny := g.lengths()
		all = append(all, &trial{concept: "layout", name: fmt.Sprintf("%+v", g), run: func(r rig) (out []Buffer) {
			shiftings(r, 4, func(at func(int, Buffer) Buffer) {
				y, dx := at(0, r.junk(ny)), at(1, r.junk(nx))
				PadShortcut(y, at(2, r.floats(normals(1, nx)...)), g)
				PadShortcutBackward(dx, at(3, r.floats(normals(2, ny)...)), g)
				out = append(out, y, dx)
			})
			return out
		}})
	}
	return all
}

func poolTrials() (all []*trial) {
	for _, g := range []Pool{
		{N: 2, H: 5, W: 7, C: 4, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 2, H: 11, W: 13, C: 8, KH: 5, KW: 4, Stride: 3, Pad: 2},
		{N: 2, H: 11, W: 10, C: 3, KH: 4, KW: 5, Stride: 3, Pad: 1},
		{N: 2, H: 6, W: 7, C: 4, KH: 2, KW: 2, Stride: 3},
		{N: 1, H: 6, W: 14, C: 4, KH: 5, KW: 9, Stride: 1, Pad: 2}, // turns of four
		{N: 1, H: 6, W: 14, C: 3, KH: 5, KW: 9, Stride: 1, Pad: 2},
		{N: 1, H: 3, W: 40, C: 15, KH: 2, KW: 2, Stride: 1}, // lines longer than a block
		{N: 2, H: 3, W: 10, C: 60, KH: 3, KW: 2, Stride: 1, Pad: 1},
		{N: 30, H: 3, W: 3, C: 5, KH: 3, KW: 3, Stride: 1}, // whole images, from here on
		{N: 30, H: 1, W: 1, C: 5, KH: 1, KW: 1, Stride: 1},
		{N: 30, H: 1, W: 1, C: 20, KH: 1, KW: 1, Stride: 1},
		{N: 30, H: 4, W: 2, C: 5, KH: 4, KW: 2, Stride: 1},
		{N: 30, H: 4, W: 2, C: 20, KH: 4, KW: 2, Stride: 1},
		{N: 40, H: 3, W: 2, C: 20, KH: 3, KW: 2, Stride: 2},
		{N: 7, H: 8, W: 9, C: 16, KH: 8, KW: 9, Stride: 1},
	} {
		nx, ny := g.lengths()
		x, dy := normals(1, nx), normals(2, ny)
		for i := 0; i < nx; i += 3 {
			x[i] = 1 // equals
		}
		all = append(all, &trial{concept: "pool2d", name: fmt.Sprintf("MaxPool2d %+v", g), run: func(r rig) (out []Buffer) {
			shiftings(r, 5, func(at func(int, Buffer) Buffer) {
				y, index, dx := at(0, r.junk(ny)), at(1, r.ints(make([]int32, ny)...)), at(2, r.junk(nx))
				MaxPool2d(y, index, at(3, r.floats(x...)), g)
				MaxPool2dBackward(dx, at(4, r.floats(dy...)), index, g)
				out = append(out, y, index, dx)
			})
			return out
		}}, &trial{concept: "pool2d", name: fmt.Sprintf("AvgPool2d %+v", g), run: func(r rig) (out []Buffer) {
			shiftings(r, 4, func(at func(int, Buffer) Buffer) {
				y, dx := at(0, r.junk(ny)), at(1, r.junk(nx))
				AvgPool2d(y, at(2, r.floats(x...)), g)
				AvgPool2dBackward(dx, at(3, r.floats(dy...)), g)
				out = append(out, y, dx)
			})
			return out
		}})
	}
	return all
}

// lossTrials are those of crossentropy. A margin makes predictions sure, and
// leaves small differences of large numbers; so do logits near the minimum.
func lossTrials() (all []*trial) {
	for i, s := range []struct {
		n, c              int
		margin, smoothing float64
	}{{5, 33, 0, .1}, {6, 70, 15, 0}, {6, 31, 100, .1}, {200, 3, 0, 0}, {260, 3, 0, 0}, {300, 3, 0, 0}, {700, 3, 0, 0}} {
		all = append(all, &trial{
			concept: "crossentropy", name: fmt.Sprintf("CrossEntropy %+v", s), atol: 1e-14, rtol: 1.2e-7,
			run: func(r rig) []Buffer {
				logits, labels := normals(i, s.n*s.c), someLabels(s.n, s.c)
				for i, label := range labels {
					logits[i*s.c+int(label)] += s.margin
					if s.smoothing == 0 { // else it would cost infinity
						logits[i*s.c+int(label+1)%s.c] = math.Inf(-1)
					}
				}
				loss, dlogits := r.junk(1), r.junk(s.n*s.c)
				CrossEntropy(loss, dlogits, r.floats(logits...), r.ints(labels...), s.c, s.smoothing)
				return []Buffer{loss, dlogits}
			},
		})
	}
	all = append(all, &trial{concept: "crossentropy", name: "CrossEntropy near its minimum", atol: 2e-14, rtol: 1.2e-7, run: func(r rig) []Buffer {
		const c = 10
		logits := make([]float64, 5*c)
		for i := range 5 { // q is 0.91 at label 3, 0.01 elsewhere
			logits[i*c+3] = float64(float32(math.Log(91) + float64(i)*1e-6))
		}
		loss, dlogits := r.junk(1), r.junk(5*c)
		CrossEntropy(loss, dlogits, r.floats(logits...), r.ints(3, 3, 3, 3, 3), c, 0.1)
		return []Buffer{loss, dlogits}
	}}, &trial{concept: "crossentropy", name: "CrossEntropy of two labels", atol: 1e-14, rtol: 1.2e-7, run: func(r rig) (out []Buffer) {
		for _, c := range []int{3, 70} {
			loss, dlogits := r.junk(1), r.junk(5*c)
			labels, others := someLabels(5, c), someLabels(6, c)[1:]
			MixedCrossEntropy(loss, dlogits, r.floats(normals(c, 5*c)...), r.ints(labels...), r.ints(others...), r.floats(.3), c, .1)
			out = append(out, loss, dlogits)
		}
		return out
	}}, &trial{concept: "crossentropy", name: "CrossEntropy of bad other labels", run: func(r rig) []Buffer {
		broken := []int32{1, 1, 1, 0, 0, 0, 1, 1, 1}
		if r.dev.gpu != nil {
			dlogits := r.junk(9)
			MixedCrossEntropy(r.junk(1), dlogits, r.floats(normals(1, 9)...), r.ints(0, 0, 0), r.ints(-1, 0, 3), r.floats(.5), 3, 0)
			for i, v := range Floats(dlogits) {
				broken[i] = map[bool]int32{true: 1}[math.IsNaN(v)]
			}
		}
		return []Buffer{r.ints(broken...)}
	}}, &trial{concept: "crossentropy", name: "CrossEntropy of bad labels", run: func(r rig) []Buffer {
		broken := []int32{1, 1, 1, 0, 0, 0, 1, 1, 1}
		if r.dev.gpu != nil {
			dlogits := r.junk(9)
			CrossEntropy(r.junk(1), dlogits, r.floats(normals(1, 9)...), r.ints(-1, 0, 3), 3, 0)
			for i, v := range Floats(dlogits) {
				broken[i] = map[bool]int32{true: 1}[math.IsNaN(v)]
			}
		}
		return []Buffer{r.ints(broken...)}
	}})
	all = append(all, &trial{concept: "heads", name: "MaskHeads", run: func(r rig) (out []Buffer) {
		for _, s := range [][3]int{{5, 6, 2}, {16, 16, 4}, {9, 33, 11}, {3, 4, 4}} { // 256 is a block, 297 more
			out = append(out, r.masked(s[0], s[1], s[2]))
		}
		return out
	}})
	return append(all, &trial{concept: "crossentropy", name: "CountCorrect", run: func(r rig) (out []Buffer) {
		count := func(logits []float64, labels []int32, c int) {
			hits := r.junk(1)
			CountCorrect(hits, r.floats(logits...), r.ints(labels...), c)
			out = append(out, hits)
		}
		for _, c := range []int{3, 33, 70} {
			for i := range c { // the largest, alone and with an equal, and the only one that is no NaN
				alone := normals(c, c)
				alone[i] = 9
				count(alone, []int32{int32(i)}, c)
				equal := append([]float64{}, alone...)
				equal[c-1] = 9
				count(equal, []int32{int32(i)}, c)
				count(equal, []int32{int32(c - 1)}, c)
				only := constant(c, math.NaN())
				only[i] = math.Inf(-1)
				count(only, []int32{int32(i)}, c)
			}
			count(constant(5*c, 1), []int32{0, 1, 0, 1, 0}, c) // five rows cross a block
			count(constant(5*c, math.NaN()), []int32{0, 1, 0, 1, 0}, c)
		}
		for _, n := range []int{200, 260, 300, 700} { // turns of a block
			count(normals(n, 3*n), someLabels(n, 3), 3)
		}
		return out
	}}, &trial{concept: "crossentropy", name: "CrossEntropy of one row that counts", rtol: 1.2e-7, run: func(r rig) (out []Buffer) {
		for _, lane := range append(lanes[:len(lanes):len(lanes)], 129, 130, 132, 136, 144) {
			logits := make([]float64, 2*260)
			for i := range 260 {
				logits[2*i] = 100
			}
			logits[2*lane] = 1.2345678
			loss, alone := r.junk(1), r.junk(1)
			CrossEntropy(loss, r.junk(len(logits)), r.floats(logits...), r.ints(make([]int32, 260)...), 2, 0)
			c := max(33, lane+1) // and the column that counts
			CrossEntropy(alone, r.junk(c), r.floats(normals(lane, c)...), r.ints(int32(lane)), c, 0)
			small, two := r.junk(1), constant(c, math.Inf(-1)) // and a small part of a sum
			two[lane], two[max(1-lane, 0)] = .37, 15
			CrossEntropy(small, r.junk(c), r.floats(two...), r.ints(int32(max(1-lane, 0))), c, 0)
			out = append(out, loss, alone, small)
		}
		return out
	}})
}

// lanes are where a sum of a warp gets a number from, one after the other; the
// rest is other warps of a block. A number that is there alone shows where the
// sum got it, even if only the low half of a float64 came from elsewhere.
var lanes = []int{1, 2, 4, 8, 16, 0, 32, 64, 96, 128, 160, 192, 224, 256}

// almost2 has all bits of a float32.
const almost2 = 2 - 1.0/(1<<23)

// oneHot is n numbers, zero but for one.
func oneHot(n, at int, v float64) []float64 {
	x := make([]float64, n)
	x[at] = v
	return x
}
