package ptxsim

import (
	"math"
	"strings"
)

// A decoder turns statements into instructions.
type decoder struct {
	unit   *unit
	entry  *entry
	kernel *kernel
	s      *statement
	in     *inst
	atoms  []int // instructions whose order between blocks shows in the result
}

// decode turns s into an instruction.
func (d *decoder) decode(s *statement) inst {
	in := inst{guard: -1, stmt: s, target: -1, rpc: -1}
	d.s, d.in = s, &in
	if s.pred != nil {
		in.guard, in.negated = s.pred.reg.idx, s.pred.neg
		in.srcs = append(in.srcs, s.pred.reg)
	}
	f := opcodes(s.parts[0])
	if f == nil {
		d.failf("unknown instruction %s", s.op)
	}
	f(d)
	return in
}

// opcodes returns the decoder of a base opcode, nil for an unknown one.
func opcodes(name string) func(*decoder) {
	for _, table := range []map[string]func(*decoder){
		integerOps, logicOps, floatOps, convertOps, compareOps, moveOps, memoryOps, warpOps, controlOps, matrixOps,
	} {
		if f := table[name]; f != nil {
			return f
		}
	}
	return nil
}

// failf raises an error that names the line and the instruction.
func (d *decoder) failf(format string, args ...any) {
	failf(d.s.line, "`"+strings.ReplaceAll(d.s.text, "%", "%%")+"`: "+format, args...)
}

// modifiers checks that each modifier but the last, the type, is one of the
// allowed ones.
func (d *decoder) modifiers(allowed ...string) {
	for _, p := range d.s.parts[1:max(1, len(d.s.parts)-1)] {
		ok := false
		for _, a := range allowed {
			ok = ok || a == p
		}
		if !ok {
			d.failf("modifier .%s is not supported", p)
		}
	}
}

// unsupported raises an error for a type that the instruction does not take.
func (d *decoder) unsupported() { d.failf("type .%s is not supported", d.s.typ()) }

// operands checks the number of operands.
func (d *decoder) operands(least, most int) {
	if n := len(d.s.args); n < least || n > most {
		d.failf("%d operands, want %d", n, least)
	}
}

// immediate returns the bits of an immediate as type typ.
func (d *decoder) immediate(o operand, typ string) uint64 {
	single := typ == "f32" || typ == "tf32"
	switch {
	case o.float == 'd' && single:
		return uint64(math.Float32bits(float32(math.Float64frombits(o.imm))))
	case o.float == 'f' && typ == "f64":
		return math.Float64bits(float64(math.Float32frombits(uint32(o.imm))))
	case widths[typ] == 2:
		return o.imm & 0xffff
	}
	return o.imm
}

// address returns the address of a variable in its state space.
func (d *decoder) address(o operand) uint64 {
	v, ok := d.entry.locals[o.name]
	if !ok {
		v, ok = d.unit.vars[o.name]
	}
	switch {
	case !ok:
		d.failf("unknown name %s", o.name)
	case v.space == "global" || v.space == "const":
		return v.addr + o.imm
	case v.space == "shared" && (v.extern || v.size == 0):
		return uint64(d.kernel.dynamic) + o.imm
	}
	return uint64(v.offset) + o.imm
}

// src32 returns the slot of a source of up to 32 bits.
func (d *decoder) src32(o operand, typ string) int32 {
	k := d.kernel
	switch o.kind {
	case opdReg:
		if o.reg.class != class32 {
			d.failf("operand %s is not %v", o.name, class32)
		}
		if w := widths[typ]; w > o.width {
			d.failf("operand %s has %d bytes, want %d", o.name, o.width, w)
		}
		d.in.srcs = append(d.in.srcs, o.reg)
		return o.reg.idx
	case opdSpecial:
		return d.specialSlot(o.name)
	case opdImm:
		return k.constant32(uint32(d.immediate(o, typ)))
	case opdSym:
		return k.constant32(uint32(d.address(o)))
	}
	d.failf("bad operand")
	return 0
}

// src64 returns the slot of a 64-bit source.
func (d *decoder) src64(o operand, typ string) int32 {
	k := d.kernel
	switch o.kind {
	case opdReg:
		if o.reg.class != class64 {
			d.failf("operand %s is not %v", o.name, class64)
		}
		d.in.srcs = append(d.in.srcs, o.reg)
		return o.reg.idx
	case opdImm:
		return k.constant64(d.immediate(o, typ))
	case opdSym:
		return k.constant64(d.address(o))
	}
	d.failf("bad operand")
	return 0
}

// srcPred returns the slot of a predicate.
func (d *decoder) srcPred(o operand) int32 {
	if o.kind != opdReg || o.reg.class != classPred {
		d.failf("operand %s is not %v", o.name, classPred)
	}
	d.in.srcs = append(d.in.srcs, o.reg)
	return o.reg.idx
}

// dst returns the slot of a destination; _ gets a slot of its own.
func (d *decoder) dst(o operand, c class) int32 {
	if o.kind == opdSink {
		return d.kernel.addSlot(c, "_")
	}
	if o.kind != opdReg || o.reg.class != c {
		d.failf("destination %s is not %v", o.name, c)
	}
	d.in.dsts = append(d.in.dsts, o.reg)
	return o.reg.idx
}

// vector returns the registers of {a, b}, or of a single operand. Immediates
// in a list of sources get slots.
func (d *decoder) vector(o operand, c class, typ string, dest bool) []reg {
	list := []operand{o}
	if o.kind == opdVec {
		list = o.list
	}
	var out []reg
	for _, x := range list {
		switch {
		case dest:
			out = append(out, reg{c, d.dst(x, c)})
		case c == class64:
			out = append(out, reg{c, d.src64(x, typ)})
		default:
			out = append(out, reg{c, d.src32(x, typ)})
		}
	}
	return out
}

func (k *kernel) constant32(v uint32) int32 {
	s, ok := k.const32[v]
	if !ok {
		s = k.addSlot(class32, "constant")
		k.const32[v] = s
	}
	return s
}

func (k *kernel) constant64(v uint64) int32 {
	s, ok := k.const64[v]
	if !ok {
		s = k.addSlot(class64, "constant")
		k.const64[v] = s
	}
	return s
}
