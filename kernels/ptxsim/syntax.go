package ptxsim

import "strings"

// widths gives the size in bytes of each type that a register or an access
// can have.
var widths = map[string]int{
	"b8": 1, "u8": 1, "s8": 1,
	"b16": 2, "u16": 2, "s16": 2, "f16": 2, "bf16": 2,
	"b32": 4, "u32": 4, "s32": 4, "f32": 4, "f16x2": 4, "bf16x2": 4, "tf32": 4,
	"b64": 8, "u64": 8, "s64": 8, "f64": 8,
}

// A class is a register file. Registers of up to 32 bits share one.
type class uint8

const (
	classNone class = iota
	classPred
	class32
	class64
)

func (c class) String() string {
	return [...]string{"no register", "a predicate", "a register of up to 32 bits", "a 64-bit register"}[c]
}

// classOf returns the register file for a type.
func classOf(typ string) class {
	switch {
	case typ == "pred":
		return classPred
	case widths[typ] == 8:
		return class64
	case widths[typ] > 0:
		return class32
	}
	return classNone
}

// A reg is a slot of a register file.
type reg struct {
	class class
	idx   int32
}

// An operandKind tells what an operand is.
type operandKind uint8

const (
	opdReg     operandKind = iota
	opdImm                 // integer or bits of a floating-point number
	opdSym                 // address of a variable or a label, plus imm
	opdSpecial             // %tid.x
	opdMem                 // [base + imm], base a register, a symbol or none
	opdVec                 // {a, b}
	opdPair                // a|b
	opdSink                // _
)

// An operand of an instruction.
type operand struct {
	kind  operandKind
	reg   reg
	width int    // of a register, in bytes
	name  string // symbol, label, special register or spelling of a register
	imm   uint64
	float byte // 'f' or 'd': imm holds the bits of a number written so
	neg   bool // written with a ! before it
	list  []operand
	base  operandKind // of opdMem: opdReg, opdSym or opdImm for none
}

// A statement is one instruction before it is decoded.
type statement struct {
	line  int
	text  string
	op    string
	parts []string // op at its dots
	pred  *operand
	args  []operand
	file  int // of .loc, 0 for none
	src   int // source line
}

// has tells whether m is one of the modifiers.
func (s *statement) has(m string) bool {
	for _, p := range s.parts[1:] {
		if p == m {
			return true
		}
	}
	return false
}

// typ returns the last modifier.
func (s *statement) typ() string { return s.parts[len(s.parts)-1] }

// A variable lives in a state space.
type variable struct {
	name        string
	space       string // global, const, shared, local, param
	size, align int
	extern      bool
	init        []byte
	offset      int    // in shared or local memory or the parameters
	addr        uint64 // in global memory
}

// An entry is a kernel before it is decoded.
type entry struct {
	name       string
	line       int
	params     []*variable
	maxThreads int // 0: no limit
	reqThreads bool
	body       []statement
	labels     map[string]int
	nregs      [4]int // by class
	locals     map[string]*variable
	sharedSize int
	localSize  int
	regNames   [4][]string
}

// A unit is a parsed PTX text.
type unit struct {
	version, target string
	files           map[int]string
	vars            map[string]*variable
	order           []*variable
	entries         []*entry
	lines           []string
}

// trimmed returns a line of the text without space around it.
func (u *unit) trimmed(line int) string {
	if line < 1 || line > len(u.lines) {
		return ""
	}
	return strings.TrimSpace(u.lines[line-1])
}

func alignUp(n, a int) int { return (n + a - 1) / a * a }
