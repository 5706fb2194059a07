package ptxsim

import "math"

var floatOps map[string]func(*decoder)

func init() {
	floatOps = map[string]func(*decoder){
		"fma": decodeFma, "sqrt": decodeSqrt, "rcp": decodeRcp, "rsqrt": decodeRsqrt,
		"ex2": decodeApprox(math.Exp2), "lg2": decodeApprox(math.Log2),
		"sin": decodeApprox(math.Sin), "cos": decodeApprox(math.Cos), "tanh": decodeApprox(math.Tanh),
		"copysign": decodeCopysign, "testp": decodeTestp,
	}
}

// ftz flushes a subnormal number to zero.
func ftz(u uint32) uint32 {
	if u&0x7f800000 == 0 {
		return u & 0x80000000
	}
	return u
}

// The canonical NaN of float32 results, which the hardware gives whatever
// NaN came in.
const nan32 = 0x7fffffff

// finish rounds off a float32 result as the modifiers ask.
func finish(r float32, flush, sat bool) uint32 {
	if r != r {
		if sat {
			return 0
		}
		return nan32
	}
	u := bitsOf(r)
	if flush {
		u = ftz(u)
	}
	if sat {
		u = bitsOf(min(max(f32of(u), 0), 1))
	}
	return u
}

// fma32 is a float32 fused multiply-add. The product is exact in float64; the
// sum is made odd where it was rounded and the second rounding could see it,
// which makes that rounding right: at ties, and where the result is subnormal
// but not zero.
func fma32(a, b, c float32) float32 {
	p, z := float64(a)*float64(b), float64(c)
	s := p + z
	if u := math.Float64bits(s); u&0x1fffffff == 0x10000000 || u&^(1<<63)-1 < 897<<52-1 {
		s = roundToOdd(p, z, s)
	}
	return float32(s)
}

// roundToOdd returns s = p + z, and where that was inexact the neighbour
// towards the exact sum whose last bit is odd.
func roundToOdd(p, z, s float64) float64 {
	bb := s - p
	e := (p - (s - bb)) + (z - bb)
	u := math.Float64bits(s)
	if e != 0 && u&1 == 0 && e == e {
		if (e > 0) == (s > 0) {
			u++
		} else {
			u--
		}
	}
	return math.Float64frombits(u)
}

// rounding checks the modifiers of float32 and float64 arithmetic.
func (d *decoder) rounding() (flush, sat bool) {
	d.modifiers("rn", "ftz", "sat", "noftz", "relu")
	if d.s.has("relu") && widths[d.s.typ()] != 2 && d.s.typ()[len(d.s.typ())-2:] != "x2" {
		d.failf("modifier .relu is not supported")
	}
	return d.s.has("ftz"), d.s.has("sat")
}

func (d *decoder) float2(plain func(w *warp, in *inst, d *v32), f func(a, b float32) float32, f64 func(a, b float64) float64) {
	flush, sat := d.rounding()
	switch typ := d.s.typ(); typ {
	case "f32":
		if !flush && !sat && plain != nil {
			d.operands(3, 3)
			d.loop32(fastest(d.s.parts[0]+".f32", plain))
			return
		}
		d.lane2(func(a, b uint32) uint32 {
			if flush {
				a, b = ftz(a), ftz(b)
			}
			return finish(f(f32of(a), f32of(b)), flush, sat)
		})
	case "f64":
		d.wide2(func(a, b uint64) uint64 { return bits64(f64(f64of(a), f64of(b))) })
	default:
		d.half2(f64)
	}
}

func decodeFloatAdd(d *decoder) {
	d.float2(func(w *warp, in *inst, d *v32) {
		a, b := &w.r[in.a], &w.r[in.b]
		for i := range d {
			d[i] = bitsOf(f32of(a[i]) + f32of(b[i]))
		}
	}, func(a, b float32) float32 { return a + b }, func(a, b float64) float64 { return a + b })
}

func decodeFloatSub(d *decoder) {
	d.float2(func(w *warp, in *inst, d *v32) {
		a, b := &w.r[in.a], &w.r[in.b]
		for i := range d {
			d[i] = bitsOf(f32of(a[i]) - f32of(b[i]))
		}
	}, func(a, b float32) float32 { return a - b }, func(a, b float64) float64 { return a - b })
}

func decodeFloatMul(d *decoder) {
	d.float2(func(w *warp, in *inst, d *v32) {
		a, b := &w.r[in.a], &w.r[in.b]
		for i := range d {
			d[i] = bitsOf(f32of(a[i]) * f32of(b[i]))
		}
	}, func(a, b float32) float32 { return a * b }, func(a, b float64) float64 { return a * b })
}

func decodeFma(d *decoder) {
	flush, sat := d.rounding()
	switch d.s.typ() {
	case "f32":
		if flush || sat {
			d.lane3(func(a, b, c uint32) uint32 {
				if flush {
					a, b, c = ftz(a), ftz(b), ftz(c)
				}
				return finish(fma32(f32of(a), f32of(b), f32of(c)), flush, sat)
			})
			return
		}
		d.operands(4, 4)
		d.loop32(fastest("fma.f32", fmaLanes))
	case "f64":
		d.wide3(func(a, b, c uint64) uint64 { return bits64(math.FMA(f64of(a), f64of(b), f64of(c))) })
	default:
		d.half3()
	}
}

// fmaLanes is fma32 for all lanes, by far the most frequent instruction.
func fmaLanes(w *warp, in *inst, d *v32) {
	a, b, c := &w.r[in.a], &w.r[in.b], &w.r[in.c]
	for i := range d {
		p, z := float64(f32of(a[i]))*float64(f32of(b[i])), float64(f32of(c[i]))
		s := p + z
		if u := math.Float64bits(s); u&0x1fffffff == 0x10000000 || u&^(1<<63)-1 < 897<<52-1 {
			s = roundToOdd(p, z, s)
		}
		d[i] = bitsOf(float32(s))
	}
}

func decodeFloatDiv(d *decoder) {
	d.modifiers("rn", "full", "approx", "ftz")
	flush := d.s.has("ftz")
	switch d.s.typ() {
	case "f32":
		d.lane2(func(a, b uint32) uint32 {
			if flush {
				a, b = ftz(a), ftz(b)
			}
			return finish(f32of(a)/f32of(b), flush, false)
		})
	case "f64":
		d.wide2(func(a, b uint64) uint64 { return bits64(f64of(a) / f64of(b)) })
	default:
		d.unsupported()
	}
}

// minmax is min or max of PTX: a NaN loses, and -0 is below +0.
func minmax(a, b float64, least, nan bool) float64 {
	switch {
	case a != a && b != b || nan && (a != a || b != b):
		return math.NaN()
	case a != a:
		return b
	case b != b:
		return a
	case least:
		return math.Min(a, b)
	}
	return math.Max(a, b)
}

func decodeFloatMinMax(d *decoder, least bool) {
	d.modifiers("ftz", "NaN")
	flush, nan := d.s.has("ftz"), d.s.has("NaN")
	switch d.s.typ() {
	case "f32":
		d.lane2(func(a, b uint32) uint32 {
			if flush {
				a, b = ftz(a), ftz(b)
			}
			x, y := f32of(a), f32of(b)
			switch {
			case x < y == least && x != y && x == x && y == y:
				return a
			case x > y == least && x != y && x == x && y == y:
				return b
			}
			return finish(float32(minmax(float64(x), float64(y), least, nan)), flush, false)
		})
	case "f64":
		d.wide2(func(a, b uint64) uint64 { return bits64(minmax(f64of(a), f64of(b), least, nan)) })
	default:
		d.half2(func(a, b float64) float64 { return minmax(a, b, least, nan) })
	}
}

func decodeFloatNeg(d *decoder) { d.signBits(func(a, m uint64) uint64 { return a ^ m }) }
func decodeFloatAbs(d *decoder) { d.signBits(func(a, m uint64) uint64 { return a &^ m }) }

// signBits decodes an instruction that only changes signs.
func (d *decoder) signBits(f func(a, sign uint64) uint64) {
	d.modifiers("ftz")
	flush := d.s.has("ftz")
	var sign uint64
	switch d.s.typ() {
	case "f64":
		d.wide1(func(a uint64) uint64 { return f(a, 1<<63) })
		return
	case "f32":
		sign = 1 << 31
	case "f16", "bf16":
		sign = 1 << 15
	case "f16x2", "bf16x2":
		sign = 1<<31 | 1<<15
	}
	d.lane1(func(a uint32) uint32 {
		if flush && sign == 1<<31 {
			a = ftz(a)
		}
		return uint32(f(uint64(a), sign))
	})
}
