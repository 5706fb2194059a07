package autograd

import "lbsam/tensor"

// An Op is one operation of a forward pass, as Trace found it.
type Op struct {
	Name string // of the method of Tape, in lower case
	In   []*Var // the operands; of those that may be nil only the ones that are there
	Out  *Var

	// How is what the method takes besides: a tensor.Window of Conv2d, a Pool,
	// a Norm, a Shortcut, or nil.
	How any
}

// A Pool is how MaxPool2d, AvgPool2d and GlobalAvgPool2d pool: windows of KH by
// KW pixels.
type Pool struct {
	KH, KW int
	tensor.Window
}

// A Norm is how BatchNorm normalises, and by which running statistics.
type Norm struct {
	BatchNorm
	Running
}

// A Shortcut is how PadShortcut pads.
type Shortcut struct{ OC, Stride int }

// Trace calls pass, which does a forward pass on t, an empty tape, and returns
// its operations in their order: for programs that write a model down in
// another form. An operand that is no Out of an operation before is the input
// or a parameter. The tape keeps the results; Reset frees them.
func (t *Tape) Trace(pass func()) (ops []Op) {
	t.traced = true
	defer func() { t.traced = false }()
	pass()
	for _, s := range t.steps {
		ops = append(ops, Op{s.name, s.in, s.y, s.how})
	}
	return ops
}
