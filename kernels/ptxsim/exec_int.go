package ptxsim

import "math/bits"

var integerOps map[string]func(*decoder)

func init() {
	integerOps = map[string]func(*decoder){
		"add": decodeAdd, "sub": decodeSub, "mul": decodeMul, "mad": decodeMad,
		"div": decodeDiv, "rem": decodeRem, "min": decodeMin, "max": decodeMax,
		"abs": decodeAbs, "neg": decodeNeg, "popc": decodePopc, "clz": decodeClz,
		"brev": decodeBrev, "bfind": decodeBfind, "sad": decodeSad, "dp4a": decodeDp4a,
	}
}

func isFloat(typ string) bool {
	switch typ {
	case "f16", "f16x2", "bf16", "bf16x2", "f32", "f64":
		return true
	}
	return false
}

func decodeAdd(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFloatAdd(d)
		return
	}
	d.modifiers("sat")
	switch d.s.typ() {
	case "u16", "s16":
		d.lane2(func(a, b uint32) uint32 { return low(a + b) })
	case "u32", "s32":
		if d.s.has("sat") {
			d.lane2(func(a, b uint32) uint32 { return saturate(signed(a) + signed(b)) })
			return
		}
		d.operands(3, 3)
		d.loop32(fastest("add.s32", func(w *warp, in *inst, d *v32) {
			a, b := &w.r[in.a], &w.r[in.b]
			for i := range d {
				d[i] = a[i] + b[i]
			}
		}))
	case "u64", "s64":
		d.operands(3, 3)
		d.loop64(func(w *warp, in *inst, d *v64) {
			a, b := &w.d[in.a], &w.d[in.b]
			for i := range d {
				d[i] = a[i] + b[i]
			}
		})
	default:
		d.unsupported()
	}
}

func saturate(v int64) uint32 { return uint32(int32(min(max(v, -1<<31), 1<<31-1))) }

func decodeSub(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFloatSub(d)
		return
	}
	d.modifiers("sat")
	switch d.s.typ() {
	case "u16", "s16":
		d.lane2(func(a, b uint32) uint32 { return low(a - b) })
	case "u32", "s32":
		if d.s.has("sat") {
			d.lane2(func(a, b uint32) uint32 { return saturate(signed(a) - signed(b)) })
			return
		}
		d.operands(3, 3)
		d.loop32(func(w *warp, in *inst, d *v32) {
			a, b := &w.r[in.a], &w.r[in.b]
			for i := range d {
				d[i] = a[i] - b[i]
			}
		})
	case "u64", "s64":
		d.wide2(func(a, b uint64) uint64 { return a - b })
	default:
		d.unsupported()
	}
}

func mulHi64(a, b uint64) uint64 { hi, _ := bits.Mul64(a, b); return hi }

// mulHiSigned is the upper half of a signed product: the unsigned one less
// each factor where the other is negative.
func mulHiSigned(a, b uint64) uint64 {
	return mulHi64(a, b) - uint64(int64(a)>>63)&b - uint64(int64(b)>>63)&a
}

func decodeMul(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFloatMul(d)
		return
	}
	d.modifiers("lo", "hi", "wide")
	switch part, typ := d.s.parts[1], d.s.typ(); part + "." + typ {
	case "lo.u16", "lo.s16":
		d.lane2(func(a, b uint32) uint32 { return low(a * b) })
	case "hi.u16":
		d.lane2(func(a, b uint32) uint32 { return low(a) * low(b) >> 16 })
	case "hi.s16":
		d.lane2(func(a, b uint32) uint32 { return low(uint32(sext16(a) * sext16(b) >> 16)) })
	case "wide.u16":
		d.lane2(func(a, b uint32) uint32 { return low(a) * low(b) })
	case "wide.s16":
		d.lane2(func(a, b uint32) uint32 { return uint32(sext16(a) * sext16(b)) })
	case "lo.u32", "lo.s32":
		d.operands(3, 3)
		d.loop32(func(w *warp, in *inst, d *v32) {
			a, b := &w.r[in.a], &w.r[in.b]
			for i := range d {
				d[i] = a[i] * b[i]
			}
		})
	case "hi.u32":
		d.lane2(func(a, b uint32) uint32 { return uint32(uint64(a) * uint64(b) >> 32) })
	case "hi.s32":
		d.lane2(func(a, b uint32) uint32 { return uint32(signed(a) * signed(b) >> 32) })
	case "lo.u64", "lo.s64":
		d.wide2(func(a, b uint64) uint64 { return a * b })
	case "hi.u64":
		d.wide2(mulHi64)
	case "hi.s64":
		d.wide2(mulHiSigned)
	case "wide.u32", "wide.s32":
		d.operands(3, 3)
		d.wideFrom32(typ)
	default:
		d.unsupported()
	}
}

// wideFrom32 decodes mul.wide and mad.wide: 32-bit factors, 64-bit result.
func (d *decoder) wideFrom32(typ string) {
	in, a := d.in, d.s.args
	in.kind, in.a, in.b = kind64, d.src32(a[1], typ), d.src32(a[2], typ)
	in.c = d.kernel.constant64(0)
	if len(a) > 3 {
		in.c = d.src64(a[3], typ)
	}
	in.d = d.dst(a[0], class64)
	in.f64 = func(w *warp, in *inst, d *v64) {
		a, b, c := &w.r[in.a], &w.r[in.b], &w.d[in.c]
		for i := range d {
			d[i] = uint64(a[i])*uint64(b[i]) + c[i]
		}
	}
	if typ == "s32" {
		in.f64 = func(w *warp, in *inst, d *v64) {
			a, b, c := &w.r[in.a], &w.r[in.b], &w.d[in.c]
			for i := range d {
				d[i] = uint64(signed(a[i])*signed(b[i])) + c[i]
			}
		}
	}
}

func decodeMad(d *decoder) {
	if isFloat(d.s.typ()) {
		decodeFma(d)
		return
	}
	d.modifiers("lo", "hi", "wide")
	switch part, typ := d.s.parts[1], d.s.typ(); part + "." + typ {
	case "lo.u16", "lo.s16":
		d.lane3(func(a, b, c uint32) uint32 { return low(a*b + c) })
	case "lo.u32", "lo.s32":
		d.operands(4, 4)
		d.loop32(func(w *warp, in *inst, d *v32) {
			a, b, c := &w.r[in.a], &w.r[in.b], &w.r[in.c]
			for i := range d {
				d[i] = a[i]*b[i] + c[i]
			}
		})
	case "hi.u32":
		d.lane3(func(a, b, c uint32) uint32 { return uint32(uint64(a)*uint64(b)>>32) + c })
	case "hi.s32":
		d.lane3(func(a, b, c uint32) uint32 { return uint32(signed(a)*signed(b)>>32) + c })
	case "lo.u64", "lo.s64":
		d.wide3(func(a, b, c uint64) uint64 { return a*b + c })
	case "wide.u32", "wide.s32":
		d.operands(4, 4)
		d.wideFrom32(typ)
	case "wide.u16":
		d.lane3(func(a, b, c uint32) uint32 { return low(a)*low(b) + c })
	case "wide.s16":
		d.lane3(func(a, b, c uint32) uint32 { return uint32(sext16(a)*sext16(b)) + c })
	default:
		d.unsupported()
	}
}
