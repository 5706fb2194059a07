package ptxsim

import "math"

func decodeSqrt(d *decoder) {
	d.modifiers("rn", "approx", "ftz")
	d.unary(math.Sqrt)
}

func decodeRcp(d *decoder) {
	d.modifiers("rn", "approx", "ftz")
	d.unary(func(a float64) float64 { return 1 / a })
}

func decodeRsqrt(d *decoder) {
	d.modifiers("approx", "ftz")
	d.unary(func(a float64) float64 { return 1 / math.Sqrt(a) })
}

// unary decodes a float function of one number. The square root and the
// reciprocal of a float32 stay right when rounded twice.
func (d *decoder) unary(f func(float64) float64) {
	flush := d.s.has("ftz")
	switch d.s.typ() {
	case "f32":
		d.lane1(func(a uint32) uint32 {
			if flush {
				a = ftz(a)
			}
			return finish(float32(f(float64(f32of(a)))), flush, false)
		})
	case "f64":
		d.wide1(func(a uint64) uint64 { return bits64(f(f64of(a))) })
	default:
		d.half1(f)
	}
}

// decodeApprox decodes the approximate functions. Here they are rounded from
// float64; a GPU may be 2 units in the last place off.
func decodeApprox(f func(float64) float64) func(*decoder) {
	return func(d *decoder) {
		d.modifiers("approx", "ftz")
		if !d.s.has("approx") || d.s.typ() == "f64" {
			d.unsupported()
		}
		d.unary(f)
	}
}

func decodeCopysign(d *decoder) {
	d.modifiers()
	switch d.s.typ() {
	case "f32":
		d.lane2(func(a, b uint32) uint32 { return a&(1<<31) | b&^(1<<31) })
	case "f64":
		d.wide2(func(a, b uint64) uint64 { return a&(1<<63) | b&^(1<<63) })
	default:
		d.unsupported()
	}
}

func decodeTestp(d *decoder) {
	d.modifiers("finite", "infinite", "number", "notanumber", "normal", "subnormal")
	d.operands(2, 2)
	if d.s.typ() != "f32" {
		d.unsupported()
	}
	test, ok := map[string]func(u uint32) bool{
		"finite":     func(u uint32) bool { return u<<1 < 0xff<<24 },
		"infinite":   func(u uint32) bool { return u<<1 == 0xff<<24 },
		"number":     func(u uint32) bool { return u<<1 <= 0xff<<24 },
		"notanumber": func(u uint32) bool { return u<<1 > 0xff<<24 },
		"normal":     func(u uint32) bool { return u<<1 < 0xff<<24 && u<<1 >= 1<<24 },
		"subnormal":  func(u uint32) bool { return u<<1 < 1<<24 && u<<1 != 0 },
	}[d.s.parts[1]]
	if !ok {
		d.unsupported()
	}
	in, a := d.in, d.s.args
	in.kind, in.a = kindPred, d.src32(a[1], "f32")
	in.d = d.dst(a[0], classPred)
	in.fp = func(w *warp, in *inst) (p uint32) {
		for i, u := range w.r[in.a] {
			if test(u) {
				p |= 1 << i
			}
		}
		return p
	}
}
