package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// batchNorm emits the loops of batchnorm_cpu.go, over rows of c channels of
// which the first len(mean), or len(sum), a multiple of g.lanes, are computed:
// one lane is one channel.
func batchNorm(g gen) {
	g.each(moments)
	g.each(apply)
	g.each(func(g gen) {
		backwardSums(g, "batchNormSums", maskNone)
		backwardSums(g, "batchNormSumsReLU", maskByY)
		backwardSums(g, "batchNormSumsOwn", maskByX)
	})
	g.each(func(g gen) {
		backward(g, "batchNormBackward", maskNone)
		backward(g, "batchNormBackwardOwn", maskByX)
	})
}

// How the gradient passes the ReLU.
type masking int

const (
	maskNone masking = iota // there is none
	maskByY                 // where its output is above 0
	maskByX                 // where what comes of x is, (x - mean)·scale + beta
)

// rows emits body for each vector of channels of each row, and moves the tensors
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

// normalize computes v = (x - mean)·scale + beta from v = x.
func (g gen) normalize(v reg.VecVirtual, mean, scale, beta Op) {
	g.VSUBPS(mean, v, v)
	g.VMULPS(scale, v, v)
	g.VADDPS(beta, v, v)
}

// apply emits the forward pass, with and without an addend and a ReLU.
func apply(g gen) {
	g.routine(g.name("batchNormApply"), "func(y, x, add, mean, scale, beta []float32, rows, c int, relu bool)", func() {
		tensors, channels, zero := g.pointers("y", "x", "add"), g.pointers("mean", "scale", "beta"), g.zero()
		one := func(addend, relu bool) func(at place) {
			return func(at place) {
				v := g.load(at(tensors[1]))
				g.normalize(v, at(channels[0]), at(channels[1]), at(channels[2]))
				if addend {
					g.VADDPS(at(tensors[2]), v, v)
				}
				if relu {
					g.keep(v, zero, v)
				}
				g.VMOVUPS(v, at(tensors[0]))
			}
		}
		n, relu := g.length("add"), g.GP32()
		g.MOVBLZX(g.param("relu"), relu)
		g.TESTQ(n, n)
		g.JZ(LabelRef("plain"))
		g.TESTL(relu, relu)
		g.JZ(LabelRef("addend"))
		g.rows("addend_relu_row", tensors, "mean", one(true, true))
		g.VZEROUPPER()
		g.RET()
		g.Label("addend")
		g.rows("addend_row", tensors, "mean", one(true, false))
		g.VZEROUPPER()
		g.RET()
		g.Label("plain")
		g.TESTL(relu, relu)
		g.JZ(LabelRef("neither"))
		g.rows("relu_row", tensors[:2], "mean", one(false, true))
		g.VZEROUPPER()
		g.RET()
		g.Label("neither")
		g.rows("row", tensors[:2], "mean", one(false, false))
	})
}

// backward emits batchNormDx.
func backward(g gen, name string, m masking) {
	signature := "func(dx, dy, x, mean, r, factor, meanDz, meanDot []float32, rows, c int)"
	numbers := []string{"mean", "r", "factor", "meanDz", "meanDot"}
	if m == maskByX {
		signature = "func(dx, dy, x, mean, r, factor, meanDz, meanDot, scale, beta []float32, rows, c int)"
		numbers = append(numbers, "scale", "beta")
	}
	g.routine(g.name(name), signature, func() {
		tensors, channels, zero := g.pointers("dx", "dy", "x"), g.pointers(numbers...), g.zero()
		g.rows("row", tensors, "mean", func(at place) {
			xhat, d := g.load(at(tensors[2])), g.load(at(tensors[1]))
			if m == maskByX {
				v := g.load(at(tensors[2]))
				g.normalize(v, at(channels[0]), at(channels[5]), at(channels[6]))
				g.keep(v, zero, d)
			}
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

// ways is the number of sums of a channel within a block: row i goes to sum
// i mod ways. One would have to wait for the addition before it.
const ways = 2

// strips emits body for strips of two vectors of channels, then of one.
func (g gen) strips(label string, width, channel reg.Register, body func(label string, vectors int)) {
	g.XORQ(channel, channel)
	left := g.GP64()
	for _, vectors := range []int{2, 1} {
		name := fmt.Sprintf("%s_%d", label, vectors)
		g.Label(name)
		g.MOVQ(width, left)
		g.SUBQ(channel, left)
		g.CMPQ(left, I32(g.lanes*vectors))
		g.JLT(LabelRef(name + "_done"))
		body(name, vectors)
		g.ADDQ(I32(g.lanes*vectors), channel)
		g.JMP(LabelRef(name))
		g.Label(name + "_done")
	}
}

// column emits body for each row of a strip, whose sum it names too; the
// pointers it is given walk down the tensors. There is at least one row.
func (g gen) column(label string, channel, rows, stride reg.Register, tensors []reg.Register, body func(p []reg.Register, way int)) {
	walk, left := make([]reg.Register, len(tensors)), g.GP64()
	for i, p := range tensors {
		walk[i] = g.GP64()
		g.LEAQ(Mem{Base: p, Index: channel, Scale: 4}, walk[i])
	}
	next := func() {
		for _, p := range walk {
			g.ADDQ(stride, p)
		}
	}
	g.MOVQ(rows, left)
	g.SUBQ(I32(ways), left)
	g.JLT(LabelRef(label + "_last"))
	g.Label(label)
	for way := range ways {
		body(walk, way)
		next()
	}
	g.SUBQ(I32(ways), left)
	g.JGE(LabelRef(label))
	g.Label(label + "_last")
	g.ADDQ(I32(ways), left)
	g.JZ(LabelRef(label + "_done"))
	body(walk, 0) // of an odd number of rows
	g.Label(label + "_done")
}

func (g gen) at(p reg.Register, vector int) Mem { return Mem{Base: p, Disp: g.bytes() * vector} }

// sums is ways sums for each vector of a strip.
func (g gen) sums(vectors int) (all [ways][]reg.VecVirtual) {
	for way := range all {
		for range vectors {
			all[way] = append(all[way], g.zero())
		}
	}
	return all
}

// joined adds up the sums of each vector.
func (g gen) joined(all [ways][]reg.VecVirtual) []reg.VecVirtual {
	for k, v := range all[1] {
		g.VADDPS(v, all[0][k], all[0][k])
	}
	return all[0]
}

// accumulate adds half a vector of float64 to those of vector v of the strip.
func (g gen) accumulate(sums, channel reg.Register, vector, half int, d reg.VecVirtual) {
	at := Mem{Base: sums, Index: channel, Scale: 8, Disp: g.bytes() * (2*vector + half)}
	v := g.vector()
	g.VADDPD(at, d, v)
	g.VMOVUPD(v, at)
}

// moments emits batchNormMoments.
func moments(g gen) {
	g.routine(g.name("batchNormMoments"), "func(sum, squares []float64, x []float32, rows, c int)", func() {
		p, width := g.pointers("sum", "squares", "x"), g.length("sum")
		rows, stride, channel := g.integer("rows"), g.integer("c"), g.GP64()
		g.SHLQ(U8(2), stride)
		block := g.GP64() // bytes
		g.MOVQ(rows, block)
		g.IMULQ(stride, block)
		n, inverse := g.vector(), g.vector() // rows in float64 and 1/rows in float32
		g.reciprocal(rows, n, inverse)
		g.strips("strip", width, channel, func(label string, vectors int) {
			pivot, sums := make([]reg.VecVirtual, vectors), g.sums(vectors)
			for k := range pivot {
				pivot[k] = g.load(Mem{Base: p[2], Index: channel, Scale: 4, Disp: g.bytes() * k})
			}
			g.column(label+"_sum", channel, rows, stride, p[2:], func(x []reg.Register, way int) {
				for k, sum := range sums[way] {
					d := g.load(g.at(x[0], k))
					g.VSUBPS(pivot[k], d, d)
					g.VADDPS(d, sum, sum)
				}
			})
			mean := make([]reg.VecVirtual, vectors)
			for k, sum := range g.joined(sums) {
				mean[k] = g.vector()
				g.VMULPS(inverse, sum, mean[k])
				g.VADDPS(pivot[k], mean[k], mean[k])
				g.addMoments(p, channel, k, n, pivot[k], sum, mean[k])
			}
			squares := g.sums(vectors)
			g.column(label+"_squares", channel, rows, stride, p[2:], func(x []reg.Register, way int) {
				for k, sum := range squares[way] {
					d := g.load(g.at(x[0], k))
					if g.bytes()*k%64 == 0 { // the next block, while the processor computes
						g.PREFETCHT1(Mem{Base: x[0], Index: block, Scale: 1, Disp: g.bytes() * k})
					}
					g.VSUBPS(mean[k], d, d)
					g.VMULPS(d, d, d)
					g.VADDPS(d, sum, sum)
				}
			})
			for k, v := range g.joined(squares) {
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
		t := g.vector()
		g.VMULPD(n, d, t)
		g.VSUBPD(t, s[half], t)
		g.VMULPD(t, d, t)
		g.accumulate(p[1], channel, vector, half, t)
	})
}

// blockBytes is the size of a block of 64 channels or more, and how far ahead the gradient
// asks for rows. They, and the next block of the statistics, are asked into the L2 cache: two
// blocks fill an L1 cache of 32 kB.
const blockBytes = 16 << 10

// backwardSums emits batchNormSums.
func backwardSums(g gen, name string, m masking) {
	signature := [...]string{
		"func(sum, dot []float64, dy, x, mean, r []float32, rows, c int)",
		"func(sum, dot []float64, dy, y, x, mean, r []float32, rows, c int)",
		"func(sum, dot []float64, dy, x, mean, r, scale, beta []float32, rows, c int)",
	}[m]
	g.routine(g.name(name), signature, func() {
		p, width := g.pointers("sum", "dot"), g.length("sum")
		tensors, channels := g.pointers("dy", "x"), g.pointers("mean", "r")
		switch m {
		case maskByY:
			tensors = append(tensors, g.pointers("y")...)
		case maskByX:
			channels = append(channels, g.pointers("scale", "beta")...)
		}
		rows, stride, channel, zero := g.integer("rows"), g.integer("c"), g.GP64(), g.zero()
		g.SHLQ(U8(2), stride)
		g.strips("strip", width, channel, func(label string, vectors int) {
			sums, dots := g.sums(vectors), g.sums(vectors)
			g.column(label+"_row", channel, rows, stride, tensors, func(t []reg.Register, way int) {
				for k := range vectors {
					number := func(i int) Mem { return Mem{Base: channels[i], Index: channel, Scale: 4, Disp: g.bytes() * k} }
					dz, xhat := g.load(g.at(t[0], k)), g.load(g.at(t[1], k))
					if g.bytes()*vectors == 128 { // 32 channels of AVX-512: of 16 it was slower, and of AVX2 not measured
						for _, p := range t {
							g.PREFETCHT1(Mem{Base: p, Disp: blockBytes + g.bytes()*k})
						}
					}
					switch m {
					case maskByY:
						g.keep(g.load(g.at(t[2], k)), zero, dz)
						g.VMOVUPS(dz, g.at(t[0], k))
					case maskByX:
						v := g.load(g.at(t[1], k))
						g.normalize(v, number(0), number(2), number(3))
						g.keep(v, zero, dz)
					}
					g.VSUBPS(number(0), xhat, xhat)
					g.VMULPS(number(1), xhat, xhat)
					g.VMULPS(dz, xhat, xhat)
					g.VADDPS(dz, sums[way][k], sums[way][k])
					g.VADDPS(xhat, dots[way][k], dots[way][k])
				}
			})
			for i, totals := range [][]reg.VecVirtual{g.joined(sums), g.joined(dots)} {
				for k, v := range totals {
					g.halves(v, func(half int, d reg.VecVirtual) { g.accumulate(p[i], channel, k, half, d) })
				}
			}
		})
	})
}
