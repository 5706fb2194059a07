package ptxsim

var logicOps map[string]func(*decoder)

func init() {
	logicOps = map[string]func(*decoder){
		"and": func(d *decoder) {
			d.logic(func(w *warp, in *inst, d *v32) {
				a, b := &w.r[in.a], &w.r[in.b]
				for i := range d {
					d[i] = a[i] & b[i]
				}
			}, func(a, b uint64) uint64 { return a & b }, func(a, b uint32) uint32 { return a & b })
		},
		"or": func(d *decoder) {
			d.logic(func(w *warp, in *inst, d *v32) {
				a, b := &w.r[in.a], &w.r[in.b]
				for i := range d {
					d[i] = a[i] | b[i]
				}
			}, func(a, b uint64) uint64 { return a | b }, func(a, b uint32) uint32 { return a | b })
		},
		"xor": func(d *decoder) {
			d.logic(func(w *warp, in *inst, d *v32) {
				a, b := &w.r[in.a], &w.r[in.b]
				for i := range d {
					d[i] = a[i] ^ b[i]
				}
			}, func(a, b uint64) uint64 { return a ^ b }, func(a, b uint32) uint32 { return a ^ b })
		},
		"not": decodeNot, "shl": decodeShl, "shr": decodeShr, "shf": decodeShf,
		"lop3": decodeLop3, "bfe": decodeBfe, "bfi": decodeBfi, "prmt": decodePrmt,
	}
}

// logic decodes and, or, xor of any type.
func (d *decoder) logic(f32 func(*warp, *inst, *v32), f64 func(a, b uint64) uint64, fp func(a, b uint32) uint32) {
	d.modifiers()
	d.operands(3, 3)
	switch d.s.typ() {
	case "pred":
		in, a := d.in, d.s.args
		in.kind, in.a, in.b = kindPred, d.srcPred(a[1]), d.srcPred(a[2])
		in.d = d.dst(a[0], classPred)
		in.fp = func(w *warp, in *inst) uint32 { return fp(w.p[in.a], w.p[in.b]) }
	case "b16", "b32":
		d.loop32(f32)
	case "b64":
		d.wide2(f64)
	default:
		d.unsupported()
	}
}

func decodeNot(d *decoder) {
	d.modifiers()
	switch d.s.typ() {
	case "pred":
		in, a := d.in, d.s.args
		d.operands(2, 2)
		in.kind, in.a = kindPred, d.srcPred(a[1])
		in.d = d.dst(a[0], classPred)
		in.fp = func(w *warp, in *inst) uint32 { return ^w.p[in.a] }
	case "b16":
		d.lane1(func(a uint32) uint32 { return low(^a) })
	case "b32":
		d.lane1(func(a uint32) uint32 { return ^a })
	case "b64":
		d.wide1(func(a uint64) uint64 { return ^a })
	default:
		d.unsupported()
	}
}

// shift64 decodes a shift of 64 bits, whose count has 32.
func (d *decoder) shift64(f func(a uint64, n uint32) uint64) {
	d.operands(3, 3)
	in, a := d.in, d.s.args
	in.kind, in.a, in.b = kind64, d.src64(a[1], d.s.typ()), d.src32(a[2], "u32")
	in.d = d.dst(a[0], class64)
	in.f64 = func(w *warp, in *inst, d *v64) {
		a, b := &w.d[in.a], &w.r[in.b]
		for i := range d {
			d[i] = f(a[i], b[i])
		}
	}
}

// shift32 decodes a shift of up to 32 bits, whose count has 32 whatever the
// type.
func (d *decoder) shift32(f func(w *warp, in *inst, d *v32)) {
	d.operands(3, 3)
	in, a := d.in, d.s.args
	in.kind, in.a, in.b, in.f32 = kind32, d.src32(a[1], d.s.typ()), d.src32(a[2], "u32"), f
	in.d = d.dst(a[0], class32)
}

func shiftLanes(f func(a, n uint32) uint32) func(w *warp, in *inst, d *v32) {
	return func(w *warp, in *inst, d *v32) {
		a, b := &w.r[in.a], &w.r[in.b]
		for i := range d {
			d[i] = f(a[i], b[i])
		}
	}
}

// Counts above the width give 0, or the sign, in Go as in PTX.
func decodeShl(d *decoder) {
	d.modifiers()
	switch d.s.typ() {
	case "b16":
		d.shift32(shiftLanes(func(a, n uint32) uint32 { return low(a << n) }))
	case "b32":
		d.shift32(func(w *warp, in *inst, d *v32) {
			a, b := &w.r[in.a], &w.r[in.b]
			for i := range d {
				d[i] = a[i] << b[i]
			}
		})
	case "b64":
		d.shift64(func(a uint64, n uint32) uint64 { return a << n })
	default:
		d.unsupported()
	}
}

func decodeShr(d *decoder) {
	d.modifiers()
	switch d.s.typ() {
	case "b16", "u16":
		d.shift32(shiftLanes(func(a, n uint32) uint32 { return low(a) >> n }))
	case "s16":
		d.shift32(shiftLanes(func(a, n uint32) uint32 { return low(uint32(sext16(a) >> n)) }))
	case "b32", "u32":
		d.shift32(func(w *warp, in *inst, d *v32) {
			a, b := &w.r[in.a], &w.r[in.b]
			for i := range d {
				d[i] = a[i] >> b[i]
			}
		})
	case "s32":
		d.shift32(func(w *warp, in *inst, d *v32) {
			a, b := &w.r[in.a], &w.r[in.b]
			for i := range d {
				d[i] = uint32(int32(a[i]) >> b[i])
			}
		})
	case "b64", "u64":
		d.shift64(func(a uint64, n uint32) uint64 { return a >> n })
	case "s64":
		d.shift64(func(a uint64, n uint32) uint64 { return uint64(int64(a) >> n) })
	default:
		d.unsupported()
	}
}

// decodeShf is a shift of the 64 bits b:a of which one half is kept.
func decodeShf(d *decoder) {
	d.modifiers("l", "r", "wrap", "clamp")
	if len(d.s.parts) != 4 || d.s.typ() != "b32" {
		d.unsupported()
	}
	left, wrap := d.s.has("l"), d.s.has("wrap")
	d.lane3(func(a, b, n uint32) uint32 {
		if wrap {
			n &= 31
		} else {
			n = min(n, 32)
		}
		v := uint64(b)<<32 | uint64(a)
		if left {
			return uint32(v << n >> 32)
		}
		return uint32(v >> n)
	})
}

// decodeLop3 combines three words by a table of 8 bits.
func decodeLop3(d *decoder) {
	d.modifiers()
	d.operands(5, 5)
	if d.s.args[4].kind != opdImm {
		d.failf("the table is not a number")
	}
	t := d.s.args[4].imm
	d.loop32(func(w *warp, in *inst, d *v32) {
		a, b, c := &w.r[in.a], &w.r[in.b], &w.r[in.c]
		for i := range d {
			d[i] = 0
			for n, x := range [8]uint32{^a[i] & ^b[i] & ^c[i], ^a[i] & ^b[i] & c[i], ^a[i] & b[i] & ^c[i], ^a[i] & b[i] & c[i],
				a[i] & ^b[i] & ^c[i], a[i] & ^b[i] & c[i], a[i] & b[i] & ^c[i], a[i] & b[i] & c[i]} {
				if t>>n&1 != 0 {
					d[i] |= x
				}
			}
		}
	})
}

// extract takes n bits at position p of a value of width bits.
func extract(a uint64, p, n uint32, width int, signed bool) uint64 {
	p, n = p&255, n&255
	if n == 0 {
		return 0
	}
	v := a >> p & (1<<n - 1)
	if top := min(int(p+n)-1, width-1); signed && a>>top&1 != 0 {
		v |= ^uint64(0) << max(top-int(p)+1, 0)
	}
	return v
}

func decodeBfe(d *decoder) {
	d.modifiers()
	d.operands(4, 4)
	in, a, typ := d.in, d.s.args, d.s.typ()
	sign := typ[0] == 's'
	switch typ {
	case "u32", "s32":
		d.lane3(func(a, p, n uint32) uint32 {
			v := uint64(a)
			if sign {
				v = uint64(signed(a))
			}
			return uint32(extract(v, p, n, 32, sign))
		})
	case "u64", "s64":
		in.kind, in.a, in.b, in.c = kind64, d.src64(a[1], typ), d.src32(a[2], "u32"), d.src32(a[3], "u32")
		in.d = d.dst(a[0], class64)
		in.f64 = func(w *warp, in *inst, d *v64) {
			for i := range d {
				d[i] = extract(w.d[in.a][i], w.r[in.b][i], w.r[in.c][i], 64, sign)
			}
		}
	default:
		d.unsupported()
	}
}

func decodeBfi(d *decoder) {
	d.modifiers()
	d.operands(5, 5)
	in, a, typ := d.in, d.s.args, d.s.typ()
	insert := func(a, b uint64, p, n uint32) uint64 {
		p, n = p&255, n&255
		m := (uint64(1)<<n - 1) << p
		return b&^m | a<<p&m
	}
	switch typ {
	case "b32":
		d.loop32(func(w *warp, in *inst, d *v32) {
			for i := range d {
				d[i] = uint32(insert(uint64(w.r[in.a][i]), uint64(w.r[in.b][i]), w.r[in.c][i], w.r[in.e][i]))
			}
		})
	case "b64":
		in.kind, in.a, in.b, in.c, in.e = kind64, d.src64(a[1], typ), d.src64(a[2], typ), d.src32(a[3], "u32"), d.src32(a[4], "u32")
		in.d = d.dst(a[0], class64)
		in.f64 = func(w *warp, in *inst, d *v64) {
			for i := range d {
				d[i] = insert(w.d[in.a][i], w.d[in.b][i], w.r[in.c][i], w.r[in.e][i])
			}
		}
	default:
		d.unsupported()
	}
}

// decodePrmt picks four of the eight bytes b:a; bit 3 of a selector spreads
// the sign.
func decodePrmt(d *decoder) {
	d.modifiers()
	if d.s.typ() != "b32" {
		d.unsupported()
	}
	d.lane3(func(a, b, sel uint32) (r uint32) {
		v := uint64(b)<<32 | uint64(a)
		for i := range 4 {
			s := sel >> (4 * i)
			x := uint32(v>>(8*(s&7))) & 0xff
			if s&8 != 0 {
				x = uint32(-int32(x>>7)) & 0xff
			}
			r |= x << (8 * i)
		}
		return r
	})
}
