package neon

import (
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// scratch holds an operand in memory, or a constant.
const scratch = "R25"

// general is the register for a general register of amd64.
func general(r reg.Register) string { return fmt.Sprintf("R%d", r.(reg.Physical).PhysicalIndex()) }

// source is the text of an operand that is read: a constant, a register, or scratch, to
// which an operand in memory is loaded.
func (t *translator) source(op operand.Op) (string, error) {
	switch op := op.(type) {
	case reg.Register:
		return general(op), nil
	case operand.Mem:
		at, err := t.memory(op, 8)
		t.emit("MOVD", "%s, %s", at, scratch)
		return scratch, err
	case operand.Constant:
		v, err := constant(op)
		return fmt.Sprintf("$%d", v), err
	}
	return "", errUnknown
}

// constant is the value of a constant that is not negative.
func constant(op operand.Op) (uint64, error) {
	switch v := op.(type) {
	case operand.U8:
		return uint64(v), nil
	case operand.U32:
		return uint64(v), nil
	case operand.I32:
		if v >= 0 {
			return uint64(v), nil
		}
	}
	return 0, errUnknown
}

// arithmetic is the instructions that compute y = y op x; with flags another one does.
var arithmetic = map[string]struct{ opcode, withFlags string }{
	"ADDQ":  {"ADD", "ADDS"},
	"SUBQ":  {"SUB", "SUBS"},
	"IMULQ": {"MUL", ""},
	"SHLQ":  {"LSL", ""},
}

// integer translates an instruction on general registers.
func (t *translator) integer(n *ir.Instruction) error {
	op := n.Operands
	if a, ok := arithmetic[n.Opcode]; ok {
		return t.update(a.opcode, a.withFlags, op[0], op[1], t.flags[n])
	}
	switch n.Opcode {
	case "DECQ":
		return t.update("SUB", "SUBS", operand.U8(1), op[0], t.flags[n])
	case "INCQ":
		return t.update("ADD", "ADDS", operand.U8(1), op[0], t.flags[n])
	case "CMPQ": // flags of op[0] - op[1]
		a, ok := op[0].(reg.Register)
		b, err := t.source(op[1])
		if !ok {
			return errUnknown
		}
		t.emit("CMP", "%s, %s", b, general(a))
		return err
	case "TESTQ", "TESTL":
		a, err := t.source(op[0])
		t.emit(map[string]string{"TESTQ": "TST", "TESTL": "TSTW"}[n.Opcode], "%s, %s", a, general(op[1].(reg.Register)))
		return err
	case "TESTB":
		if !isSame(op[0], op[1]) {
			return errUnknown
		}
		t.emit("TST", "$255, %s", general(op[0].(reg.Register)))
		return nil
	}
	if t.flags[n] {
		return errFlags
	}
	return t.move(n.Opcode, op)
}

// update translates y = y op x, for y in a register or in memory.
func (t *translator) update(opcode, withFlags string, x, y operand.Op, flags bool) error {
	if flags {
		opcode = withFlags
	}
	if opcode == "" {
		return errFlags
	}
	if y, ok := y.(reg.Register); ok {
		v, err := t.source(x)
		t.emit(opcode, "%s, %s", v, general(y))
		return err
	}
	if _, ok := x.(operand.Mem); ok {
		return errUnknown
	}
	v, err1 := t.source(x)
	at, err2 := t.memory(y.(operand.Mem), 8)
	if err1 != nil || err2 != nil {
		return errUnknown
	}
	t.emit("MOVD", "%s, %s", at, scratch)
	t.emit(opcode, "%s, %s", v, scratch)
	t.emit("MOVD", "%s, %s", scratch, at)
	return nil
}

// move translates what sets a register, or memory, without flags.
func (t *translator) move(opcode string, op []operand.Op) error {
	switch opcode {
	case "MOVQ", "MOVB", "MOVBLZX":
		load, size := map[string]string{"MOVQ": "MOVD", "MOVB": "MOVBU", "MOVBLZX": "MOVBU"}[opcode], 1
		if opcode == "MOVQ" {
			size = 8
		}
		if to, ok := op[1].(operand.Mem); ok && opcode == "MOVQ" {
			at, err := t.memory(to, size)
			t.emit("MOVD", "%s, %s", general(op[0].(reg.Register)), at)
			return err
		}
		if from, ok := op[0].(operand.Mem); ok {
			at, err := t.memory(from, size)
			t.emit(load, "%s, %s", at, general(op[1].(reg.Register)))
			return err
		}
		from, ok := op[0].(reg.Register)
		if !ok || opcode != "MOVQ" {
			return errUnknown
		}
		t.emit("MOVD", "%s, %s", general(from), general(op[1].(reg.Register)))
	case "MOVL":
		v, err := constant(op[0])
		t.emit("MOVD", "$%#x, %s", v, general(op[1].(reg.Register)))
		return err
	case "XORQ":
		if !isSame(op[0], op[1]) {
			return errUnknown
		}
		t.emit("MOVD", "$0, %s", general(op[1].(reg.Register)))
	case "LEAQ":
		return t.sum(op[0].(operand.Mem), general(op[1].(reg.Register)))
	case "IMUL3Q":
		v, err := constant(op[0])
		t.emit("MOVD", "$%d, %s", v, scratch)
		t.emit("MUL", "%s, %s, %s", scratch, general(op[1].(reg.Register)), general(op[2].(reg.Register)))
		return err
	case "CMOVQEQ":
		to := general(op[1].(reg.Register))
		t.emit("CSEL", "EQ, %s, %s, %s", general(op[0].(reg.Register)), to, to)
	default:
		return errUnknown
	}
	return nil
}

// branches is the branches on flags, for numbers with signs.
var branches = map[string]string{
	"JMP": "JMP", "JE": "BEQ", "JZ": "BEQ", "JNE": "BNE", "JNZ": "BNE",
	"JL": "BLT", "JLT": "BLT", "JGE": "BGE", "JG": "BGT", "JGT": "BGT", "JLE": "BLE",
}

func (t *translator) branch(n *ir.Instruction) error {
	opcode, ok := branches[n.Opcode]
	if !ok {
		return errUnknown
	}
	t.emit(opcode, "%s", n.Operands[0].Asm())
	return nil
}
