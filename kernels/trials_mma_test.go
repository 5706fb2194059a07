package kernels

import (
	"fmt"
	"math"

	"lbsam/kernels/kerneltest"
)

// trial is one of a convolution in a format, whose sums have so many terms. Those
// of three images are for the sample of mutants too.
func (c mmaCase) trial(concept, name string, g Conv, terms int, run func(m mmaRun) []Buffer) *trial {
	rtol := 1e-6
	if c.dtype != Float32 {
		rtol = 1.001 * math.Ldexp(1, -c.precision)
	}
	return &trial{
		concept: concept, long: g.N != 3, name: fmt.Sprintf("%s %v %+v", name, c, g), atol: 2 * kerneltest.SumTolerance(terms), rtol: rtol,
		run: func(r rig) []Buffer { return run(mmaRun{c, r, g, 0}) },
	}
}

// mmaTrials are those of the convolutions on tensor cores: for each format,
// result and tile a shape with edges, one with a second tile along both sides and
// more slabs than are on their way at once, and results at any address, of a tile
// and of less.
func mmaTrials() (all []*trial) {
	for _, c := range mmaCases {
		addAll := func(concept, name string, g Conv, terms int, run func(m mmaRun) []Buffer) {
			all = append(all, c.trial(concept, name, g, terms, run))
		}
		add := func(concept, name string, g Conv, terms int, run func(m mmaRun) Buffer) {
			addAll(concept, name, g, terms, func(m mmaRun) []Buffer { return []Buffer{run(m)} })
		}
		w := c.width()
		for _, t := range c.tiles() {
			m, n, k := t.m+8, t.n+w, 2*t.k+w
			concept := "conv2d_" + c.name
			forward := func(g Conv, shift int) {
				add(concept, "forward "+t.name, g, g.KH*g.KW*g.C+1, func(m mmaRun) Buffer { return m.from(shift).forward(&t) })
			}
			input := func(g Conv, shift int) {
				add(concept, "input "+t.name, g, g.KH*g.KW*g.OC, func(m mmaRun) Buffer { return m.from(shift).input(&t) })
			}
			weight := func(g Conv, parts, shift int) {
				add(concept, "weight "+t.name, g, g.N*g.OH()*g.OW()+1, func(m mmaRun) Buffer { return m.from(shift).weight(&t, parts) })
			}
			forward(Conv{N: 3, H: 7, W: 5, C: w, OC: 11, KH: 5, KW: 3, Stride: 2, Pad: 2}, 0)
			forward(Conv{N: 1, H: m / 4, W: 4, C: k, OC: n, KH: 3, KW: 1, Stride: 1, Pad: 1}, 0)
			forward(Conv{N: 2, H: t.m / 8, W: 4, C: w, OC: t.n, KH: 1, KW: 1, Stride: 1}, 1)
			input(Conv{N: 3, H: 7, W: 5, C: 3 * w, OC: w, KH: 5, KW: 3, Stride: 2, Pad: 2}, 0)
			input(Conv{N: 1, H: m / 4, W: 4, C: n, OC: k, KH: 3, KW: 1, Stride: 1, Pad: 1}, 0)
			input(Conv{N: 2, H: t.m / 8, W: 4, C: t.n, OC: w, KH: 1, KW: 1, Stride: 1}, 1)
			input(Conv{N: 1, H: 1, W: 3, C: 2 * w, OC: w, KH: 1, KW: 1, Stride: 1}, 2)
			weight(Conv{N: 3, H: 7, W: 5, C: w, OC: 3 * w, KH: 5, KW: 3, Stride: 2, Pad: 2}, 1, 0)
			few := min(10, fewParts/(t.m*t.n)) // of a slab each
			weight(Conv{N: 3, H: t.k / 4, W: 4 * few / 3, C: t.n, OC: t.m, KH: 1, KW: 1, Stride: 1}, few, 0)
			weight(Conv{N: 67, H: t.k / 4, W: 4, C: t.n, OC: t.m, KH: 1, KW: 1, Stride: 1}, 67, 0)
			weight(Conv{N: tiles(2*6*t.k, 25), H: 5, W: 5, C: tiles(t.n/9+1, w) * w, OC: t.m + w, KH: 3, KW: 3, Stride: 1, Pad: 1}, 2, 0) // of six slabs each
			weight(Conv{N: 2, H: 5, W: 5, C: n, OC: t.m + w, KH: 1, KW: 1, Stride: 1}, 1, 1)
			gradient := func(g Conv, more, ofY bool) {
				if !t.normalises() {
					return
				}
				addAll(concept, "gradient of a normalisation "+t.name, g, g.KH*g.KW*g.OC+g.N*g.H*g.W, func(m mmaRun) []Buffer { return m.normGradient(&t, more, ofY) })
			}
			gradient(Conv{N: 3, H: 7, W: 5, C: 3 * w, OC: w, KH: 5, KW: 3, Stride: 2, Pad: 2}, true, true)
			gradient(Conv{N: 3, H: 3, W: 5, C: 2 * w, OC: w, KH: 1, KW: 1, Stride: 1}, false, false)
			gradient(Conv{N: 1, H: m / 4, W: 4, C: n, OC: w, KH: 1, KW: 1, Stride: 1}, true, true)
			all = append(all, c.endTrials(concept, t)...)
			statistics := func(g Conv, times int) {
				addAll(concept, "statistics "+t.name, g, g.KH*g.KW*g.C+1, func(m mmaRun) []Buffer { return m.statistics(&t, times) })
			}
			statistics(Conv{N: 3, H: 5, W: t.m/8 + 1, C: w, OC: w, KH: 1, KW: 1, Stride: 1}, 11) // two tiles of pixels
			statistics(Conv{N: 35, H: 8, W: t.m / 8, C: w, OC: 11, KH: 1, KW: 1, Stride: 1}, 11)
			statistics(Conv{N: 1, H: 2, W: 5, C: w, OC: n, KH: 1, KW: 1, Stride: 1}, 8)
			normalised := func(g Conv) {
				add(concept, "normalised "+t.name, g, 4*g.KH*g.KW*g.C+1, func(m mmaRun) Buffer { return m.normalised(&t) })
			}
			normalised(Conv{N: 3, H: 4, W: 5, C: w, OC: 2 * w, KH: 1, KW: 1, Stride: 1})
			normalised(Conv{N: 1, H: m / 4, W: 4, C: w, OC: t.n + 3, KH: 1, KW: 1, Stride: 1})
		}
	}
	return all
}

// An mmaRun is a convolution in a format, on a device: on ref, of operands that
// were rounded to it.
type mmaRun struct {
	mmaCase
	r     rig
	g     Conv
	shift int // where the result begins, in elements behind an allocation's start
}

func (m mmaRun) from(shift int) mmaRun {
	m.shift = shift
	return m
}

func (m mmaRun) onRef() bool { return m.r.dev.gpu == nil }

func (m mmaRun) operand(seed, n int) Buffer {
	if m.onRef() {
		x := normals(seed, n)
		for i, v := range x {
			x[i] = m.round(v)
		}
		return m.r.floats(x...)
	}
	b, _ := m.upload(m.r, normals32(seed, n), 0)
	return b
}

// room is for a result, and float32 what it is in the end.
func (m mmaRun) room(n int) Buffer {
	if m.onRef() {
		return m.r.junk(n)
	}
	return m.junk(m.r, m.mmaCase.dtype, n, m.shift)
}

func (m mmaRun) float32(b Buffer) Buffer {
	if m.onRef() {
		return b
	}
	return m.r.floats(m.download(b)...)
}

func (m mmaRun) forward(t *gpuTile) Buffer {
	y, x, w, b := m.room(m.g.YLen()), m.operand(1, m.g.XLen()), m.operand(2, m.g.WLen()), m.r.floats(normals(3, m.g.OC)...)
	switch {
	case m.onRef():
		Conv2d(y, x, w, b, m.g)
	case t == nil:
		conv2dGPU(y, x, w, b, m.g)
	default:
		runConv2d(y, x, w, b, m.g, m.kernel(gpuPlan{*t, 1}))
	}
	return m.float32(y)
}

func (m mmaRun) input(t *gpuTile) Buffer {
	dx, dy, w := m.room(m.g.XLen()), m.operand(1, m.g.YLen()), m.operand(2, m.g.WLen())
	switch {
	case m.onRef():
		Conv2dBackwardInput(dx, dy, w, m.g)
	case t == nil:
		conv2dBackwardInputGPU(dx, dy, w, m.g)
	default:
		runConv2dBackwardInput(dx, dy, w, m.g, m.kernel(gpuPlan{*t, 1}))
	}
	return m.float32(dx)
}

func (m mmaRun) weight(t *gpuTile, parts int) Buffer {
	dw, dy, x := m.r.junk(m.shift+m.g.WLen()).Slice(m.shift, m.shift+m.g.WLen()), m.operand(1, m.g.YLen()), m.operand(2, m.g.XLen())
	Copy(dw, m.r.floats(normals(3, m.g.WLen())...))
	switch {
	case m.onRef():
		Conv2dBackwardWeightAdd(dw, dy, x, m.g)
	case t == nil:
		conv2dBackwardWeightAddGPU(dw, dy, x, m.g)
	default:
		runConv2dBackwardWeightAdd(dw, dy, x, m.g, m.g.turnedWeightProduct(), m.kernel(gpuPlan{*t, parts}))
	}
	return dw
}

// statistics is forward with those of what it stores, which move the running ones
// so many times.
func (m mmaRun) statistics(t *gpuTile, times int) []Buffer {
	z, x, w, b := m.room(m.g.YLen()), m.operand(1, m.g.XLen()), m.operand(2, m.g.WLen()), m.r.floats(normals(3, m.g.OC)...)
	n := BatchNorm{Rows: m.g.N * m.g.OH() * m.g.OW(), C: m.g.OC, ReLU: true}
	mean, variance := m.r.junk(n.C), m.r.junk(n.C)
	moved := BatchNormRunning{m.r.floats(normals(4, n.C)...), m.r.floats(constant(n.C, 1.7)...), m.r.ints(4), 0.1, times}
	if m.onRef() {
		Conv2d(z, x, w, b, m.g)
		stored := Floats(z)
		if m.mmaCase.dtype != Float32 {
			for i, v := range stored {
				stored[i] = m.round(v)
			}
		}
		BatchNormStatistics(mean, variance, m.r.floats(stored...), moved, n)
	} else {
		convEnd{mean: mean, variance: variance, moved: moved, norm: n, statistics: true}.run(z, x, w, b, m.g, m.kernel(gpuPlan{*t, 1}))
	}
	return []Buffer{m.float32(z), mean, variance, moved.Mean, moved.Var, moved.Count}
}

// normalised is forward with a normalisation by known statistics and an addend.
func (m mmaRun) normalised(t *gpuTile) Buffer {
	y, x, w, b := m.room(m.g.YLen()), m.operand(1, m.g.XLen()), m.operand(2, m.g.WLen()), m.r.floats(normals(3, m.g.OC)...)
	n := BatchNorm{Rows: m.g.N * m.g.OH() * m.g.OW(), C: m.g.OC, Eps: 0.1, ReLU: true}
	gamma, beta, mean, variance := m.r.floats(normals(4, n.C)...), m.r.floats(normals(5, n.C)...), m.r.floats(normals(6, n.C)...), m.r.floats(constant(n.C, 1.7)...)
	addend := normals(7, m.g.YLen())
	for i, v := range addend { // exact in every format
		addend[i] = math.Round(v)
	}
	if m.onRef() {
		Conv2d(y, x, w, b, m.g)
		BatchNormApply(y, y, m.r.floats(addend...), gamma, beta, mean, variance, n)
		return y
	}
	add := m.room(m.g.YLen())
	UploadFloats(add, addend)
	convEnd{add: add, gamma: gamma, beta: beta, mean: mean, variance: variance, norm: n}.run(y, x, w, b, m.g, m.kernel(gpuPlan{*t, 1}))
	return m.float32(y)
}

// normGradient is input where a normalisation gave the input, with another part of
// the gradient or without, and with a mask that comes of y or of x. Products and
// their sums are whole numbers, which every format holds: so nothing is rounded one
// way here and another way there before it is added up.
func (m mmaRun) normGradient(t *gpuTile, withMore, ofY bool) []Buffer {
	whole := func(seed, n, most int) Buffer {
		x := normals(seed, n)
		for i, v := range x {
			x[i] = max(-float64(most), min(float64(most), math.Round(v)))
		}
		b := m.room(n)
		UploadFloats(b, x)
		return b
	}
	e := inputEnd{norm: BatchNorm{Rows: m.g.N * m.g.H * m.g.W, C: m.g.C, Eps: 0.1, ReLU: true}, means: m.r.dev.Alloc(Float64, 2*m.g.C)}
	floats := func(seed int) Buffer { return m.r.floats(normals(seed, m.g.C)...) }
	e.gamma, e.beta, e.mean, e.variance, e.dgamma, e.dbeta = floats(3), floats(4), floats(5), m.r.floats(constant(m.g.C, 1.7)...), floats(6), floats(7)
	dz := m.room(m.g.XLen())
	e.x = whole(8, m.g.XLen(), 3)
	if withMore {
		e.more = whole(9, m.g.XLen(), 3)
		dz = e.more
	}
	if ofY {
		e.y, e.beta = whole(10, m.g.XLen(), 3), Buffer{}
	}
	dy, w := whole(1, m.g.YLen(), 1), whole(2, m.g.WLen(), 1)
	if m.onRef() {
		if !ofY {
			e.y = m.room(m.g.XLen())
			BatchNormApply(e.y, e.x, Buffer{}, e.gamma, e.beta, e.mean, e.variance, e.norm)
		}
		Conv2dBackwardInputNorm(dz, e.means, e.dgamma, e.dbeta, dy, w, e.more, e.y, e.x, e.gamma, e.beta, e.mean, e.variance, m.g, e.norm)
	} else {
		e.run(dz, dy, w, m.g, m.kernel(gpuPlan{*t, 1}))
	}
	return []Buffer{m.float32(dz), e.dgamma, e.dbeta, e.means}
}
