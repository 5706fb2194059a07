package kernels

import (
	"fmt"
	"strings"
	"time"
)

// A Span is an operation that was done, and when.
type Span struct {
	Name     string // of the function of this package; on a device that runs PTX, of the kernel
	Operands string // types and lengths, and the geometry of a product
	Start    time.Time
	Took     time.Duration
}

// Trace makes f hear of every operation from now on; nil ends that. On a device
// that runs PTX these are launches, each of which is waited for, and the time
// that it took is the device's: such work cannot be recorded.
func (d *Device) Trace(f func(Span)) {
	d.trace = f
	if d.gpu != nil {
		d.gpu.trace, d.gpu.timer = f, nil
		if f != nil {
			d.gpu.timer = d.NewTimer()
		}
	}
}

// A running is an operation under way; one that nobody wants to hear of is empty.
type running struct {
	Span
	tell func(Span)
}

// span begins an operation on memory of the host.
func (d *Device) span(name string, operands ...Buffer) running {
	if d.trace == nil || d.gpu != nil {
		return running{}
	}
	return running{Span{name, describeAll(operands), time.Now(), 0}, d.trace}
}

// spanOf is span for a product.
func (d *Device) spanOf(name string, g Conv, operands ...Buffer) running {
	s := d.span(name, operands...)
	if s.tell != nil {
		s.Operands = fmt.Sprintf("%s %+v", s.Operands, g)
	}
	return s
}

func (s running) end() {
	if s.tell != nil {
		s.Took = time.Since(s.Start)
		s.tell(s.Span)
	}
}

// span begins a launch, or a fill or copy, and returns what ends it.
func (g *gpu) span(name string, s size, args []any) func() {
	var operands []Buffer
	about := ""
	for _, a := range args {
		switch v := a.(type) {
		case Buffer:
			operands = append(operands, v)
		case Conv:
			about = fmt.Sprintf(" %+v", v)
		}
	}
	if s.block.Size() > 0 {
		about += fmt.Sprintf(" grid %v block %v", s.grid, s.block)
	}
	begun := Span{Name: name, Operands: describeAll(operands) + about, Start: time.Now()}
	g.timer.Start()
	return func() {
		begun.Took = g.timer.Stop()
		g.trace(begun)
	}
}

// describeAll is the types and lengths of operands, such as "float32[64]"; "-"
// is an absent one.
func describeAll(operands []Buffer) string {
	b := &strings.Builder{}
	for i, x := range operands {
		if i > 0 {
			b.WriteByte(' ')
		}
		if x.IsNil() {
			b.WriteByte('-')
			continue
		}
		fmt.Fprintf(b, "%v[%d]", x.dtype, x.n)
	}
	return b.String()
}
