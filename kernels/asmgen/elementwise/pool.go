package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// pool emits the loop of maxPool2dRef over one window, of c channels of which the
// first len(y), a multiple of 8, are computed.
func pool(g gen) {
	g.routine("maxPoolWindowAVX2", "func(y []float32, index []int32, x []float32, rows, columns, width, c, pixel int)", func() {
		p := g.pointers("y", "index", "x")
		rowStride, stride := g.integer("width"), g.integer("c") // bytes, from row to row and from pixel to pixel
		g.SHLQ(U8(2), stride)
		g.IMULQ(stride, rowStride)
		width, lowest, lanes := g.integer("width"), g.constant(0xff800000), g.XMM()
		g.loop("channels", g.length("y"), func(at place) {
			best, place := g.YMM(), g.YMM()
			g.VMOVAPS(lowest, best)
			first, row, rows := g.GP64(), g.GP64(), g.integer("rows")
			g.Load(g.Param("pixel"), first)
			g.VMOVD(first.As32(), lanes)
			g.VPBROADCASTD(lanes, place)
			g.LEAQ(at(p[2]), row)
			g.Label("row")
			from, pixel, columns := g.GP64(), g.GP64(), g.integer("columns")
			g.MOVQ(row, from)
			g.MOVQ(first, pixel)
			g.Label("pixel")
			v, number, better := g.load(Mem{Base: from}), g.YMM(), g.YMM()
			g.VMOVD(pixel.As32(), lanes)
			g.VPBROADCASTD(lanes, number)
			g.VCMPPS(U8(greater), best, v, better)
			nan := g.YMM()
			g.VCMPPS(U8(unordered), v, v, nan)
			g.VORPS(nan, better, better)
			g.VBLENDVPS(better, v, best, best)
			g.VBLENDVPS(better, number, place, place)
			g.ADDQ(stride, from)
			g.INCQ(pixel)
			g.DECQ(columns)
			g.JNZ(LabelRef("pixel"))
			g.ADDQ(rowStride, row)
			g.ADDQ(width, first)
			g.DECQ(rows)
			g.JNZ(LabelRef("row"))
			g.VMOVUPS(best, at(p[0]))
			g.VMOVUPS(place, at(p[1]))
		})
	})
}

// greater is the comparison a > b, unordered is true if either is NaN.
const (
	greater   = 0x1e
	unordered = 0x03
)

// constant is a number in all lanes.
func (g gen) constant(bits uint32) reg.VecVirtual {
	general, v := g.GP32(), g.vector()
	g.MOVL(U32(bits), general)
	g.VMOVD(general, v.AsX())
	g.VBROADCASTSS(v.AsX(), v)
	return v
}
