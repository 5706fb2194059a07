package ptxsim

import "math/bits"

var moveOps map[string]func(*decoder)

func init() {
	moveOps = map[string]func(*decoder){"mov": decodeMov}
}

func decodeMov(d *decoder) {
	d.modifiers()
	d.operands(2, 2)
	in, a, typ := d.in, d.s.args, d.s.typ()
	switch {
	case a[0].kind == opdVec || a[1].kind == opdVec:
		d.movVector()
	case typ == "pred":
		d.movPred()
	case widths[typ] == 8:
		in.kind = kind64
		in.a = d.movAddress(a[1], typ)
		in.d = d.dst(a[0], class64)
		in.f64 = func(w *warp, in *inst, d *v64) { *d = w.d[in.a] }
	default:
		in.kind, in.a = kind32, d.src32(a[1], typ)
		in.d = d.dst(a[0], class32)
		in.f32 = func(w *warp, in *inst, d *v32) { *d = w.r[in.a] }
	}
}

// movAddress is src64 that also takes 64-bit special registers.
func (d *decoder) movAddress(o operand, typ string) int32 {
	if o.kind == opdSpecial {
		return d.specialSlot64(o.name)
	}
	return d.src64(o, typ)
}

func (d *decoder) movPred() {
	in, a := d.in, d.s.args
	in.kind = kindPred
	if a[1].kind == opdImm {
		v := boolMask(a[1].imm&1 != 0)
		in.fp = func(w *warp, in *inst) uint32 { return v }
	} else {
		in.a = d.srcPred(a[1])
		in.fp = func(w *warp, in *inst) uint32 { return w.p[in.a] }
	}
	in.d = d.dst(a[0], classPred)
}

// movVector packs {a, b, ...} into one register or unpacks it.
func (d *decoder) movVector() {
	in, a, typ := d.in, d.s.args, d.s.typ()
	pack := a[1].kind == opdVec
	list, whole := a[0], a[1]
	if pack {
		list, whole = a[1], a[0]
	}
	n := len(list.list)
	if n == 0 || widths[typ]%n != 0 {
		d.failf("%d elements in %d bytes", n, widths[typ])
	}
	width := widths[typ] / n * 8
	elem := "b" + map[int]string{8: "8", 16: "16", 32: "32"}[width]
	parts := d.vector(list, class32, elem, !pack)
	c := classOf(typ)
	in.kind, in.pure = kindMask, true
	switch {
	case pack:
		r := d.dst(whole, c)
		in.fx = func(w *warp, in *inst, mask uint32) { w.pack(parts, c, r, width, mask) }
	case c == class64:
		r := d.src64(whole, typ)
		in.fx = func(w *warp, in *inst, mask uint32) { w.unpack(parts, c, r, width, mask) }
	default:
		r := d.src32(whole, typ)
		in.fx = func(w *warp, in *inst, mask uint32) { w.unpack(parts, c, r, width, mask) }
	}
}

func (w *warp) pack(parts []reg, c class, r int32, width int, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m)
		var v uint64
		for j, p := range parts {
			v |= uint64(w.r[p.idx][i]) & (1<<width - 1) << (j * width)
		}
		if c == class64 {
			w.d[r][i] = v
		} else {
			w.r[r][i] = uint32(v)
		}
	}
}

func (w *warp) unpack(parts []reg, c class, r int32, width int, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m)
		var v uint64
		if c == class64 {
			v = w.d[r][i]
		} else {
			v = uint64(w.r[r][i])
		}
		for j, p := range parts {
			w.r[p.idx][i] = uint32(v >> (j * width) & (1<<width - 1))
		}
	}
}

// Generic addresses: a window each for shared and local memory; all others
// are global addresses, and constants live in global memory.
const (
	sharedWindow = 0x7f00_0000_0000
	localWindow  = 0x7e00_0000_0000
	windowSize   = 1 << 32
)

// decodeCvta converts between an address of a state space and a generic one.
func decodeCvta(d *decoder) {
	d.modifiers("to", "global", "shared", "local", "const", "shared::cta", "param")
	d.operands(2, 2)
	in, a := d.in, d.s.args
	if widths[d.s.typ()] != 8 || d.s.has("param") {
		d.unsupported()
	}
	var window uint64
	switch {
	case d.s.has("shared"), d.s.has("shared::cta"):
		window = sharedWindow
	case d.s.has("local"):
		window = localWindow
	}
	if d.s.has("to") {
		window = -window
	}
	in.kind, in.a = kind64, d.src64(a[1], d.s.typ())
	in.d = d.dst(a[0], class64)
	in.f64 = func(w *warp, in *inst, d *v64) {
		a := &w.d[in.a]
		for i := range d {
			d[i] = a[i] + window
		}
	}
}
