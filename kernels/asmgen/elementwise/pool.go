package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pool emits the loops of max-pooling over windows that follow each other in a row, step
// pixels apart, for the first channels of c, a multiple of 8.
func pool(g gen) {
	const windows = "channels, windows, rows, columns, width, c, step, pixel int)"
	g.routine("maxPoolAVX2", "func(y []float32, index []int32, x []float32, "+windows, func() {
		lowest := g.constant(0xff800000) // -infinity
		g.windows([]string{"y", "index", "x"}, func(at place, p []reg.Register, each func(pixel func(from reg.Register, number reg.VecVirtual))) {
			best, place, first := g.YMM(), g.YMM(), g.XMM()
			g.VMOVAPS(lowest, best)
			g.VMOVD(g.param("pixel"), first)
			g.VPBROADCASTD(first, place)
			each(func(from reg.Register, number reg.VecVirtual) {
				v, better, nan := g.load(Mem{Base: from}), g.YMM(), g.YMM()
				g.VCMPPS(U8(greater), best, v, better)
				g.VCMPPS(U8(unordered), v, v, nan)
				g.VORPS(nan, better, better)
				g.VBLENDVPS(better, v, best, best)
				g.VBLENDVPS(better, number, place, place)
			})
			g.VMOVUPS(best, at(p[0]))
			g.VMOVUPS(place, at(p[1]))
		})
	})
	g.routine("maxPoolBackwardAVX2", "func(dy []float32, index []int32, dx []float32, "+windows, func() {
		g.windows([]string{"dy", "index", "dx"}, func(at place, p []reg.Register, each func(pixel func(to reg.Register, number reg.VecVirtual))) {
			d, place := g.load(at(p[0])), g.load(at(p[1]))
			each(func(to reg.Register, number reg.VecVirtual) {
				v := g.YMM()
				g.VPCMPEQD(number, place, v)
				g.VANDPS(d, v, v)
				g.VADDPS(Mem{Base: to}, v, v)
				g.VMOVUPS(v, Mem{Base: to})
			})
		})
	})
}

// windows emits body for each vector of channels of each window. The arrays are two of
// results and one of images; each emits its argument for each pixel of the window, where
// it lies in the images and its number in all lanes.
func (g gen) windows(arrays []string, body func(at place, p []reg.Register, each func(pixel func(at reg.Register, number reg.VecVirtual)))) {
	p := g.pointers(arrays...)
	rowStride, stride, step := g.integer("width"), g.integer("c"), g.integer("step") // bytes
	g.SHLQ(U8(2), stride)
	g.IMULQ(stride, rowStride)
	g.IMULQ(stride, step)
	g.Label("window")
	g.loop("channels", g.param("channels"), func(at place) {
		body(at, p, func(pixel func(at reg.Register, number reg.VecVirtual)) {
			row, first, rows := g.GP64(), g.GP64(), g.integer("rows")
			g.LEAQ(at(p[2]), row)
			g.Load(g.Param("pixel"), first)
			g.Label("row")
			where, number, columns := g.GP64(), g.GP64(), g.integer("columns")
			g.MOVQ(row, where)
			g.MOVQ(first, number)
			g.Label("pixel")
			low, lanes := g.XMM(), g.YMM()
			g.VMOVD(number.As32(), low)
			g.VPBROADCASTD(low, lanes)
			pixel(where, lanes)
			g.ADDQ(stride, where)
			g.INCQ(number)
			g.DECQ(columns)
			g.JNZ(LabelRef("pixel"))
			g.ADDQ(rowStride, row)
			g.ADDQ(g.param("width"), first)
			g.DECQ(rows)
			g.JNZ(LabelRef("row"))
		})
	})
	g.ADDQ(stride, p[0])
	g.ADDQ(stride, p[1])
	g.ADDQ(step, p[2])
	pixels := g.integer("step")
	g.ADDQ(pixels, g.param("pixel"))
	g.DECQ(g.param("windows"))
	g.JNZ(LabelRef("window"))
}

// greater is the comparison a > b, unordered is true if either is NaN.
const (
	greater   = 0x1e
	unordered = 0x03
)
