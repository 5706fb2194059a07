package ptxsim

import (
	"fmt"
	"strings"

	"lbsam/kernels/driver"
)

// A Kind classifies what a kernel did wrong.
type Kind uint8

// The kinds of faults.
const (
	OutOfBounds      Kind = iota // access outside every allocation, or of a range that is marked dead
	UseAfterFree                 // access of freed memory
	Misaligned                   // address is no multiple of the access's size
	Uninitialised                // read of memory or of a register that was never written
	Race                         // two threads access the same shared memory without synchronisation
	InFlight                     // access of shared memory that a cp.async not yet waited for will write
	DivergentBarrier             // a barrier that not all threads reach together
	Deadlock                     // threads wait for each other, or run for ever
	BadMask                      // warp-level instruction with a wrong member mask or inactive lanes
	Trap                         // trap instruction
)

func (k Kind) String() string {
	return [...]string{"out of bounds", "use after free", "misaligned", "uninitialised", "race", "in flight",
		"divergent barrier", "deadlock", "bad mask", "trap"}[k]
}

// A Fault is what a kernel did wrong. The driver's calls return it inside a
// driver.Lost.
type Fault struct {
	Kind   Kind
	Kernel string
	Block  driver.Dim3
	Thread driver.Dim3
	Line   int    // in the PTX text
	Text   string // of the instruction
	Source string // file:line from .loc, empty without it
	Detail string
}

// Error returns the whole report in one line.
func (f *Fault) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ptxsim: %s: %v: %s: block %v, thread %v, ptx line %d `%s`", f.Kernel, f.Kind, f.Detail, f.Block, f.Thread, f.Line, f.Text)
	if f.Source != "" {
		fmt.Fprintf(&b, " (%s)", f.Source)
	}
	return b.String()
}

// fault stops the launch. lane is the culprit.
func (w *warp) fault(kind Kind, lane int, format string, args ...any) {
	s := w.k.code[w.pc].stmt
	panic(&Fault{
		Kind: kind, Kernel: w.k.name, Block: w.b.id, Thread: w.thread(lane),
		Line: s.line, Text: s.text, Source: w.k.source(s), Detail: fmt.Sprintf(format, args...),
	})
}

// thread returns the index of a lane in the block.
func (w *warp) thread(lane int) driver.Dim3 {
	t := uint32(w.id*32 + lane)
	x, y := w.b.l.block.X, w.b.l.block.Y
	return driver.Dim3{X: t % x, Y: t / x % y, Z: t / x / y}
}

// source returns file:line of a statement.
func (k *kernel) source(s *statement) string {
	if s.file == 0 {
		return ""
	}
	name := k.unit.files[s.file]
	return fmt.Sprintf("%s:%d", name[strings.LastIndexByte(name, '/')+1:], s.src)
}

// at names the instruction at pc for a report.
func (k *kernel) at(pc int32) string {
	s := k.code[pc].stmt
	if src := k.source(s); src != "" {
		return fmt.Sprintf("ptx line %d (%s)", s.line, src)
	}
	return fmt.Sprintf("ptx line %d", s.line)
}
