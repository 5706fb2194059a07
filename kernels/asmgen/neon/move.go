package neon

import (
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// moves is what copies vectors, and for numbers the instruction that does and their bytes.
var moves = map[string]struct {
	opcode string
	size   int
}{
	"VMOVUPS": {}, "VMOVUPD": {}, "VMOVAPS": {},
	"VMOVSS": {"FMOVS", 4}, "VMOVSD": {"FMOVD", 8}, "MOVSD": {"FMOVD", 8},
}

// moveVector translates a copy from or to memory, or from register to register.
func (t *translator) moveVector(opcode string, op []operand.Op) error {
	from, isRegister := lanes(op[0])
	to, ok := lanes(op[1])
	number := moves[opcode]
	switch {
	case isRegister && ok && number.size == 0 && len(from) == len(to):
		for i := range to {
			t.moveHalf(from[i], to[i])
		}
		return nil
	case isRegister && ok:
		return errUnknown
	case number.size > 0 && isRegister:
		at, err := t.scalar(op[1].(operand.Mem), number.size)
		t.emit(number.opcode, "F%d, %s", from[0], at)
		return err
	case number.size > 0:
		at, err := t.scalar(op[0].(operand.Mem), number.size)
		t.emit(number.opcode, "%s, F%d", at, to[0])
		return err
	case isRegister:
		return t.store(from, op[1].(operand.Mem))
	}
	return t.load(op[0].(operand.Mem), to)
}

func (t *translator) moveHalf(from, to int) {
	if from != to {
		t.emit("VMOV", "V%d.B16, V%d.B16", from, to)
	}
}

// load and store translate copies of half a vector or a whole one.
func (t *translator) load(from operand.Mem, to vec) error {
	if len(to) == 1 {
		at, err := t.memory(from, 16)
		t.emit("FMOVQ", "%s, F%d", at, to[0])
		return err
	}
	at, err := t.pair(from)
	t.emit("FLDPQ", "%s, (F%d, F%d)", at, to[0], to[1])
	return err
}

func (t *translator) store(from vec, to operand.Mem) error {
	if len(from) == 1 {
		at, err := t.memory(to, 16)
		t.emit("FMOVQ", "F%d, %s", from[0], at)
		return err
	}
	at, err := t.pair(to)
	t.emit("FSTPQ", "(F%d, F%d), %s", from[0], from[1], at)
	return err
}

// widen translates what makes vectors of numbers or of half a vector; other instructions
// are not its own.
func (t *translator) widen(n *ir.Instruction, opcode string, op []operand.Op, y vec) (own bool, err error) {
	switch opcode {
	case "VBROADCASTSS", "VPBROADCASTD":
		return true, t.broadcast(n, "S", op[0], y)
	case "VBROADCASTSD":
		return true, t.broadcast(n, "D", op[0], y)
	case "VMOVD":
		if m, ok := op[0].(operand.Mem); ok {
			at, err := t.scalar(m, 4)
			t.emit("FMOVS", "%s, F%d", at, y[0])
			return true, err
		}
		t.emit("FMOVS", "%s, F%d", general(op[0].(reg.Register)), y[0])
	case "VCVTSI2SSQ", "VCVTSI2SDQ": // whose other lanes are those of op[1]: zero on arm64
		to := map[string]string{"VCVTSI2SSQ": "SCVTFS", "VCVTSI2SDQ": "SCVTFD"}[opcode]
		t.emit(to, "%s, F%d", general(op[0].(reg.Register)), y[0])
	case "VCVTPS2PD":
		x, err := t.operand(n, op[0], 1)
		if err != nil || len(x) > 1 || len(y) < 2 {
			return true, errUnknown
		}
		t.word("fcvtl2.2d", y[1], x[0])
		t.word("fcvtl.2d", y[0], x[0])
	case "VEXTRACTF128 $0x01":
		x, ok := lanes(op[0])
		if !ok || len(x) < 2 {
			return true, errUnknown
		}
		t.moveHalf(x[1], y[0])
	default:
		return false, nil
	}
	return true, nil
}

// broadcast translates a number in all lanes, or for products in the first lane alone.
func (t *translator) broadcast(n *ir.Instruction, lane string, from operand.Op, y vec) error {
	x, isRegister := lanes(from)
	if !isRegister {
		if lane != "S" {
			return errUnknown
		}
		at, err := t.scalar(from.(operand.Mem), 4)
		t.emit("FMOVS", "%s, F%d", at, y[0])
		if err != nil || t.element[n] {
			return err
		}
		x = y[:1]
	}
	arrangement := map[string]string{"S": "S4", "D": "D2"}[lane]
	for i := len(y) - 1; i >= 0; i-- { // the low half last, which may be x
		t.emit("VDUP", "V%d.%s[0], V%d.%s", x[0], lane, y[i], arrangement)
	}
	return nil
}
