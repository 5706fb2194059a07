package kernels

import (
	"fmt"
	"math"
)

// inputTrials are those of what makes a batch, and of dropout.
func inputTrials() (all []*trial) {
	for _, g := range []Augmentation{
		{H: 3, W: 4, C: 9, Crop: 1, Flip: true, Mean: []float64{0, .1, .2, .3, .4, .5, .6, .7, .8}, Std: []float64{.1, .2, .3, .4, .5, .6, .7, .8, .9}},
		{H: 9, W: 29, C: 4, Crop: 2, Flip: true, Cutout: 5, Mean: []float64{.1, .2, .3, .4}, Std: []float64{.5, .6, .7, .8}}, // 1044: a block and five threads
		{H: 5, W: 7, C: 3, Crop: 9, Mean: []float64{.1, .2, .3}, Std: []float64{.5, .6, .7}},
		{H: 1, W: 7, C: 2, Flip: true, Mean: []float64{.1, .2}, Std: []float64{.5, .6}}, // what is left of four
		{H: 5, W: 3, C: 1, Cutout: 2, Mean: []float64{.1}, Std: []float64{.5}},
		{H: 2, W: 4, C: 5, Mean: []float64{.1, .2, .3, .4, .5}, Std: []float64{.5, .6, .7, .8, .9}},
		{H: 32, W: 8, C: 4, Flip: true, Mean: []float64{.1, .2, .3, .4}, Std: []float64{.5, .6, .7, .8}}, // a block
	} {
		all = append(all, &trial{concept: "augment", name: fmt.Sprintf("Augment %dx%dx%d", g.H, g.W, g.C), run: func(r rig) (out []Buffer) {
			const n = 8
			images, index := r.dev.Alloc(Uint8, n*g.H*g.W*g.C), make([]int32, n)
			Upload(images, someImages(n, g.H*g.W*g.C))
			for i := range index {
				index[i] = int32(i * i)
			}
			shiftings(r, 1, func(at func(int, Buffer) Buffer) {
				y := at(0, r.junk(images.n))
				Augment(y, images, r.ints(index...), r.ints(42, 7), g)
				out = append(out, y)
			})
			return out
		}})
	}
	for _, s := range [][4]int{{5, 5, 7, 3}, {4, 16, 16, 1}, {2, 13, 21, 1}} { // 105, 256 and 273 elements
		all = append(all, &trial{concept: "mix", name: fmt.Sprint("Mix ", s), run: func(r rig) (out []Buffer) {
			for i, row := range mixings {
				out = append(out, r.mix(r.floats(normals(i, s[0]*s[1]*s[2]*s[3])...), row, s[0], s[1], s[2], s[3])...)
			}
			return out
		}})
	}
	all = append(all, &trial{concept: "dropout", name: "Dropout", run: func(r rig) (out []Buffer) {
		for _, n := range []int{1029, 1030, 1031, 1032} {
			shiftings(r, 2, func(at func(int, Buffer) Buffer) {
				y := at(0, r.junk(n))
				Dropout(y, at(1, r.floats(normals(1, n)...)), r.ints(3, 1, 4), .4)
				out = append(out, y)
			})
		}
		return out
	}})
	for _, pixels := range []int{17, 48, 4096, 4118} {
		all = append(all, &trial{concept: "takebatch", name: fmt.Sprintf("TakeBatch of %d", pixels), run: func(r rig) (out []Buffer) {
			for _, skip := range []int{0, 1, 4} {
				b := newBatcher(r, 7, pixels, 5, 3, skip)
				b.take()
				out = append(out, b.pictures(), b.labels, b.index, b.position)
			}
			return out
		}})
	}
	return append(all, &trial{concept: "takebatch", name: "TakeBatch out of bounds", run: func(r rig) (out []Buffer) {
		for _, first := range []int32{-2, 11} {
			b := newBatcher(r, 7, 32, 5, 0, 0)
			order := []int32{6, 7, -1, 1, 2, 3, 4, 5, 0, 1, 2, 8, 3, 4}
			Upload(b.position, []int32{first})
			if r.dev.gpu == nil { // the reference gets the nearest that there is
				order = []int32{6, 6, 0, 1, 2, 3, 4, 5, 0, 1, 2, 6, 3, 4}
				order = append(append([]int32{6, 6}, order...), 4, 4, 4)
				Upload(b.position, []int32{first + 2})
			}
			b.order = r.ints(order...)
			b.take()
			out = append(out, b.pictures(), b.labels, b.index)
		}
		return out
	}})
}

// mutantLayouts are layouts of few segments, with a second block.
var mutantLayouts = func() (all []layout) {
	segments := func(gap int) func(r rig) *Segments {
		return func(r rig) *Segments {
			var list []Segment
			offset := 4 - gap/64*4
			for i, n := range []int{1, 0, 7, 33, 1027, 8200, 260} {
				list = append(list, Segment{Offset: offset, Len: n, Scaled: i%2 == 0, Frozen: i == 3, NoDecay: i%3 == 0})
				offset += (n + gap) / gap * gap
			}
			return NewSegments(r.dev, offset+3, list)
		}
	}
	all = append(all, layout{"crowded", segments(1), -1})
	for operand := -1; operand < 4; operand++ {
		all = append(all, layout{fmt.Sprint("shifted ", operand), segments(64), operand})
	}
	return all
}()

// updateTrials are those of the walks of arenas: updates, sums, steps.
func updateTrials() (all []*trial) {
	walk := func(concept, name string, rtol float64, run func(r rig, s *Segments, arena func(operand int) Buffer) []Buffer) {
		all = append(all, &trial{concept: concept, name: name, rtol: rtol, run: func(r rig) (out []Buffer) {
			for _, l := range mutantLayouts {
				s := l.segments(r)
				out = append(out, run(r, s, func(operand int) Buffer {
					x := padded(operand+1, s)
					for i := 2000; i < 2100; i++ {
						x[i] = 0 // where T may be 0
					}
					return l.arena(r, operand, x)
				})...)
			}
			return out
		}})
	}
	walk("update", "ScaledNorm", 1.2e-7, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
		norm := r.junk(1)
		Alignment(r.junk(len(s.List)), arena(0), arena(1), arena(2), s, false) // leaves more than it may read
		ScaledNorm(norm, arena(0), arena(1), s, .01)
		return []Buffer{norm}
	})
	walk("update", "ScaledDistance", 1.2e-7, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
		distance, other := r.junk(1), r.junk(1)
		ScaledDistance(distance, arena(0), arena(1), s, .01)
		ScaledDistance(other, arena(0), arena(1), s, 0)
		return []Buffer{distance, other}
	})
	walk("update", "Ascend", 0, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
		w, far := arena(0), arena(0)
		Ascend(w, arena(1), r.floats(12.5), r.floats(.3), s, .01)
		Ascend(far, arena(1), r.floats(0), r.floats(.3), s, .01)
		return []Buffer{w, far}
	})
	walk("update", "Project", 0, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
		w, inside := arena(0), arena(0)
		Project(w, arena(1), r.floats(3), r.floats(.7), s)
		Project(inside, arena(1), r.floats(3), r.floats(3.1), s)
		Project(inside, arena(1), r.floats(0), r.floats(3.1), s)
		return []Buffer{w, inside}
	})
	walk("update", "Interpolate", 0, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
		w, slow, fast, alpha := arena(0), arena(1), arena(2), r.floats(.1, .2, .3, 1, .5, -.6, 1)
		Interpolate(w, slow, fast, alpha, s)
		Interpolate(slow, slow, fast, alpha, s)
		Interpolate(fast, w, fast, alpha, s)
		return []Buffer{w, slow, fast}
	})
	walk("update", "ClipNorm", 0, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
		g, inside := arena(0), arena(0)
		ClipNorm(g, r.floats(3), 2, s)
		ClipNorm(inside, r.floats(3), 5, s)
		return []Buffer{g, inside}
	})
	walk("update", "Alignment", 1.2e-7, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
		alpha, one, slow := r.junk(len(s.List)), r.junk(len(s.List)), arena(0)
		Alignment(alpha, slow, arena(1), arena(2), s, false)
		Alignment(one, slow, arena(1), arena(2), s, true)
		still := r.junk(len(s.List)) // no displacement, no angle
		Alignment(still, slow, slow, arena(2), s, false)
		return []Buffer{alpha, one, still}
	})
	for _, share := range []float64{-.5, .5} { // with a conflict and without
		all = append(all, &trial{concept: "conflict", name: fmt.Sprint("Deconflict ", share), atol: 4e-7, rtol: 1.2e-7, run: func(r rig) (out []Buffer) {
			for _, l := range mutantLayouts { // a last bit of the factor, 1/2, times 5
				s := l.segments(r)
				y, g, reference, factor := l.arena(r, 0, padded(1, s)), l.arena(r, 1, padded(2, s)), l.arena(r, 2, padded(3, s)), r.junk(1)
				AddScaled(g, reference, share)
				Alignment(r.junk(len(s.List)), y, y, g, s, false) // leaves sums that are not its
				Deconflict(y, g, reference, factor, s)
				Deconflict(g, g, reference, factor, s)
				out = append(out, y, g, factor)
			}
			return out
		}})
	}
	for i, c := range []SGD{{WeightDecay: .1}, {Momentum: .9, WeightDecay: 5e-4}, {Momentum: .9, WeightDecay: .1, Nesterov: true}} {
		walk("sgd", fmt.Sprintf("SGDStep %+v", c), 0, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
			w, momentum := arena(0), arena(2)
			if i == 0 {
				SGDStep(w, w, Buffer{}, arena(1), r.floats(.1), r.floats(.25), Buffer{}, c, s)
				return []Buffer{w}
			}
			to, stays := arena(1), arena(1)
			Fill(to, 5)
			Fill(stays, 5)
			SGDStep(w, w, momentum, arena(1), r.floats(.1), r.floats(.25), r.ints(0), c, s)
			SGDStep(w, w, momentum, arena(1), r.floats(.2), r.floats(.25), r.ints(1), c, s)
			SGDStep(stays, w, momentum, arena(1), r.floats(.2), r.floats(.25), r.ints(1), c, s)
			SGDStep(to, w, momentum, r.floats(padded(2, s)...), r.floats(.1), r.floats(.25), Buffer{}, c, s)
			return []Buffer{to, stays, w, momentum}
		})
	}
	for _, step := range []int32{1, 2, 3, 6} {
		walk("adamw", fmt.Sprint("AdamWStep ", step), 0, func(r rig, s *Segments, arena func(int) Buffer) []Buffer {
			w, m, v := arena(0), arena(1), arena(2)
			squares := Floats(v)
			for i, x := range squares {
				squares[i] = x * x
			}
			UploadFloats(v, squares)
			skips := []Buffer{{}, r.ints(0)}
			AdamWStep(w, w, m, v, arena(3), r.floats(1e-3), r.ints(step), skips[step%2], AdamW{.9, .999, 2e-3, .01}, s)
			to, stays := arena(3), arena(3)
			Fill(to, 5)
			Fill(stays, 5)
			AdamWStep(w, w, m, v, arena(3), r.floats(2e-3), r.ints(step), r.ints(1), AdamW{.9, .999, 2e-3, .01}, s)
			AdamWStep(stays, w, m, v, arena(3), r.floats(2e-3), r.ints(step), r.ints(1), AdamW{.9, .999, 2e-3, .01}, s)
			AdamWStep(to, w, m, v, r.floats(padded(4, s)...), r.floats(1e-3), r.ints(step), Buffer{}, AdamW{.9, .999, 2e-3, .01}, s)
			return []Buffer{to, stays, w, m, v}
		})
	}
	single := func(r rig, n int) *Segments { // segments of one element, each with a block
		list := make([]Segment, n)
		for i := range list {
			list[i] = Segment{Offset: i, Len: 1}
		}
		return NewSegments(r.dev, n, list)
	}
	all = append(all, &trial{concept: "update", name: "one number", rtol: 1.2e-7, run: func(r rig) (out []Buffer) {
		for _, lane := range lanes {
			segments := []*Segments{NewSegments(r.dev, 260, []Segment{{Len: 260}})}
			if lane <= 32 {
				segments = append(segments, single(r, 33))
			}
			for _, s := range segments {
				n := s.Size
				a, b := r.floats(oneHot(n, lane, almost2)...), r.floats(oneHot(n, lane, -almost2)...)
				Upload(b.Slice(3, 4), []float32{.7}) // so that the angle is no straight one
				zero := r.floats(make([]float64, n)...)
				norm, distance, alpha, summary := r.junk(1), r.junk(1), r.junk(len(s.List)), r.junk(3)
				ScaledNorm(norm, a, a, s, 0)
				ScaledDistance(distance, a, zero, s, 0)
				Alignment(alpha, zero, a, b, s, true)
				Summary(summary, a)
				out = append(out, norm, distance, alpha, summary)
				Alignment(alpha, zero, b, a, s, true)
				Summary(summary, b)
				out = append(out, alpha, summary)
			}
			broken, found := r.junk(3), make([]int32, 3)
			Summary(broken, r.floats(oneHot(260, lane, math.NaN())...))
			for i, v := range Floats(broken) {
				found[i] = map[bool]int32{true: 1}[math.IsNaN(v)]
			}
			out = append(out, r.ints(found...))
		}
		short := r.junk(3)
		Summary(short, r.floats(normals(1, 33)...))
		return append(out, short)
	}})
	all = append(all, &trial{concept: "conflict", name: "one number", run: func(r rig) (out []Buffer) {
		for _, lane := range lanes {
			segments := []*Segments{NewSegments(r.dev, 260, []Segment{{Len: 260}})}
			if lane <= 32 {
				segments = append(segments, single(r, 33))
			}
			for _, s := range segments {
				factor := r.junk(1)
				Deconflict(r.junk(s.Size), r.floats(oneHot(s.Size, lane, -almost2)...), r.floats(oneHot(s.Size, lane, almost2)...), factor, s)
				out = append(out, factor)
			}
		}
		return out
	}}, &trial{concept: "conflict", name: "many segments", rtol: 2.4e-7, run: func(r rig) []Buffer {
		s, factor := single(r, 1030), r.junk(1)
		g := r.floats(normals(2, s.Size)...)
		AddScaled(g, r.floats(normals(3, s.Size)...), -.5)
		Deconflict(r.junk(s.Size), g, r.floats(normals(3, s.Size)...), factor, s)
		return []Buffer{factor}
	}})
	return append(all, &trial{concept: "update", name: "many segments", rtol: 1.2e-7, run: func(r rig) []Buffer {
		s := single(r, 1030)
		w, g := r.floats(normals(1, s.Size)...), r.floats(normals(2, s.Size)...)
		norm, alpha := r.junk(1), r.junk(s.Size)
		Alignment(alpha, w, g, r.floats(normals(3, s.Size)...), s, true)
		ScaledNorm(norm, w, g, s, 0)
		return []Buffer{norm, alpha}
	}})
}
