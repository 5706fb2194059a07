package ptxsim

// cvtFast gives the frequent integer conversions their own loops.
func (d *decoder) cvtFast(c conversion) bool {
	src := d.s.args[1]
	if c.sat || src.kind == opdReg && src.reg.class == class64 {
		return false
	}
	in := d.in
	switch c.to + "." + c.from {
	case "s64.s32", "u64.s32":
		in.kind, in.a = kind64, d.src32(src, "s32")
		in.f64 = func(w *warp, in *inst, d *v64) {
			a := &w.r[in.a]
			for i := range d {
				d[i] = uint64(signed(a[i]))
			}
		}
	case "u64.u32", "s64.u32":
		in.kind, in.a = kind64, d.src32(src, "u32")
		in.f64 = func(w *warp, in *inst, d *v64) {
			a := &w.r[in.a]
			for i := range d {
				d[i] = uint64(a[i])
			}
		}
	default:
		return false
	}
	in.d = d.dst(d.s.args[0], class64)
	return true
}

// cvtNarrow gives the conversions of 64-bit to 32-bit integers their own
// loop.
func (d *decoder) cvtNarrow(c conversion) bool {
	if c.sat || widths[c.from] != 8 || widths[c.to] != 4 || isFloat(c.from) || isFloat(c.to) {
		return false
	}
	in, a := d.in, d.s.args
	in.kind, in.a = kind32, d.src64(a[1], c.from)
	in.d = d.dst(a[0], class32)
	in.f32 = func(w *warp, in *inst, d *v32) {
		a := &w.d[in.a]
		for i := range d {
			d[i] = uint32(a[i])
		}
	}
	return true
}

// narrowFloat returns the fast conversion of a float32 to 16 bits or to tf32,
// nil if there is none.
func (c conversion) narrowFloat() func(u uint32) uint32 {
	switch {
	case c.from == "f32" && c.to == "tf32" && c.round == roundNearestAway && !c.sat && !c.relu && !c.flush:
		return tensorFloatOf
	case c.from != "f32" || c.round != roundNearest || c.sat || c.relu || c.flush:
		return nil
	case c.to == "bf16":
		return bfloatOf
	case c.to == "f16":
		return halfOf
	}
	return nil
}

// tensorFloatOf rounds the bits of a float32 to tf32, to nearest, ties away from
// zero.
func tensorFloatOf(u uint32) uint32 {
	if u&0x7f800000 == 0x7f800000 { // infinite, or not a number
		if u<<9 != 0 {
			u |= 1 << 22
		}
		return u &^ 0x1fff
	}
	return (u + 0x1000) &^ 0x1fff
}
