package roofline

import (
	"strings"

	"lbsam/kernels"
)

// What the model assumes of every card.
const (
	// gap is the time between two kernels of a graph.
	gap = 1e-6
	// streaming is the part of the bandwidth that a kernel reaches which reads
	// and writes each operand once.
	streaming = 0.85
	// alone is how many bytes a multiprocessor reads or writes in a second that
	// has the L2 cache for itself: 64 in each of 1.6e9 ticks.
	alone = 100e9
	// resident is how many blocks of a product a multiprocessor holds.
	resident = 2
)

// loops says which part of its instructions the main loop of a float32 product
// spends on multiplications, from its machine code: no kernel can be faster than
// that.
var loops = []struct {
	part  string // of the kernel's name
	share float64
}{
	{"large", 0.88}, {"medium", 0.84}, {"small", 0.83}, {"scalar", 0.69},
}

// A Bound is what a kernel's time is made of.
type Bound string

// The bounds.
const (
	Compute Bound = "compute"
	Memory  Bound = "memory"
	L2      Bound = "l2"
	Parts   Bound = "parts" // what one block adds up at the end
	Gap     Bound = "launch"
)

// An Estimate is the time of one launch that has the card for itself.
type Estimate struct {
	Seconds float64
	Flops   float64 // useful ones
	Bytes   int64
	Bound   Bound
	use     use
}

// A use is how long all of the multiplying units, of the memory or of the L2 cache
// would be busy with something, in seconds.
type use struct{ compute, memory, l2 float64 }

func (u use) and(v use) use { return use{u.compute + v.compute, u.memory + v.memory, u.l2 + v.l2} }

// Of estimates a launch. A product takes what its multiplications take, on the
// multiprocessors that its blocks fill, or what its operands take to be read
// and written once, or what its blocks fetch of them takes from the L2 cache;
// anything else takes its bytes.
func (c Card) Of(l kernels.Launch) Estimate {
	e := Estimate{Bytes: l.Bytes}
	e.use.memory = float64(l.Bytes) / (streaming * c.Bandwidth)
	compute := 0.0
	if l.Conv != nil {
		e.Flops = l.Conv.Flops()
		e.use.compute = e.Flops / c.rate(l.Kernel)
		compute = e.use.compute / c.filled(l.Blocks)
	}
	if c.L2 > 0 {
		e.use.l2 = float64(l.Fetched) / c.L2
	}
	behind := float64(l.Behind) / (streaming * c.Bandwidth)
	e.Seconds, e.Bound = e.use.memory-behind, Memory
	if compute > e.Seconds {
		e.Seconds, e.Bound = compute, Compute
	}
	if e.use.l2 > e.Seconds {
		e.Seconds, e.Bound = e.use.l2, L2
	}
	adding := float64(l.Alone) / alone
	switch {
	case max(adding, e.Seconds) < gap:
		e.Bound = Gap
	case adding > e.Seconds:
		e.Bound = Parts
	}
	e.Seconds += behind + adding + gap
	return e
}

// rate is that of the units that a product runs on, as far as its instructions
// reach it.
func (c Card) rate(kernel string) float64 {
	for _, l := range loops {
		if strings.Contains(kernel, l.part) {
			return c.Float32 * l.share
		}
	}
	switch {
	case strings.Contains(kernel, "tf32"):
		return c.TF32 * c.MMA
	case strings.Contains(kernel, "f16"):
		return c.Half * c.MMA
	}
	return c.Float32
}

// filled is the part of the card that so many blocks keep busy, in whole
// rounds.
func (c Card) filled(blocks int) float64 {
	slots := c.SMs * resident
	if blocks <= c.SMs { // one to a multiprocessor: half of what hides latency is missing
		return float64(blocks) / float64(c.SMs)
	}
	rounds := (blocks + slots - 1) / slots
	return float64(blocks) / float64(rounds*slots)
}

// Name groups launches for a table: the kernel, and the shape of a product.
func Name(l kernels.Launch) string {
	if l.Conv == nil {
		return l.Kernel
	}
	return l.Kernel + " " + l.Conv.Shape()
}
