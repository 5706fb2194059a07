package ptxsim

import (
	"slices"
	"strings"
	"sync"

	"lbsam/kernels/driver"
)

// v32 and v64 hold one register of the 32 lanes of a warp.
type (
	v32 = [32]uint32
	v64 = [32]uint64
)

const full = ^uint32(0) // the mask of a warp with all lanes

// The kind of an instruction tells the warp which of its functions to call.
type kind uint8

const (
	kind32      kind = iota // computes one register of class32 without effects
	kind64                  // computes one register of class64 without effects
	kindPred                // computes one predicate without effects
	kindMask                // anything that can be done for any set of lanes
	kindSync                // needs all lanes of a member mask
	kindBranch              // bra
	kindExit                // ret, exit
	kindBarrier             // barriers of the block
	kindTrap                // trap
)

// An inst is one decoded instruction. Sources are slots of the register
// files; immediates and special registers have slots of their own.
type inst struct {
	kind          kind
	negated       bool  // the guard
	track         bool  // keep account of uninitialised registers
	pure          bool  // of kindMask: no effects but the destination registers
	guard         int32 // predicate, -1 for none
	d, a, b, c, e int32
	target        int32 // of a branch
	rpc           int32 // of a branch: where its lanes meet again, -1 for never
	f32           func(w *warp, in *inst, d *v32)
	f64           func(w *warp, in *inst, d *v64)
	fp            func(w *warp, in *inst) uint32
	fx            func(w *warp, in *inst, mask uint32)
	mem           *access
	bar           *barrierOp
	stmt          *statement
	srcs, dsts    []reg
}

// A kernel is a decoded entry. It is a driver.Kernel.
type kernel struct {
	name        string
	params      []driver.Param
	paramSize   int
	maxThreads  int
	reqThreads  bool
	code        []inst
	nregs       [4]int
	regNames    [4][]string
	const32     map[uint32]int32
	const64     map[uint64]int32
	special     map[string]int32 // slot of each special register in use
	specialDef  []specialSlot
	static      int // bytes of static shared memory
	dynamic     int // where dynamic shared memory starts
	local       int // bytes of local memory of a thread
	serial      bool
	partialBar  bool // some barrier is not for the whole block
	sharedLoads int  // instructions
	tracked     []reg
	unit        *unit

	blocks sync.Pool // of *block, for the next launch
}

// Name returns the name of the entry.
func (k *kernel) Name() string { return k.name }

// Params returns the layout of the arguments.
func (k *kernel) Params() []driver.Param { return k.params }

// newKernel decodes an entry. It raises a syntaxError.
func newKernel(u *unit, e *entry) *kernel {
	k := &kernel{
		name: e.name, unit: u, maxThreads: e.maxThreads, reqThreads: e.reqThreads, local: e.localSize,
		nregs: e.nregs, regNames: e.regNames,
		const32: map[uint32]int32{}, const64: map[uint64]int32{}, special: map[string]int32{},
	}
	for _, v := range e.params {
		k.params = append(k.params, driver.Param{Name: v.name, Size: v.size, Align: v.align})
	}
	k.paramSize = driver.Layout(k.params)
	for i, p := range k.params {
		e.params[i].offset = p.Offset
	}
	k.layoutShared(e)
	k.code = make([]inst, 0, len(e.body)+1)
	d := &decoder{unit: u, entry: e, kernel: k}
	for i := range e.body {
		k.code = append(k.code, d.decode(&e.body[i]))
	}
	end := statement{op: "ret", parts: []string{"ret"}, line: e.line, text: "end of " + e.name}
	k.code = append(k.code, inst{kind: kindExit, guard: -1, stmt: &end})
	k.findReconvergence()
	k.findUnassigned()
	k.serial = d.orderedAtomics()
	return k
}

// layoutShared places those of the module's static shared variables that the
// kernel names behind its own, and the dynamic ones behind both.
func (k *kernel) layoutShared(e *entry) {
	k.static = e.sharedSize
	align := 16
	for _, v := range k.unit.order {
		if v.space != "shared" {
			continue
		}
		if v.size == 0 || v.extern {
			align = max(align, v.align)
			continue
		}
		if !e.names(v.name) {
			continue
		}
		k.static = alignUp(k.static, v.align)
		v.offset = k.static
		k.static += v.size
	}
	k.dynamic = alignUp(k.static, align)
}

// names reports whether a statement of the entry has the name of a variable in it.
func (e *entry) names(variable string) bool {
	return slices.ContainsFunc(e.body, func(s statement) bool { return strings.Contains(s.text, variable) })
}

// addSlot adds a register.
func (k *kernel) addSlot(c class, name string) int32 {
	k.regNames[c] = append(k.regNames[c], name)
	k.nregs[c]++
	return int32(k.nregs[c] - 1)
}
