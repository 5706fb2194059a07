package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// elementwise emits the loops of elementwise_ref.go, and lerpRef.
func elementwise(g gen) {
	g.routine("addAVX2", "func(y, a, b []float32)", func() {
		p := g.pointers("y", "a", "b")
		g.flat("y", func(at place) {
			v := g.load(at(p[1]))
			g.VADDPS(at(p[2]), v, v)
			g.VMOVUPS(v, at(p[0]))
		})
	})
	g.routine("addScaledAVX2", "func(y, x []float32, s float32)", func() {
		p, s := g.pointers("y", "x"), g.broadcast("s")
		g.flat("y", func(at place) {
			v := g.load(at(p[1]))
			g.VMULPS(s[0], v, v)
			g.VADDPS(at(p[0]), v, v)
			g.VMOVUPS(v, at(p[0]))
		})
	})
	g.routine("scaleAVX2", "func(y, x []float32, s float32)", func() {
		p, s := g.pointers("y", "x"), g.broadcast("s")
		g.flat("y", func(at place) {
			v := g.load(at(p[1]))
			g.VMULPS(s[0], v, v)
			g.VMOVUPS(v, at(p[0]))
		})
	})
	relu(g)
	sumRows(g)
	g.routine("lerpAVX2", "func(w, a, b []float32, s float32)", func() {
		p, s := g.pointers("w", "a", "b"), g.broadcast("s")
		g.flat("w", func(at place) {
			a, d := g.load(at(p[1])), g.load(at(p[2]))
			g.VSUBPS(a, d, d) // b - a
			g.VMULPS(s[0], d, d)
			g.VADDPS(d, a, a)
			g.VMOVUPS(a, at(p[0]))
		})
	})
}

func relu(g gen) {
	g.routine("reluAVX2", "func(y, x []float32)", func() {
		p, zero := g.pointers("y", "x"), g.zero()
		g.flat("y", func(at place) {
			v := g.load(at(p[1]))
			g.keep(v, zero, v)
			g.VMOVUPS(v, at(p[0]))
		})
	})
	g.routine("reluBackwardAVX2", "func(dx, dy, y []float32)", func() {
		p, zero := g.pointers("dx", "dy", "y"), g.zero()
		g.flat("dx", func(at place) {
			v := g.load(at(p[1]))
			g.keep(g.load(at(p[2])), zero, v)
			g.VMOVUPS(v, at(p[0]))
		})
	})
}

// sumRows emits the sums of rows of c numbers, in float64, of which the first len(sum), a
// multiple of 8, are added to sum. There is at least one row.
func sumRows(g gen) {
	g.routine("sumRowsAVX2", "func(sum []float64, x []float32, rows, c int)", func() {
		p, stride := g.pointers("sum", "x"), g.integer("c")
		g.SHLQ(U8(2), stride)
		g.loop("channels", g.length("sum"), func(at place) {
			row, rows := g.GP64(), g.integer("rows")
			g.LEAQ(at(p[1]), row)
			low, high := at(p[0]), at(p[0])
			low.Scale, high.Scale, high.Disp = 8, 8, g.bytes()
			sums := []reg.VecVirtual{g.load(low), g.load(high)}
			g.Label("row")
			for half, sum := range sums {
				d := g.vector()
				g.VCVTPS2PD(Mem{Base: row, Disp: 16 * half}, d)
				g.VADDPD(d, sum, sum)
			}
			g.ADDQ(stride, row)
			g.DECQ(rows)
			g.JNZ(LabelRef("row"))
			g.VMOVUPD(sums[0], low)
			g.VMOVUPD(sums[1], high)
		})
	})
}
