package neon

import (
	"errors"
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var (
	errUnknown = errors.New("not known for NEON")
	errFlags   = errors.New("a branch reads flags that NEON does not set here")
	errFull    = errors.New("no register is left")
)

// A flow is what the instructions of a function read of each other.
type flow struct {
	nodes []ir.Node

	// live is the vector registers that are read behind a node: bit i is Vi.
	live []uint32

	flags   map[*ir.Instruction]bool // whose flags are read
	element map[*ir.Instruction]bool // broadcasts of which the first lane is enough, and the products that read it
}

func newFlow(nodes []ir.Node) (*flow, error) {
	f := &flow{nodes: nodes, flags: map[*ir.Instruction]bool{}, element: map[*ir.Instruction]bool{}}
	f.liveness()
	if err := f.readFlags(); err != nil {
		return nil, err
	}
	for i, node := range nodes {
		n, ok := node.(*ir.Instruction)
		if !ok {
			continue
		}
		for _, r := range n.OutputRegisters() {
			if r.Kind() == reg.KindVector && r.Size() == 16 && f.live[i]&(halves(r)<<16) != 0 {
				return nil, fmt.Errorf("%s: the high half is read, which is zero on amd64", asm(n))
			}
		}
		if n.Opcode == "VBROADCASTSS" && operand.IsMem(n.Operands[0]) {
			f.readElement(i, n)
		}
	}
	return f, nil
}

// halves is the registers of NEON that hold a vector register.
func halves(r reg.Register) uint32 {
	low := uint32(1) << r.(reg.Physical).PhysicalIndex()
	if r.Size() == 32 {
		return low | low<<16
	}
	return low
}

// reads and writes are the vector registers that an instruction does. One of half a
// vector sets the other half to zero.
func reads(n *ir.Instruction) (all uint32) {
	for _, r := range n.InputRegisters() {
		if r.Kind() == reg.KindVector {
			all |= halves(r)
		}
	}
	return all
}

func writes(n *ir.Instruction) (all uint32) {
	for _, r := range n.OutputRegisters() {
		if r.Kind() == reg.KindVector {
			low := halves(r) & 0xffff
			all |= low | low<<16
		}
	}
	return all
}

// liveness fills live, backwards until nothing changes.
func (f *flow) liveness() {
	labels := map[ir.Label]int{}
	for i, node := range f.nodes {
		if l, ok := node.(ir.Label); ok {
			labels[l] = i
		}
	}
	f.live = make([]uint32, len(f.nodes))
	before := make([]uint32, len(f.nodes)+1)
	for changed := true; changed; {
		changed = false
		for i := len(f.nodes) - 1; i >= 0; i-- {
			out := before[i+1]
			in := out
			if n, ok := f.nodes[i].(*ir.Instruction); ok {
				if n.IsTerminal || n.IsUnconditionalBranch() {
					out = 0
				}
				if n.IsBranch {
					out |= before[labels[*n.TargetLabel()]]
				}
				in = out&^writes(n) | reads(n)
			}
			changed = changed || in != before[i]
			f.live[i], before[i] = out, in
		}
	}
}

// setsFlags is the instructions that leave flags on amd64.
var setsFlags = map[string]bool{
	"ADDQ": true, "SUBQ": true, "DECQ": true, "INCQ": true, "CMPQ": true, "TESTQ": true, "TESTL": true, "TESTB": true,
	"XORQ": true, "SHLQ": true, "IMULQ": true, "IMUL3Q": true,
}

// readFlags finds the instructions whose flags are read.
func (f *flow) readFlags() error {
	var last *ir.Instruction
	for _, node := range f.nodes {
		n, ok := node.(*ir.Instruction)
		switch {
		case !ok:
			if _, label := node.(ir.Label); label {
				last = nil
			}
		case n.IsConditional || n.Opcode == "CMOVQEQ":
			if last == nil {
				return fmt.Errorf("%s: reads flags of before a label", asm(n))
			}
			f.flags[last] = true
		case n.IsBranch:
			last = nil
		case setsFlags[n.Opcode]:
			last = n
		}
	}
	return nil
}

// readElement finds whether all that read the broadcast at place i are products in the same
// block, which on arm64 can take the first lane for all.
func (f *flow) readElement(i int, broadcast *ir.Instruction) {
	r := halves(broadcast.Operands[1].(reg.Register))
	products := []*ir.Instruction{broadcast}
	for ; f.live[i]&r != 0; i++ {
		n, ok := f.nodes[i+1].(*ir.Instruction)
		if _, label := f.nodes[i+1].(ir.Label); label || ok && n.IsBranch {
			return
		}
		if !ok || reads(n)&r == 0 {
			continue
		}
		if _, ok := fused[n.Opcode]; !ok || halves(n.Operands[0].(reg.Register)) != r || halves(n.Operands[1].(reg.Register)) == r || writes(n)&r != 0 {
			return
		}
		products = append(products, n)
	}
	for _, n := range products {
		f.element[n] = true
	}
}

// isSame reports whether operands are one register.
func isSame(a, b operand.Op) bool {
	x, ok1 := a.(reg.Register)
	y, ok2 := b.(reg.Register)
	return ok1 && ok2 && reg.Equal(x, y)
}
