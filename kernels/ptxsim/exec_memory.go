package ptxsim

import "encoding/binary"

var memoryOps map[string]func(*decoder)

func init() {
	memoryOps = map[string]func(*decoder){
		"ld": decodeLoad, "ldu": decodeLoad, "st": decodeStore, "atom": decodeAtomic, "red": decodeAtomic,
		"cp": decodeCopy, "isspacep": decodeIsspacep,
	}
}

// A space is a state space.
type space uint8

const (
	spaceGeneric space = iota
	spaceGlobal
	spaceShared
	spaceLocal
	spaceParam
)

// An access holds the operands of an instruction that uses memory.
type access struct {
	space    space
	size     int // bytes of one element
	bytes    int // of all
	signed   bool
	volatile bool
	regs     []reg
	base     reg // class none: off is the address
	off      uint64
	index    int // of a load that may be from shared memory: its pattern
}

// spaceOf returns the state space among the modifiers. Constants live in
// global memory.
func (d *decoder) spaceOf() space {
	for _, p := range d.s.parts[1:] {
		switch p {
		case "global", "const":
			return spaceGlobal
		case "shared", "shared::cta":
			return spaceShared
		case "local":
			return spaceLocal
		case "param":
			return spaceParam
		}
	}
	return spaceGeneric
}

var memoryModifiers = []string{
	"global", "const", "shared", "shared::cta", "local", "param", "nc", "volatile", "weak", "relaxed", "acquire",
	"release", "gpu", "cta", "sys", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "v2", "v4",
	"L1::evict_normal", "L1::evict_first", "L1::evict_last", "L1::no_allocate", "L1::evict_unchanged",
	"L2::64B", "L2::128B", "L2::256B",
}

// access decodes the address operand o.
func (d *decoder) access(o operand) *access {
	if o.kind != opdMem {
		d.failf("operand is not an address in brackets")
	}
	m := &access{space: d.spaceOf(), size: widths[d.s.typ()], off: o.imm}
	m.bytes = m.size
	m.volatile = d.s.has("volatile") || d.s.has("relaxed") || d.s.has("acquire")
	switch o.base {
	case opdReg:
		m.base = o.reg
		if o.reg.class == classPred {
			d.failf("address %s is %v", o.name, classPred)
		}
		d.in.srcs = append(d.in.srcs, o.reg)
	case opdSym:
		m.off = d.address(operand{kind: opdSym, name: o.name, imm: o.imm})
	}
	return m
}

// elements decodes the registers to load or store.
func (d *decoder) elements(m *access, o operand, dest bool) {
	typ := d.s.typ()
	if m.size == 0 {
		d.unsupported()
	}
	c := classOf(typ)
	if o.kind == opdReg && o.reg.class == class64 || o.kind == opdVec && o.list[0].kind == opdReg && o.list[0].reg.class == class64 {
		c = class64 // PTX lets the register be wider than the access
	}
	m.regs = d.vector(o, c, typ, dest)
	n := 1
	switch {
	case d.s.has("v2"):
		n = 2
	case d.s.has("v4"):
		n = 4
	}
	if len(m.regs) != n {
		d.failf("%d registers, want %d", len(m.regs), n)
	}
	m.bytes, m.signed = n*m.size, typ[0] == 's'
	if m.bytes > 16 {
		d.failf("access of %d bytes, at most 16 are possible", m.bytes)
	}
}

func decodeLoad(d *decoder) {
	d.modifiers(memoryModifiers...)
	d.operands(2, 2)
	m := d.access(d.s.args[1])
	d.elements(m, d.s.args[0], true)
	d.in.kind, d.in.mem = kindMask, m
	d.addPattern(m)
	simple := len(m.regs) == 1 && m.size == 4 && m.regs[0].class == class32
	vector := len(m.regs) == 4 && m.size == 4
	switch {
	case m.space == spaceParam:
		if m.base.class != classNone || m.off+uint64(m.bytes) > uint64(d.kernel.paramSize) {
			d.failf("outside of the parameters")
		}
		d.in.fx = func(w *warp, in *inst, mask uint32) { w.loadParam(m, mask) }
		if simple {
			d.in.fx = func(w *warp, in *inst, mask uint32) {
				w.setLanes(m.regs[0].idx, binary.LittleEndian.Uint32(w.b.l.params[m.off:]), mask)
			}
		}
	case m.space == spaceGlobal && simple:
		d.in.fx = func(w *warp, in *inst, mask uint32) { w.addresses(m); w.loadGlobal32(m, mask) }
	case m.space == spaceShared && simple:
		d.in.fx = func(w *warp, in *inst, mask uint32) { w.addresses(m); w.loadShared32(m, mask) }
	case m.space == spaceShared && vector:
		d.in.fx = func(w *warp, in *inst, mask uint32) { w.addresses(m); w.loadShared128(m, mask) }
	default:
		d.in.fx = func(w *warp, in *inst, mask uint32) {
			w.bySpace(m, mask, w.loadGlobal, w.loadShared, w.loadLocal)
		}
	}
}

// addPattern gives a load its place in the patterns of each warp.
func (d *decoder) addPattern(m *access) {
	if m.space == spaceShared || m.space == spaceGeneric {
		m.index = d.kernel.sharedLoads
		d.kernel.sharedLoads++
	}
}

func decodeStore(d *decoder) {
	d.modifiers(memoryModifiers...)
	d.operands(2, 2)
	m := d.access(d.s.args[0])
	d.elements(m, d.s.args[1], false)
	if m.space == spaceParam || d.s.has("const") {
		d.failf("state space cannot be written")
	}
	d.in.kind, d.in.mem = kindMask, m
	d.in.fx = func(w *warp, in *inst, mask uint32) {
		w.bySpace(m, mask, w.storeGlobal, w.storeShared, w.storeLocal)
	}
}

// addresses sets w.addr for all lanes.
func (w *warp) addresses(m *access) {
	switch m.base.class {
	case class64:
		a := &w.d[m.base.idx]
		for i := range w.addr {
			w.addr[i] = a[i] + m.off
		}
	case class32:
		a := &w.r[m.base.idx]
		for i := range w.addr {
			w.addr[i] = uint64(a[i]) + m.off
		}
	default:
		for i := range w.addr {
			w.addr[i] = m.off
		}
	}
}

// bySpace does an access in its state space; a generic one lane by lane in
// the space of each address.
func (w *warp) bySpace(m *access, mask uint32, global, shared, local func(m *access, mask uint32)) {
	w.addresses(m)
	switch m.space {
	case spaceGlobal:
		global(m, mask)
		return
	case spaceShared:
		shared(m, mask)
		return
	case spaceLocal:
		local(m, mask)
		return
	}
	var inShared, inLocal uint32
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		switch a := w.addr[i]; {
		case a-sharedWindow < windowSize:
			inShared |= 1 << i
			w.addr[i] -= sharedWindow
		case a-localWindow < windowSize:
			inLocal |= 1 << i
			w.addr[i] -= localWindow
		}
	}
	for _, part := range []struct {
		lanes uint32
		f     func(m *access, mask uint32)
	}{{mask &^ inShared &^ inLocal, global}, {inShared, shared}, {inLocal, local}} {
		if part.lanes != 0 {
			part.f(m, part.lanes)
		}
	}
}

// put sets a lane of the destination registers from bytes.
func (w *warp) put(m *access, lane int, b []byte) {
	for j, r := range m.regs {
		v := load(b[j*m.size:], m.size)
		if m.signed && m.size < 4 {
			v = uint64(int64(v<<(64-8*m.size)) >> (64 - 8*m.size))
		}
		if r.class == class64 {
			if m.signed && m.size == 4 {
				v = uint64(signed(uint32(v)))
			}
			w.d[r.idx][lane] = v
		} else {
			w.r[r.idx][lane] = uint32(v)
		}
	}
}

// take writes a lane of the source registers to bytes.
func (w *warp) take(m *access, lane int, b []byte) {
	for j, r := range m.regs {
		if r.class == class64 {
			store(b[j*m.size:], m.size, w.d[r.idx][lane])
		} else {
			store(b[j*m.size:], m.size, uint64(w.r[r.idx][lane]))
		}
	}
}
