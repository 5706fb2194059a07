package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// update emits the loops of update_ref.go, sgdRef and adamWRef.
func update(g gen) {
	g.routine("ascendScaledAVX2", "func(w, g []float32, factor, eta float32)", func() {
		p, s, sign := g.pointers("w", "g"), g.broadcast("factor", "eta"), g.sign()
		g.flat("w", func(at place) {
			w := g.load(at(p[0]))
			t := g.scaling(w, s[1], sign)
			g.VMULPS(t, t, t)
			g.VMULPS(at(p[1]), t, t)
			g.VMULPS(s[0], t, t)
			g.VADDPS(t, w, w)
			g.VMOVUPS(w, at(p[0]))
		})
	})
	g.each(sumSquares)
	displacements(g)
	sgd(g, "sgdPlainAVX2", false, false)
	sgd(g, "sgdMomentumAVX2", true, false)
	sgd(g, "sgdNesterovAVX2", true, true)
	adamW(g)
}

// sign is the sign bit in all lanes.
func (g gen) sign() reg.VecVirtual { return g.constant(1 << 31) }

// scaling is T = |w| + eta.
func (g gen) scaling(w, eta, sign reg.VecVirtual) reg.VecVirtual {
	t := g.vector()
	if g.lanes == 16 {
		g.VPANDND(w, sign, t)
	} else {
		g.VANDNPS(w, sign, t)
	}
	g.VADDPS(eta, t, t)
	return t
}

// sumSquares emits sums in float64 of 16 elements at a time, each with a sum of its own:
// so instruction sets round alike.
func sumSquares(g gen) {
	g.routine(g.name("sumSquares"), "func(g []float32) float64", func() {
		p, totals := g.pointers("g"), g.zeros(32/g.lanes)
		g.sixteen("g", func(at place, part int) {
			ahead := at(p[0])
			ahead.Disp += 4096 // one stream alone is fetched too late
			g.PREFETCHT0(ahead)
			g.addSquares(totals[2*part:], g.load(at(p[0])))
		})
		g.Store(g.horizontal(totals), g.ReturnIndex(0))
	})
	g.routine(g.name("sumSquaresScaled"), "func(w, g []float32, eta float32) float64", func() {
		p, eta, sign := g.pointers("w", "g"), g.broadcast("eta"), g.sign()
		totals := g.zeros(32 / g.lanes)
		g.sixteen("g", func(at place, part int) {
			v := g.scaling(g.load(at(p[0])), eta[0], sign)
			g.VMULPS(at(p[1]), v, v)
			g.addSquares(totals[2*part:], v)
		})
		g.Store(g.horizontal(totals), g.ReturnIndex(0))
	})
}

// displacements emits displacementsRef, with a sum for each of 8 elements.
func displacements(g gen) {
	g.routine("displacementsAVX2", "func(slow, first, fast []float32) (uu, vv, uv float64)", func() {
		p := g.pointers("slow", "first", "fast")
		totals := [3][]reg.VecVirtual{g.zeros(2), g.zeros(2), g.zeros(2)}
		g.flat("slow", func(at place) {
			w, u, v := g.load(at(p[0])), g.load(at(p[1])), g.load(at(p[2]))
			g.VSUBPS(w, u, u)
			g.VSUBPS(w, v, v)
			var us [2]reg.VecVirtual
			g.halves(u, func(half int, d reg.VecVirtual) { us[half] = d })
			g.halves(v, func(half int, d reg.VecVirtual) {
				g.addProduct(totals[2][half], us[half], d)
				g.addProduct(totals[1][half], d, d)
				g.addProduct(totals[0][half], us[half], us[half])
			})
		})
		for i, total := range totals {
			g.Store(g.horizontal(total), g.ReturnIndex(i))
		}
	})
}

// zeros is n vectors of zeros.
func (g gen) zeros(n int) []reg.VecVirtual {
	all := make([]reg.VecVirtual, n)
	for i := range all {
		all[i] = g.zero()
	}
	return all
}

// sixteen is flat for 16 elements at a time, in one or two parts.
func (g gen) sixteen(slice string, body func(at place, part int)) {
	gen{g.Context, 16}.flat(slice, func(at place) {
		for part := range 16 / g.lanes {
			body(func(p reg.Register) Mem { return at(p).Offset(part * g.bytes()) }, part)
		}
	})
}

func (g gen) addSquares(totals []reg.VecVirtual, v reg.VecVirtual) {
	g.halves(v, func(half int, d reg.VecVirtual) { g.addProduct(totals[half], d, d) })
}

// addProduct computes total += a·b.
func (g gen) addProduct(total, a, b reg.VecVirtual) {
	v := g.vector()
	g.VMULPD(a, b, v)
	g.VADDPD(v, total, total)
}

// horizontal is the sum of all lanes: vectors, then halves, are added until two are left.
func (g gen) horizontal(totals []reg.VecVirtual) reg.VecVirtual {
	if len(totals) == 4 { // the parts, as two longer vectors would be
		g.VADDPD(totals[2], totals[0], totals[0])
		g.VADDPD(totals[3], totals[1], totals[1])
	}
	v, x, low := g.vector(), g.XMM(), g.XMM()
	g.VADDPD(totals[0], totals[1], v)
	if g.lanes == 16 {
		half := g.YMM()
		g.VEXTRACTF64X4(U8(1), v, half)
		g.VADDPD(half, v.AsY(), half)
		v = half
	}
	g.VEXTRACTF128(U8(1), v, x)
	g.VADDPD(x, v.AsX(), x)
	g.VHADDPD(x, x, low)
	return low
}

// sgd emits sgdRef for one of its three formulas.
func sgd(g gen, name string, momentum, nesterov bool) {
	signature, arrays := "func(w, g []float32, decay, lr float32)", []string{"w", "g"}
	if momentum {
		signature, arrays = "func(w, momentum, g []float32, mu, decay, lr, fresh float32)", []string{"w", "g", "momentum"}
	}
	g.routine(name, signature, func() {
		p, s := g.pointers(arrays...), g.broadcast("decay", "lr")
		if momentum {
			s = append(s, g.broadcast("mu", "fresh")...)
		}
		g.flat("w", func(at place) {
			w, d := g.load(at(p[0])), g.YMM()
			g.VMULPS(s[0], w, d)
			g.VADDPS(at(p[1]), d, d) // d = g + decay·w
			if momentum {
				m, fresh := g.load(at(p[2])), g.YMM()
				g.VMULPS(s[2], m, m)
				g.VMULPS(s[3], d, fresh)
				g.VADDPS(fresh, m, m) // mu·momentum + fresh·d
				g.VMOVUPS(m, at(p[2]))
				if nesterov {
					g.VMULPS(s[2], m, m)
					g.VADDPS(m, d, d)
				} else {
					d = m
				}
			}
			g.VMULPS(s[1], d, d)
			g.VSUBPS(d, w, w)
			g.VMOVUPS(w, at(p[0]))
		})
	})
}

// adamW emits adamWRef.
func adamW(g gen) {
	numbers := []string{"decay", "beta1", "beta2", "new1", "new2", "lr", "correct", "eps"}
	g.routine("adamWAVX2", "func(w, m, v, g []float32, decay, beta1, beta2, new1, new2, lr, correct, eps float32)", func() {
		p, s := g.pointers("w", "m", "v", "g"), g.broadcast(numbers...)
		g.flat("w", func(at place) {
			w, m, v, d, t := g.load(at(p[0])), g.load(at(p[1])), g.load(at(p[2])), g.load(at(p[3])), g.YMM()
			g.VMULPS(s[0], w, t)
			g.VSUBPS(t, w, w) // w -= decay·w
			g.VMULPS(s[1], m, m)
			g.VMULPS(s[3], d, t)
			g.VADDPS(t, m, m) // m = beta1·m + new1·d
			g.VMOVUPS(m, at(p[1]))
			g.VMULPS(s[2], v, v)
			g.VMULPS(s[4], d, t)
			g.VMULPS(d, t, t)
			g.VADDPS(t, v, v) // v = beta2·v + new2·d²
			g.VMOVUPS(v, at(p[2]))
			g.VSQRTPS(v, v)
			g.VDIVPS(s[6], v, v)
			g.VADDPS(s[7], v, v) // √v/correct + eps
			g.VMULPS(s[5], m, m)
			g.VDIVPS(v, m, m)
			g.VSUBPS(m, w, w)
			g.VMOVUPS(w, at(p[0]))
		})
	})
}
