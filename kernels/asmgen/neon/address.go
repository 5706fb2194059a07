package neon

import (
	"fmt"
	"math/bits"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An address is the sum of registers that one of R19 to R24 holds.
type address struct {
	operand.Mem
	register string
}

const addressRegisters = 6

// memory is the text of a place in memory, for an access of size bytes: NEON has no sum of
// a base, an index and a displacement, and for other accesses than of pairs the displacement
// is a multiple of the size.
func (t *translator) memory(m operand.Mem, size int) (string, error) {
	if m.Symbol.Name != "" { // an argument
		return m.Asm(), nil
	}
	base, disp, err := t.base(m, 0, 4095*size, size)
	if disp == 0 {
		return "(" + base + ")", err
	}
	return fmt.Sprintf("%d(%s)", disp, base), err
}

// pair is memory for a pair of vectors.
func (t *translator) pair(m operand.Mem) (string, error) {
	base, disp, err := t.base(m, -1024, 1008, 16)
	if disp == 0 {
		return "(" + base + ")", err
	}
	return fmt.Sprintf("%d(%s)", disp, base), err
}

// scalar is memory for a float32, or a float64, to which an index can be added.
func (t *translator) scalar(m operand.Mem, size int) (string, error) {
	if m.Symbol.Name != "" || m.Index == nil || m.Disp != 0 {
		return t.memory(m, size)
	}
	switch int(m.Scale) {
	case 1:
		return fmt.Sprintf("(%s)(%s)", general(m.Base), general(m.Index)), nil
	case size:
		return fmt.Sprintf("(%s)(%s<<%d)", general(m.Base), general(m.Index), bits.TrailingZeros(uint(size))), nil
	}
	return t.memory(m, size)
}

// base is a register and a displacement, between least and most and a multiple of unit.
func (t *translator) base(m operand.Mem, least, most, unit int) (string, int, error) {
	if m.Symbol.Name != "" || m.Base == nil || m.Base.Kind() != reg.KindGP {
		return "", 0, errUnknown
	}
	disp := m.Disp
	if least <= disp && disp <= most && disp%unit == 0 {
		m.Disp = 0
	} else {
		disp = 0
	}
	if m.Index == nil && m.Disp == 0 {
		return general(m.Base), disp, nil
	}
	register := "R19"
	for i, a := range t.addresses {
		if a.Mem == m {
			t.addresses = append(append(t.addresses[:i:i], t.addresses[i+1:]...), a)
			return a.register, disp, nil
		}
	}
	if len(t.addresses) < addressRegisters {
		register = t.freeAddress()
	} else {
		register = t.addresses[0].register
		t.addresses = t.addresses[1:]
	}
	t.addresses = append(t.addresses, address{m, register})
	return register, disp, t.sum(m, register)
}

// freeAddress is one of R19 to R24 that holds no address.
func (t *translator) freeAddress() string {
	for i := range addressRegisters {
		name, used := fmt.Sprintf("R%d", 19+i), false
		for _, a := range t.addresses {
			used = used || a.register == name
		}
		if !used {
			return name
		}
	}
	panic("more addresses than registers")
}

// sum sets a register to an address.
func (t *translator) sum(m operand.Mem, to string) error {
	if m.Symbol.Name != "" || m.Base == nil {
		return errUnknown
	}
	base := general(m.Base)
	if m.Index != nil {
		index := general(m.Index)
		if m.Scale > 1 {
			index = fmt.Sprintf("%s<<%d", index, bits.TrailingZeros8(m.Scale))
		}
		t.emit("ADD", "%s, %s, %s", index, base, to)
		base = to
	}
	if m.Disp != 0 || m.Index == nil {
		t.emit("ADD", "$%d, %s, %s", m.Disp, base, to)
	}
	return nil
}

// forget drops the addresses that an instruction changes, and its masks.
func (t *translator) forget(n *ir.Instruction) {
	for _, r := range n.OutputRegisters() {
		if r.Kind() != reg.KindGP {
			continue
		}
		kept := t.addresses[:0]
		for _, a := range t.addresses {
			if general(a.Base) != general(r) && (a.Index == nil || general(a.Index) != general(r)) {
				kept = append(kept, a)
			}
		}
		t.addresses = kept
	}
}

// prefetch asks for a cache line, into the nearest cache or the next.
func (t *translator) prefetch(opcode string, m operand.Mem) error {
	hint, ok := map[string]string{"PREFETCHT0": "PLDL1KEEP", "PREFETCHT1": "PLDL2KEEP"}[opcode]
	if !ok {
		return errUnknown
	}
	at, err := t.memory(m, 8)
	t.emit("PRFM", "%s, %s", at, hint)
	return err
}
