package neon

import (
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// compare translates comparisons and choices by them.
func (t *translator) compare(n *ir.Instruction, opcode string, op []operand.Op, y, a, b vec) error {
	switch opcode {
	case "VCMPPS $0x16": // !(a <= b)
		t.inverted = t.masksNext(n, op[2])
		for i := range y {
			t.word("fcmge.4s", y[i], b[i], a[i])
			if !t.inverted {
				t.word("mvn.16b", y[i], y[i])
			}
		}
	case "VCMPPS $0x1e": // a > b, false for NaN
		for i := range y {
			t.word("fcmgt.4s", y[i], a[i], b[i])
		}
	case "VCMPPS $0x03": // a or b is NaN
		if !isSame(op[0], op[1]) {
			return errUnknown
		}
		for i := range y {
			t.word("fcmeq.4s", y[i], a[i], a[i])
			t.word("mvn.16b", y[i], y[i])
		}
	case "VBLENDVPS": // of mask, a, y
		if !isSame(op[2], op[3]) || t.masks&(1<<b[0]) == 0 {
			return errUnknown
		}
		for i := range y {
			t.emit("VBIT", "V%d.B16, V%d.B16, V%d.B16", b[i], a[i], y[i])
		}
	default:
		return errUnknown
	}
	return nil
}

// masksNext reports whether the next instruction alone reads the mask, to keep lanes where it
// is set: so it can as well clear them where the opposite is true.
func (t *translator) masksNext(n *ir.Instruction, mask operand.Op) bool {
	next, ok := t.nodes[t.at+1].(*ir.Instruction)
	r := halves(mask.(reg.Register))
	return ok && next.Opcode == "VANDPS" && isSame(next.Operands[0], mask) && !isSame(next.Operands[1], mask) &&
		(t.live[t.at+1]&r == 0 || writes(next)&r != 0)
}

// masksBehind is the registers that hold masks behind an instruction.
func (t *translator) masksBehind(n *ir.Instruction) uint32 {
	isMask := n.Opcode == "VCMPPS" || n.Opcode == "VPCMPEQD" ||
		(n.Opcode == "VORPS" || n.Opcode == "VANDPS") && reads(n)&^t.masks == 0
	if isMask {
		return t.masks | writes(n)
	}
	return t.masks &^ writes(n)
}
