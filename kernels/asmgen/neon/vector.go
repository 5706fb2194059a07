package neon

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A vec is the NEON registers of a vector: those of its low and of its high half, or
// one that is half a vector.
type vec []int

// lanes is the registers of a vector register.
func lanes(op operand.Op) (vec, bool) {
	r, ok := op.(reg.Register)
	if !ok || r.Kind() != reg.KindVector {
		return nil, false
	}
	i := int(r.(reg.Physical).PhysicalIndex())
	if r.Size() == 32 {
		return vec{i, i + 16}, true
	}
	return vec{i}, r.Size() == 16
}

// free is registers that hold nothing before or behind the instruction, as many as
// half or a whole vector has.
func (t *translator) free(n *ir.Instruction, count int) (vec, error) {
	used := t.live[t.at] | reads(n) | writes(n)
	var v vec
	for i := range 32 {
		if len(v) < count && used&(1<<i) == 0 {
			v = append(v, i)
		}
	}
	if len(v) < count {
		return nil, errFull
	}
	return v, nil
}

// binary is y = a op b of instructions op b, a, y, in each half.
var binary = map[string]string{
	"VADDPS": "fadd.4s", "VSUBPS": "fsub.4s", "VMULPS": "fmul.4s", "VDIVPS": "fdiv.4s",
	"VADDPD": "fadd.2d", "VSUBPD": "fsub.2d", "VMULPD": "fmul.2d",
}

// arranged is the same for instructions that Go's assembler knows.
var arranged = map[string]struct{ opcode, arrangement string }{
	"VANDPS":        {"VAND", "B16"},
	"VORPS":         {"VORR", "B16"},
	"VPCMPEQD":      {"VCMEQ", "S4"},
	"VUNPCKLPS":     {"VZIP1", "S4"},
	"VUNPCKHPS":     {"VZIP2", "S4"},
	"VSHUFPS $0x44": {"VZIP1", "D2"},
	"VSHUFPS $0xee": {"VZIP2", "D2"},
}

// fused is y += ab or y -= ab of instructions op a, b, y.
var fused = map[string]struct{ opcode, element string }{
	"VFMADD231PS":  {"VFMLA", "fmla.4s.s[0]"},
	"VFNMADD231PS": {"VFMLS", "fmls.4s.s[0]"},
}

// vector translates an instruction on vectors.
func (t *translator) vector(n *ir.Instruction) error {
	opcode, op := n.Opcode, n.Operands
	masks := t.masksBehind(n)
	defer func() { t.masks = masks }()
	if imm, ok := op[0].(operand.U8); ok {
		opcode, op = fmt.Sprintf("%s $0x%02x", opcode, uint8(imm)), op[1:]
	}
	if _, ok := moves[opcode]; ok {
		return t.moveVector(opcode, op)
	}
	if _, ok := fused[opcode]; ok {
		return t.product(n, op)
	}
	y, ok := lanes(op[len(op)-1])
	if !ok {
		return errUnknown
	}
	if own, err := t.widen(n, opcode, op, y); own {
		return err
	}
	return t.lanewise(n, opcode, op, y)
}

// operand is the registers of an operand that may lie in memory, from where it is loaded to
// registers that hold nothing.
func (t *translator) operand(n *ir.Instruction, op operand.Op, count int) (vec, error) {
	if v, ok := lanes(op); ok {
		return v, nil
	}
	m, ok := op.(operand.Mem)
	if !ok {
		return nil, errUnknown
	}
	v, err := t.free(n, count)
	if err != nil {
		return nil, err
	}
	return v, t.load(m, v)
}

// lanewise translates what every lane, or half, does alone.
func (t *translator) lanewise(n *ir.Instruction, opcode string, op []operand.Op, y vec) error {
	b, err := t.operand(n, op[0], len(y))
	if err != nil {
		return err
	}
	if opcode == "VSQRTPS" {
		for i := range y {
			t.word("fsqrt.4s", y[i], b[i])
		}
		return nil
	}
	a, ok := lanes(op[1])
	if !ok || len(a) != len(y) || len(b) != len(y) {
		return errUnknown
	}
	if name, ok := binary[opcode]; ok {
		for i := range y {
			t.word(name, y[i], a[i], b[i])
		}
		return nil
	}
	if t.inverted && opcode == "VANDPS" {
		t.inverted = false
		for i := range y {
			t.word("bic.16b", y[i], a[i], b[i])
		}
		return nil
	}
	if g, ok := arranged[opcode]; ok {
		for i := range y {
			t.emit(g.opcode, "V%d.%s, V%d.%s, V%d.%s", b[i], g.arrangement, a[i], g.arrangement, y[i], g.arrangement)
		}
		return nil
	}
	if n.Opcode == "VCMPPS" || n.Opcode == "VBLENDVPS" {
		return t.compare(n, opcode, op, y, a, b)
	}
	return t.other(opcode, op, y, a, b)
}

// other translates what has a form of its own.
func (t *translator) other(opcode string, op []operand.Op, y, a, b vec) error {
	switch opcode {
	case "VXORPS", "VXORPD":
		if !isSame(op[0], op[1]) {
			return errUnknown
		}
		for i := range y {
			t.emit("VMOVI", "$0, V%d.B16", y[i])
		}
	case "VANDNPS":
		for i := range y {
			t.word("bic.16b", y[i], b[i], a[i])
		}
	case "VHADDPD":
		if len(y) > 1 {
			return errUnknown
		}
		t.word("faddp.2d", y[0], a[0], b[0])
	case "VDIVSS":
		t.emit("FDIVS", "F%d, F%d, F%d", b[0], a[0], y[0])
	case "VPERM2F128 $0x20": // the low halves of a and b
		t.moveHalf(b[0], y[1])
		t.moveHalf(a[0], y[0])
	case "VPERM2F128 $0x31": // the high halves
		t.moveHalf(a[1], y[0])
		t.moveHalf(b[1], y[1])
	default:
		return errUnknown
	}
	return nil
}

// product translates a fused product and sum.
func (t *translator) product(n *ir.Instruction, op []operand.Op) error {
	a, ok1 := lanes(op[0])
	b, ok2 := lanes(op[1])
	y, ok3 := lanes(op[2])
	if !ok1 || !ok2 || !ok3 {
		return errUnknown
	}
	f := fused[n.Opcode]
	for i := range y {
		if t.element[n] {
			t.word(f.element, y[i], b[i], a[0])
		} else {
			t.emit(f.opcode, "V%d.S4, V%d.S4, V%d.S4", a[i], b[i], y[i])
		}
	}
	return nil
}
