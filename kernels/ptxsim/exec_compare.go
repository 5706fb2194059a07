package ptxsim

var compareOps map[string]func(*decoder)

func init() {
	compareOps = map[string]func(*decoder){"setp": decodeSetp, "set": decodeSet, "selp": decodeSelp, "slct": decodeSlct}
}

// An order holds the outcome of a comparison for each relation of two values.
type order struct{ less, equal, greater, unordered bool }

// orders gives the comparison operators; the ones with u hold for NaN too.
var orders = map[string]order{
	"eq": {equal: true}, "ne": {less: true, greater: true}, "lt": {less: true}, "le": {less: true, equal: true},
	"gt": {greater: true}, "ge": {greater: true, equal: true},
	"lo": {less: true}, "ls": {less: true, equal: true}, "hi": {greater: true}, "hs": {greater: true, equal: true},
	"equ": {equal: true, unordered: true}, "neu": {less: true, greater: true, unordered: true},
	"ltu": {less: true, unordered: true}, "leu": {less: true, equal: true, unordered: true},
	"gtu": {greater: true, unordered: true}, "geu": {greater: true, equal: true, unordered: true},
	"num": {less: true, equal: true, greater: true}, "nan": {unordered: true},
}

// masks turns an order into masks for compareLanes.
func (o order) masks() (less, equal, greater, unordered uint32) {
	return boolMask(o.less) & 1, boolMask(o.equal) & 1, boolMask(o.greater) & 1, boolMask(o.unordered) & 1
}

// comparison returns the function that compares two operands of a type.
func (d *decoder) comparison(name, typ string, x, y operand) func(w *warp) uint32 {
	o, ok := orders[name]
	if !ok {
		d.failf("unknown comparison .%s", name)
	}
	if widths[typ] == 8 {
		a, b := d.src64(x, typ), d.src64(y, typ)
		f := compare64(typ, o)
		return func(w *warp) uint32 { return f(&w.d[a], &w.d[b]) }
	}
	a, b := d.src32(x, typ), d.src32(y, typ)
	f := compare32(typ, o, d.s.has("ftz"))
	if f == nil {
		d.unsupported()
	}
	return func(w *warp) uint32 { return f(&w.r[a], &w.r[b]) }
}

type ordered interface {
	~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// pick returns the bit of the relation of x and y.
func pick[T ordered](x, y T, l, e, g, u uint32) uint32 {
	switch {
	case x < y:
		return l
	case x == y:
		return e
	case x > y:
		return g
	}
	return u
}

func compare32(typ string, o order, flush bool) func(a, b *v32) uint32 {
	l, e, g, u := o.masks()
	lanes := func(f func(x, y uint32) uint32) func(a, b *v32) uint32 {
		return func(a, b *v32) (p uint32) {
			for i := range a {
				p |= f(a[i], b[i]) << i
			}
			return p
		}
	}
	switch typ {
	case "u32", "b32", "s32":
		bias := uint32(0)
		if typ == "s32" {
			bias = 1 << 31
		}
		return compareInts(bias, o)
	case "f32":
		if flush {
			return lanes(func(x, y uint32) uint32 { return pick(f32of(ftz(x)), f32of(ftz(y)), l, e, g, u) })
		}
		return func(a, b *v32) (p uint32) {
			for i := range a {
				p |= pick(f32of(a[i]), f32of(b[i]), l, e, g, u) << i
			}
			return p
		}
	case "u16", "b16":
		return lanes(func(x, y uint32) uint32 { return pick(low(x), low(y), l, e, g, u) })
	case "s16":
		return lanes(func(x, y uint32) uint32 { return pick(sext16(x), sext16(y), l, e, g, u) })
	case "f16":
		return lanes(func(x, y uint32) uint32 { return pick(halfTo64(low(x)), halfTo64(low(y)), l, e, g, u) })
	case "bf16":
		return lanes(func(x, y uint32) uint32 { return pick(f32of(x<<16), f32of(y<<16), l, e, g, u) })
	}
	return nil
}

// compareInts compares 32-bit integers, with a bias that makes signed order
// unsigned. It tests "less", "equal" or both, or inverts one of these. The
// loops have no branches that depend on the data.
func compareInts(bias uint32, o order) func(a, b *v32) uint32 {
	invert := uint32(0)
	if o.greater {
		o = order{less: !o.less, equal: !o.equal}
		invert = full
	}
	switch {
	case o.less && o.equal:
		return func(a, b *v32) (p uint32) {
			for i := range a {
				var bit uint32
				if a[i]^bias <= b[i]^bias {
					bit = 1
				}
				p |= bit << (i & 31)
			}
			return p ^ invert
		}
	case o.less:
		return func(a, b *v32) (p uint32) {
			for i := range a {
				var bit uint32
				if a[i]^bias < b[i]^bias {
					bit = 1
				}
				p |= bit << (i & 31)
			}
			return p ^ invert
		}
	}
	return func(a, b *v32) (p uint32) {
		for i := range a {
			var bit uint32
			if a[i] == b[i] {
				bit = 1
			}
			p |= bit << (i & 31)
		}
		return p ^ invert
	}
}

func compare64(typ string, o order) func(a, b *v64) uint32 {
	l, e, g, u := o.masks()
	return func(a, b *v64) (p uint32) {
		for i := range a {
			var r uint32
			switch typ {
			case "f64":
				r = pick(f64of(a[i]), f64of(b[i]), l, e, g, u)
			case "s64":
				r = pick(int64(a[i]), int64(b[i]), l, e, g, u)
			default:
				r = pick(a[i], b[i], l, e, g, u)
			}
			p |= r << i
		}
		return p
	}
}

// decodeSetp decodes setp.cmp[.bool][.ftz].type p[|q], a, b[, [!]c].
func decodeSetp(d *decoder) {
	a := d.s.args
	d.operands(3, 4)
	f := d.comparison(d.s.parts[1], d.s.typ(), a[1], a[2])
	combine := d.combination()
	in := d.in
	if a[0].kind == opdPair {
		d.setpPair(f, combine)
		return
	}
	in.kind = kindPred
	in.d = d.dst(a[0], classPred)
	in.fp = func(w *warp, in *inst) uint32 { return f(w) }
	if combine != nil {
		in.fp = func(w *warp, in *inst) uint32 { return combine(w, f(w)) }
	}
}

// combination returns what setp.cmp.and and the like do with the result of
// the comparison, nil for nothing.
func (d *decoder) combination() func(w *warp, p uint32) uint32 {
	a := d.s.args
	for _, m := range d.s.parts[2 : len(d.s.parts)-1] {
		if m != "and" && m != "or" && m != "xor" && m != "ftz" {
			d.failf("modifier .%s is not supported", m)
		}
	}
	if len(a) < 4 {
		return nil
	}
	c, invert := d.srcPred(a[3]), boolMask(a[3].neg)
	switch {
	case d.s.has("and"):
		return func(w *warp, p uint32) uint32 { return p & (w.p[c] ^ invert) }
	case d.s.has("or"):
		return func(w *warp, p uint32) uint32 { return p | (w.p[c] ^ invert) }
	case d.s.has("xor"):
		return func(w *warp, p uint32) uint32 { return p ^ w.p[c] ^ invert }
	}
	d.failf("predicate %s without an operation", a[3].name)
	return nil
}

// setpPair sets p to the result and q to its opposite.
func (d *decoder) setpPair(f func(w *warp) uint32, combine func(w *warp, p uint32) uint32) {
	list := d.s.args[0].list
	p, q := d.dst(list[0], classPred), d.dst(list[1], classPred)
	if combine == nil {
		combine = func(w *warp, p uint32) uint32 { return p }
	}
	d.in.kind, d.in.pure = kindMask, true
	d.in.fx = func(w *warp, in *inst, mask uint32) {
		v := f(w)
		yes, no := combine(w, v), combine(w, ^v)
		w.p[p] = w.p[p]&^mask | yes&mask
		w.p[q] = w.p[q]&^mask | no&mask
	}
}

// decodeSet decodes set.cmp.dtype.stype: all ones or 1.0 where it holds.
func decodeSet(d *decoder) {
	p := d.s.parts
	d.operands(3, 3)
	if len(p) != 4 || widths[p[2]] != 4 {
		d.unsupported()
	}
	f := d.comparison(p[1], p[3], d.s.args[1], d.s.args[2])
	yes := full
	if p[2] == "f32" {
		yes = bitsOf(1)
	}
	d.in.kind = kind32
	d.in.d = d.dst(d.s.args[0], class32)
	d.in.f32 = func(w *warp, in *inst, d *v32) {
		m := f(w)
		for i := range d {
			d[i] = yes & -(m >> i & 1)
		}
	}
}

func decodeSelp(d *decoder) {
	d.modifiers()
	d.operands(4, 4)
	in, a, typ := d.in, d.s.args, d.s.typ()
	if widths[typ] == 8 {
		in.kind, in.a, in.b = kind64, d.src64(a[1], typ), d.src64(a[2], typ)
		in.e = d.srcPred(a[3])
		in.d = d.dst(a[0], class64)
		in.f64 = func(w *warp, in *inst, d *v64) {
			a, b, p := &w.d[in.a], &w.d[in.b], w.p[in.e]
			for i := range d {
				d[i] = b[i]
				if p>>i&1 != 0 {
					d[i] = a[i]
				}
			}
		}
		return
	}
	in.kind, in.a, in.b = kind32, d.src32(a[1], typ), d.src32(a[2], typ)
	in.e = d.srcPred(a[3])
	in.d = d.dst(a[0], class32)
	in.f32 = func(w *warp, in *inst, d *v32) {
		a, b, p := &w.r[in.a], &w.r[in.b], w.p[in.e]
		for i := range d {
			m := -(p >> i & 1)
			d[i] = a[i]&m | b[i]&^m
		}
	}
}

// decodeSlct decodes slct.type.s32|f32 d, a, b, c: a where c >= 0.
func decodeSlct(d *decoder) {
	p := d.s.parts
	d.operands(4, 4)
	if len(p) != 3 || widths[p[1]] != 4 {
		d.unsupported()
	}
	float := p[2] == "f32"
	d.lane3(func(a, b, c uint32) uint32 {
		if float && f32of(c) >= 0 || !float && int32(c) >= 0 {
			return a
		}
		return b
	})
}
