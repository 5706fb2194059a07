package kernels

import (
	"fmt"
	"strings"
	"time"
)

// A Span is an operation that was done, and when.
type Span struct {
	Name     string  // of the function of this package; on a device that runs PTX, of the kernel
	Operands string  // types and lengths, and the geometry of a product or a normalisation
	Shape    string  // short: the geometry, or the length of the first operand
	Flops    float64 // of a product
	Bytes    int64   // of the operands, each counted as often as it has to be read or written
	Start    time.Time
	Took     time.Duration
}

// Trace makes f hear of every operation from now on; nil ends that. On a device
// that runs PTX these are launches, each of which is waited for, and the time
// that it took is the device's: such work cannot be recorded.
func (d *Device) Trace(f func(Span)) {
	d.trace = f
	if d.gpu != nil {
		d.gpu.trace, d.gpu.timer = nil, nil
		if f != nil {
			d.gpu.timer = d.NewTimer()
			if d.sms > 0 && d.gpu.busy == nil {
				d.gpu.busy = d.waiting()
			}
		}
		d.gpu.trace = f
	}
}

// waiting returns what keeps one multiprocessor of a GPU busy for some 50 µs. An
// idle one would begin with the timer, and then wait for the kernel that the host
// is about to launch: many take no longer than that.
func (d *Device) waiting() func() {
	const rounds = 1 << 12
	y, x, k := d.Alloc(Float32, 256), d.uploaded(-0.999, 0.5), d.gpu.kernel("ceiling_fma")
	return func() { d.gpu.give(k, blocks(1, 256), []any{y, x, rounds}) }
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
	s := Span{Name: name, Operands: describeAll(operands), Shape: fmt.Sprintf("[%d]", operands[0].n), Bytes: size64(operands)}
	s.Start = time.Now()
	return running{s, d.trace}
}

// spanOf is span for an operation with a geometry.
func spanOf[G interface{ Shape() string }](d *Device, name string, g G, operands ...Buffer) running {
	s := d.span(name, operands...)
	if s.tell != nil {
		s.Operands, s.Shape = fmt.Sprintf("%s %+v", s.Operands, g), g.Shape()
		if c, ok := any(g).(Conv); ok {
			s.Flops = c.Flops()
		}
	}
	return s
}

// again says that operands have to be read twice, or read and written.
func (s running) again(operands ...Buffer) running {
	if s.tell != nil {
		s.Bytes += size64(operands)
	}
	return s
}

// size64 is the number of bytes of some buffers.
func size64(buffers []Buffer) (bytes int64) {
	for _, b := range buffers {
		bytes += int64(b.n * b.dtype.Size())
	}
	return bytes
}

func (s running) end() {
	if s.tell != nil {
		s.Took = time.Since(s.Start)
		s.tell(s.Span)
	}
}

// span begins a launch, or a fill or copy, and returns what ends it.
func (g *gpu) span(name string, s size, args []any) func() {
	begun, about := Span{Name: name}, ""
	var operands []Buffer
	for _, a := range args {
		switch v := a.(type) {
		case Buffer:
			operands, begun.Bytes = append(operands, v), begun.Bytes+size64([]Buffer{v})
		case counted:
			operands, begun.Bytes = append(operands, v.Buffer), begun.Bytes+v.times*size64([]Buffer{v.Buffer})
		case Conv:
			about = fmt.Sprintf(" %+v", v)
			begun.Shape, begun.Flops = v.Shape(), v.Flops()
		}
	}
	if s.block.Size() > 0 {
		about += fmt.Sprintf(" grid %v block %v", s.grid, s.block)
	}
	if begun.Shape == "" && len(operands) > 0 {
		begun.Shape = fmt.Sprintf("[%d]", operands[0].n)
	}
	begun.Operands, begun.Start = describeAll(operands)+about, time.Now()
	if g.busy != nil {
		g.busy()
	}
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
