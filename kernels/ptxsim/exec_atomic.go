package ptxsim

import "slices"

// An update computes the new value of an atomic operation from the old one
// and the operands.
type update func(old, a, b uint64) uint64

// decodeAtomic decodes atom (with a result) and red (without).
func decodeAtomic(d *decoder) {
	d.modifiers("global", "shared", "shared::cta", "relaxed", "acquire", "release", "acq_rel", "gpu", "cta", "sys", "noftz",
		"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec")
	args, typ := d.s.args, d.s.typ()
	result := d.s.parts[0] == "atom"
	if result {
		d.operands(3, 4)
		args = args[1:]
	} else {
		d.operands(2, 2)
	}
	oper := d.atomicName()
	f := atomicUpdate(oper, typ)
	if f == nil {
		d.failf("atomic .%s on .%s is not supported", oper, typ)
	}
	m := d.access(args[0])
	c := classOf(typ)
	src := func(o operand) reg {
		if c == class64 {
			return reg{c, d.src64(o, typ)}
		}
		return reg{c, d.src32(o, typ)}
	}
	x := &atomicOp{access: m, update: f, a: src(args[1]), dst: reg{classNone, 0}}
	if x.b = x.a; oper == "cas" {
		if len(args) != 3 {
			d.failf("cas wants two values")
		}
		x.b = src(args[2])
	}
	if result {
		x.dst = reg{c, d.dst(d.s.args[0], c)}
	}
	commutes := !isFloat(typ) && oper != "exch" && oper != "cas" && oper != "inc" && oper != "dec"
	if m.space != spaceShared && (result || !commutes) {
		if commutes || oper == "inc" && result {
			d.atoms = append(d.atoms, len(d.kernel.code))
		} else {
			d.atoms = append(d.atoms, -1)
		}
	}
	d.in.kind, d.in.mem = kindMask, m
	d.in.fx = func(w *warp, in *inst, mask uint32) {
		w.bySpace(m, mask, func(_ *access, mask uint32) { w.atomicGlobal(x, mask) },
			func(_ *access, mask uint32) { w.atomicShared(x, mask) },
			func(_ *access, mask uint32) { w.fault(OutOfBounds, firstLane(mask), "atomic on local memory") })
	}
}

func (d *decoder) atomicName() string {
	for _, p := range d.s.parts[1:] {
		switch p {
		case "add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec":
			return p
		}
	}
	d.failf("atomic without an operation")
	return ""
}

// orderedAtomics tells whether the result of the kernel depends on the order
// in which blocks do their atomic operations: with float sums, exchanges, and
// operations whose result is used. Such a kernel runs its blocks in turn.
//
// A ticket is no such operation: an inc of which the kernel asks one thing, whether
// the result is the bound. That tells which block comes last, and what the last
// one does is taken to be the same whichever it is; Config.Backwards checks it.
func (d *decoder) orderedAtomics() bool {
	for _, a := range d.atoms {
		if a < 0 {
			return true
		}
		atom := &d.kernel.code[a]
		for _, dst := range atom.dsts {
			for i := range d.kernel.code {
				if in := &d.kernel.code[i]; slices.Contains(in.srcs, dst) && !asksForLast(in.stmt, atom.stmt) {
					return true
				}
			}
		}
	}
	return false
}

// asksForLast tells whether s compares the result of atom, an inc, for
// equality with its bound, which is a register.
func asksForLast(s, atom *statement) bool {
	if !slices.Contains(atom.parts, "inc") || s.parts[0] != "setp" || s.parts[1] != "eq" && s.parts[1] != "ne" || len(s.args) != 3 {
		return false
	}
	result, bound, a, b := atom.args[0], atom.args[2], s.args[1], s.args[2]
	if bound.kind != opdReg || a.kind != opdReg || b.kind != opdReg {
		return false
	}
	return a.reg == result.reg && b.reg == bound.reg || b.reg == result.reg && a.reg == bound.reg
}

// An atomicOp holds the operands of an atomic operation.
type atomicOp struct {
	*access
	update    update
	a, b, dst reg // dst of classNone: no result
}

// atomicUpdate returns the update of an operation on a type, nil if there is
// none.
func atomicUpdate(oper, typ string) update {
	mask := uint64(1)<<(8*widths[typ]) - 1
	if ft, pair := halfFormat(typ); ft != nil && oper == "add" {
		return func(old, a, _ uint64) uint64 {
			return uint64(onFormat(pair, func(s int) uint32 {
				return ft.encode(ft.decode(low(uint32(old)>>s)) + ft.decode(low(uint32(a)>>s)))
			}))
		}
	}
	sign := func(v uint64) int64 { return int64(extend(v, "s"+typ[1:])) }
	switch oper + "." + typ {
	case "add.f32":
		return func(old, a, _ uint64) uint64 {
			return uint64(bitsOf(f32of(uint32(old)) + f32of(uint32(a))))
		}
	case "add.f64":
		return func(old, a, _ uint64) uint64 { return bits64(f64of(old) + f64of(a)) }
	case "add.u32", "add.s32", "add.u64", "add.s64":
		return func(old, a, _ uint64) uint64 { return (old + a) & mask }
	case "min.u32", "min.u64":
		return func(old, a, _ uint64) uint64 { return min(old, a) }
	case "max.u32", "max.u64":
		return func(old, a, _ uint64) uint64 { return max(old, a) }
	case "min.s32", "min.s64":
		return func(old, a, _ uint64) uint64 { return uint64(min(sign(old), sign(a))) & mask }
	case "max.s32", "max.s64":
		return func(old, a, _ uint64) uint64 { return uint64(max(sign(old), sign(a))) & mask }
	case "inc.u32":
		return func(old, a, _ uint64) uint64 {
			if old >= a {
				return 0
			}
			return old + 1
		}
	case "dec.u32":
		return func(old, a, _ uint64) uint64 {
			if old == 0 || old > a {
				return a
			}
			return old - 1
		}
	}
	return atomicBits(oper, typ)
}

func atomicBits(oper, typ string) update {
	if typ[0] == 'f' || widths[typ] < 4 && oper != "cas" {
		return nil
	}
	switch oper {
	case "and":
		return func(old, a, _ uint64) uint64 { return old & a }
	case "or":
		return func(old, a, _ uint64) uint64 { return old | a }
	case "xor":
		return func(old, a, _ uint64) uint64 { return old ^ a }
	case "exch":
		return func(_, a, _ uint64) uint64 { return a }
	case "cas":
		return func(old, a, b uint64) uint64 {
			if old == a {
				return b
			}
			return old
		}
	}
	return nil
}

func halfFormat(typ string) (*format, bool) {
	switch typ {
	case "f16", "f16x2":
		return &formatHalf, typ == "f16x2"
	case "bf16", "bf16x2":
		return &formatBfloat, typ == "bf16x2"
	}
	return nil, false
}

// get reads a lane of a register of either class.
func (w *warp) get(r reg, lane int) uint64 {
	if r.class == class64 {
		return w.d[r.idx][lane]
	}
	return uint64(w.r[r.idx][lane])
}

// apply does an atomic operation on bytes for a lane.
func (w *warp) apply(x *atomicOp, data []byte, lane int) {
	old := load(data, x.size)
	store(data, x.size, x.update(old, w.get(x.a, lane), w.get(x.b, lane)))
	switch x.dst.class {
	case class32:
		w.r[x.dst.idx][lane] = uint32(old)
	case class64:
		w.d[x.dst.idx][lane] = old
	}
}

func (w *warp) atomicGlobal(x *atomicOp, mask uint32) {
	n, s, off := uint64(x.size), w.seg, uint64(0)
	if !w.k.serial {
		w.b.l.dev.atomic.Lock()
		defer w.b.l.dev.atomic.Unlock()
	}
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		a := w.addr[i]
		s, off = w.inside(s, a, n, i)
		if st := s.state[off : off+n]; states(st) != 0 {
			w.badState(i, "global", a, st, true)
		}
		if s.readonly {
			w.fault(OutOfBounds, i, "write to constant %s", s.name)
		}
		w.apply(x, s.data[off:], i)
	}
	w.countSectors(mask)
}

func (w *warp) atomicShared(x *atomicOp, mask uint32) {
	n, sh := uint64(x.size), &w.b.shared
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		a := w.addr[i]
		sh.check(w, a, n, i)
		if st := sh.state[a : a+n]; states(st) != 0 {
			w.badState(i, "shared", a, st, true)
		}
		sh.write(w, a, n, uint8(i), atomics, false)
		w.apply(x, sh.data[a:], i)
	}
	w.countBanks(mask, n)
}
