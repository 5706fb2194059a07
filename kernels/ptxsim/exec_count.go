package ptxsim

import "math/bits"

// narrow decodes an instruction with a 64-bit source and a 32-bit result.
func (d *decoder) narrow(f func(a uint64) uint32) {
	d.operands(2, 2)
	in := d.in
	in.kind, in.a = kind32, d.src64(d.s.args[1], d.s.typ())
	in.d = d.dst(d.s.args[0], class32)
	in.f32 = func(w *warp, in *inst, d *v32) {
		a := &w.d[in.a]
		for i := range d {
			d[i] = f(a[i])
		}
	}
}

func decodePopc(d *decoder) {
	d.modifiers()
	if d.s.typ() == "b64" {
		d.narrow(func(a uint64) uint32 { return uint32(bits.OnesCount64(a)) })
		return
	}
	d.lane1(func(a uint32) uint32 { return uint32(bits.OnesCount32(a)) })
}

func decodeClz(d *decoder) {
	d.modifiers()
	if d.s.typ() == "b64" {
		d.narrow(func(a uint64) uint32 { return uint32(bits.LeadingZeros64(a)) })
		return
	}
	d.lane1(func(a uint32) uint32 { return uint32(bits.LeadingZeros32(a)) })
}

func decodeBrev(d *decoder) {
	d.modifiers()
	if d.s.typ() == "b64" {
		d.wide1(bits.Reverse64)
		return
	}
	d.lane1(bits.Reverse32)
}

// decodeBfind finds the highest bit that differs from the sign.
func decodeBfind(d *decoder) {
	d.modifiers("shiftamt")
	shift := d.s.has("shiftamt")
	find := func(v uint64, width int) uint32 {
		n := bits.Len64(v) - 1
		if shift && n >= 0 {
			n = width - 1 - n
		}
		return uint32(n)
	}
	switch d.s.typ() {
	case "u32":
		d.lane1(func(a uint32) uint32 { return find(uint64(a), 32) })
	case "s32":
		d.lane1(func(a uint32) uint32 { return find(uint64(a^uint32(int32(a)>>31)), 32) })
	case "u64":
		d.narrow(func(a uint64) uint32 { return find(a, 64) })
	case "s64":
		d.narrow(func(a uint64) uint32 { return find(a^uint64(int64(a)>>63), 64) })
	default:
		d.unsupported()
	}
}

func decodeSad(d *decoder) {
	d.modifiers()
	switch d.s.typ() {
	case "u32":
		d.lane3(func(a, b, c uint32) uint32 { return c + max(a, b) - min(a, b) })
	case "s32":
		d.lane3(func(a, b, c uint32) uint32 {
			return c + uint32(max(int32(a), int32(b))) - uint32(min(int32(a), int32(b)))
		})
	default:
		d.unsupported()
	}
}

// decodeDp4a adds the products of the four bytes of a and b to c.
func decodeDp4a(d *decoder) {
	d.modifiers("u32", "s32")
	if len(d.s.parts) != 3 {
		d.unsupported()
	}
	signA, signB := d.s.parts[1] == "s32", d.s.parts[2] == "s32"
	element := func(v uint32, i int, signed bool) uint32 {
		x := v >> (8 * i) & 0xff
		if signed {
			return uint32(int32(int8(x)))
		}
		return x
	}
	d.lane3(func(a, b, c uint32) uint32 {
		for i := range 4 {
			c += element(a, i, signA) * element(b, i, signB)
		}
		return c
	})
}
