package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// batchNorm emits the loops of batchnorm_cpu.go, over rows of c channels of
// which the first len(mean), or len(sum), a multiple of 8, are computed: one
// lane is one channel.
func batchNorm(g gen) {
	moments(g)
	apply(g)
	backwardSums(g)
	g.routine("batchNormBackwardAVX2", "func(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)", func() {
		tensors := g.pointers("dx", "dy", "x")
		channels := g.pointers("mean", "r", "factor", "meanDz", "meanDot")
		g.rows("row", tensors, "mean", func(at place) {
			xhat, d := g.load(at(tensors[2])), g.load(at(tensors[1]))
			g.VSUBPS(at(channels[0]), xhat, xhat)
			g.VMULPS(at(channels[1]), xhat, xhat)
			g.VSUBPS(at(channels[3]), d, d)
			g.VMULPS(at(channels[4]), xhat, xhat)
			g.VSUBPS(xhat, d, d) // dz - meanDz - xhat·meanDot
			g.VMULPS(at(channels[2]), d, d)
			g.VMOVUPS(d, at(tensors[0]))
		})
	})
}

// rows emits body for each eight channels of each row, and moves the tensors
// on to the next row behind them. There is at least one row.
func (g gen) rows(label string, tensors []reg.Register, channels string, body func(at place)) {
	rows, stride, width := g.integer("rows"), g.integer("c"), g.length(channels)
	g.SHLQ(U8(2), stride)
	g.Label(label)
	g.loop(label+"_channels", width, body)
	for _, p := range tensors {
		g.ADDQ(stride, p)
	}
	g.DECQ(rows)
	g.JNZ(LabelRef(label))
}

// apply emits the forward pass, with and without an addend.
func apply(g gen) {
	g.routine("batchNormApplyAVX2", "func(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)", func() {
		tensors, channels := g.pointers("y", "x", "add"), g.pointers("mean", "scale", "beta")
		relu, all, zero := g.GP32(), g.YMM(), g.zero()
		flag, _ := g.Param("relu").Resolve()
		g.MOVBLZX(flag.Addr, relu)
		g.DECL(relu) // all ones if there is no ReLU, else 0
		g.VMOVD(relu, all.AsX())
		g.VPBROADCASTD(all.AsX(), all)
		one := func(addend bool) func(at place) {
			return func(at place) {
				v := g.load(at(tensors[1]))
				g.VSUBPS(at(channels[0]), v, v)
				g.VMULPS(at(channels[1]), v, v)
				g.VADDPS(at(channels[2]), v, v) // (x - mean)·scale + beta
				if addend {
					g.VADDPS(at(tensors[2]), v, v)
				}
				m := g.mask(v, zero)
				g.VORPS(all, m, m)
				g.VANDPS(m, v, v)
				g.VMOVUPS(v, at(tensors[0]))
			}
		}
		n := g.length("add")
		g.TESTQ(n, n)
		g.JZ(LabelRef("plain"))
		g.rows("addend", tensors, "mean", one(true))
		g.VZEROUPPER()
		g.RET()
		g.Label("plain")
		g.rows("row", tensors[:2], "mean", one(false))
	})
}

// strips emits body for strips of 32, then of 16, then of 8 channels; vectors
// is their number of vectors. at(p) is the pointer p to a row of float32,
// moved to the first channel of the strip.
func (g gen) strips(label string, width, channel reg.Register, body func(label string, vectors int)) {
	g.XORQ(channel, channel)
	left := g.GP64()
	for _, vectors := range []int{4, 2, 1} {
		name := fmt.Sprintf("%s_%d", label, 8*vectors)
		g.Label(name)
		g.MOVQ(width, left)
		g.SUBQ(channel, left)
		g.CMPQ(left, I32(8*vectors))
		g.JLT(LabelRef(name + "_done"))
		body(name, vectors)
		g.ADDQ(I32(8*vectors), channel)
		g.JMP(LabelRef(name))
		g.Label(name + "_done")
	}
}

// column emits body for each row of a strip; the pointers it is given walk
// down the tensors.
func (g gen) column(label string, channel, rows, stride reg.Register, tensors []reg.Register, body func(p []reg.Register)) {
	walk, left := make([]reg.Register, len(tensors)), g.GP64()
	for i, p := range tensors {
		walk[i] = g.GP64()
		g.LEAQ(Mem{Base: p, Index: channel, Scale: 4}, walk[i])
	}
	g.MOVQ(rows, left)
	g.Label(label)
	body(walk)
	for _, p := range walk {
		g.ADDQ(stride, p)
	}
	g.DECQ(left)
	g.JNZ(LabelRef(label))
}

func lanes(p reg.Register, vector int) Mem { return Mem{Base: p, Disp: 32 * vector} }

// zeros is n vectors of zeros.
func (g gen) zeros(n int) []reg.VecVirtual {
	all := make([]reg.VecVirtual, n)
	for i := range all {
		all[i] = g.zero()
	}
	return all
}

// accumulate adds four float64 lanes to those of vector v of the strip.
func (g gen) accumulate(sums, channel reg.Register, vector, half int, d reg.VecVirtual) {
	at := Mem{Base: sums, Index: channel, Scale: 8, Disp: 64*vector + 32*half}
	v := g.YMM()
	g.VADDPD(at, d, v)
	g.VMOVUPD(v, at)
}

// moments emits batchNormMoments.
func moments(g gen) {
	g.routine("batchNormMomentsAVX2", "func(sum, squares []float64, x []float32, rows, c int)", func() {
		p, width := g.pointers("sum", "squares", "x"), g.length("sum")
		rows, stride, channel := g.integer("rows"), g.integer("c"), g.GP64()
		g.SHLQ(U8(2), stride)
		n, inverse := g.YMM(), g.YMM() // rows in float64 and 1/rows in float32
		g.reciprocal(rows, n, inverse)
		g.strips("strip", width, channel, func(label string, vectors int) {
			pivot, sum := make([]reg.VecVirtual, vectors), g.zeros(vectors)
			for k := range pivot {
				pivot[k] = g.load(Mem{Base: p[2], Index: channel, Scale: 4, Disp: 32 * k})
			}
			g.column(label+"_sum", channel, rows, stride, p[2:], func(x []reg.Register) {
				for k := range pivot {
					d := g.load(lanes(x[0], k))
					g.VSUBPS(pivot[k], d, d)
					g.VADDPS(d, sum[k], sum[k])
				}
			})
			mean := make([]reg.VecVirtual, vectors)
			for k := range mean {
				mean[k] = g.YMM()
				g.VMULPS(inverse, sum[k], mean[k])
				g.VADDPS(pivot[k], mean[k], mean[k])
				g.addMoments(p, channel, k, n, pivot[k], sum[k], mean[k])
			}
			squares := g.zeros(vectors)
			g.column(label+"_squares", channel, rows, stride, p[2:], func(x []reg.Register) {
				for k := range mean {
					d := g.load(lanes(x[0], k))
					g.VSUBPS(mean[k], d, d)
					g.VMULPS(d, d, d)
					g.VADDPS(d, squares[k], squares[k])
				}
			})
			for k, v := range squares {
				g.halves(v, func(half int, d reg.VecVirtual) { g.accumulate(p[1], channel, k, half, d) })
			}
		})
	})
}

// reciprocal sets n to float64(rows) and inverse to 1/float32(rows).
func (g gen) reciprocal(rows reg.Register, n, inverse reg.VecVirtual) {
	one, bits := g.XMM(), g.GP32()
	g.MOVL(U32(0x3f800000), bits) // float32(1)
	g.VMOVD(bits, one)
	x, d := g.XMM(), g.XMM()
	g.VXORPS(x, x, x)
	g.VCVTSI2SSQ(rows, x, x)
	g.VDIVSS(x, one, x)
	g.VBROADCASTSS(x, inverse)
	g.VXORPD(d, d, d)
	g.VCVTSI2SDQ(rows, d, d)
	g.VBROADCASTSD(d, n)
}

// addMoments adds to sum[channel] s = n·pivot + sum, and to squares[channel]
// mean·(2·s - n·mean), which the squares around the mean complete.
func (g gen) addMoments(p []reg.Register, channel reg.Register, vector int, n, pivot, sum, mean reg.VecVirtual) {
	var s [2]reg.VecVirtual
	g.halves(pivot, func(half int, d reg.VecVirtual) {
		g.VMULPD(n, d, d)
		s[half] = d
	})
	g.halves(sum, func(half int, d reg.VecVirtual) {
		g.VADDPD(d, s[half], s[half])
		g.accumulate(p[0], channel, vector, half, s[half])
		g.VADDPD(s[half], s[half], s[half])
	})
	g.halves(mean, func(half int, d reg.VecVirtual) {
		t := g.YMM()
		g.VMULPD(n, d, t)
		g.VSUBPD(t, s[half], t)
		g.VMULPD(t, d, t)
		g.accumulate(p[1], channel, vector, half, t)
	})
}

// backwardSums emits batchNormSums, with a ReLU and without.
func backwardSums(g gen) {
	g.routine("batchNormSumsAVX2", "func(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)", func() {
		p, width := g.pointers("sum", "dot"), g.length("sum")
		tensors, channels := g.pointers("dy", "x", "y"), g.pointers("mean", "r")
		rows, stride, channel, zero := g.integer("rows"), g.integer("c"), g.GP64(), g.zero()
		g.SHLQ(U8(2), stride)
		strip := func(relu bool) func(label string, vectors int) {
			return func(label string, vectors int) {
				sum, dot := g.zeros(vectors), g.zeros(vectors)
				used := tensors[:2]
				if relu {
					used = tensors
				}
				g.column(label+"_row", channel, rows, stride, used, func(t []reg.Register) {
					for k := range sum {
						dz, xhat := g.load(lanes(t[0], k)), g.load(lanes(t[1], k))
						if relu {
							g.VANDPS(g.mask(g.load(lanes(t[2], k)), zero), dz, dz)
							g.VMOVUPS(dz, lanes(t[0], k))
						}
						g.VSUBPS(Mem{Base: channels[0], Index: channel, Scale: 4, Disp: 32 * k}, xhat, xhat)
						g.VMULPS(Mem{Base: channels[1], Index: channel, Scale: 4, Disp: 32 * k}, xhat, xhat)
						g.VMULPS(dz, xhat, xhat)
						g.VADDPS(dz, sum[k], sum[k])
						g.VADDPS(xhat, dot[k], dot[k])
					}
				})
				for k := range sum {
					g.halves(sum[k], func(half int, d reg.VecVirtual) { g.accumulate(p[0], channel, k, half, d) })
					g.halves(dot[k], func(half int, d reg.VecVirtual) { g.accumulate(p[1], channel, k, half, d) })
				}
			}
		}
		n := g.length("y")
		g.TESTQ(n, n)
		g.JZ(LabelRef("plain"))
		g.strips("relu", width, channel, strip(true))
		g.VZEROUPPER()
		g.RET()
		g.Label("plain")
		g.strips("strip", width, channel, strip(false))
	})
}
