package kernels

import (
	"math/rand/v2"
	"time"
)

// Ceilings are what a device that runs PTX does at best: what the times of
// kernels are held against. Rates are per second.
type Ceilings struct {
	Copy     float64 // bytes that are read and written by a copy
	Read     []Reading
	Recorded time.Duration // from one of many small kernels of a recorded step to the next
	Launched time.Duration // the same without a recording
	Float32  float64       // FLOP of multiplications and additions in registers
	TF32     float64       // FLOP of mma.sync, the instruction of our kernels on tensor cores
	Float16  float64
}

// A Reading is how fast all multiprocessors read an array again and again: from
// the L2 cache where it fits in there.
type Reading struct{ Array, Rate float64 }

// A ceilingWork is how much is done to measure.
type ceilingWork struct {
	blocks  int   // for each multiprocessor, for products
	memory  int   // bytes of the copy and of the largest array
	arrays  []int // bytes of those that may fit in the L2 cache
	read    int   // bytes that are read of each
	kernels int
	rounds  int // of products
	trials  int
}

func newCeilingWork(gpu bool) ceilingWork {
	if gpu {
		return ceilingWork{4, 512 << 20, []int{4 << 20, 8 << 20, 16 << 20, 24 << 20, 32 << 20, 48 << 20}, 8 << 30, 1000, 1 << 14, 5}
	}
	return ceilingWork{1, 1 << 14, []int{1 << 12}, 1 << 13, 3, 2, 1} // the interpreter
}

// readBlocks is how many blocks of ceiling_read a multiprocessor holds.
const readBlocks = 6

// Ceilings measures the device, a GPU for some seconds. The interpreter does
// so little that its times mean nothing.
func (d *Device) Ceilings() (c Ceilings) {
	if d.gpu == nil {
		panic("kernels: Ceilings of device " + d.name + ": want one that runs PTX")
	}
	sms, work := max(d.sms, 1), newCeilingWork(d.sms > 0)
	m := &ceilingMeter{d, d.NewTimer(), work.trials}
	x, y := d.Alloc(Int32, work.memory/4), d.Alloc(Int32, work.memory/4)
	Upload(x, randomWords(x.n))
	c.Copy = float64(2*work.memory) / m.seconds(func() { Copy(y, x) })
	sums := d.Alloc(Int32, sms*readBlocks*256)
	for _, bytes := range append(work.arrays, work.memory) {
		rounds := max(work.read/bytes, 1)
		s := m.seconds(func() { d.ceilingRead(sums, x.Slice(0, bytes/4), rounds) })
		c.Read = append(c.Read, Reading{float64(bytes), float64(bytes) * float64(rounds) / s})
	}
	c.Recorded, c.Launched = m.launches(work.kernels)
	out := d.Alloc(Float32, sms*work.blocks*256)
	product := func(kernel string, operands Buffer, flops int) float64 { // of a warp in a round
		s := m.seconds(func() { d.ceilingProduct(kernel, out, operands, work.rounds) })
		return float64(flops) * float64(out.n/32) * float64(work.rounds) / s
	}
	c.Float32 = product("ceiling_fma", d.uploaded(-0.999, 0.5), 32*8*2)
	c.TF32 = product("ceiling_tf32", d.uploaded(normalFloats(512)...), 8*2*16*8*8)
	halves := d.Alloc(Float16, 1024)
	UploadFloats(halves, normalFloats(1024))
	c.Float16 = product("ceiling_f16", halves, 8*2*16*8*16)
	for _, b := range []Buffer{x, y} {
		Release(b)
	}
	return c
}

// ceilingRead adds to sums what each of their threads reads of x.
func (d *Device) ceilingRead(sums, x Buffer, rounds int) {
	d.gpu.launch("ceiling_read", blocks(sums.n/256, 256), sums, x, x.n/4, rounds)
}

// ceilingProduct writes what each thread of y makes of x.
func (d *Device) ceilingProduct(kernel string, y, x Buffer, rounds int) {
	d.gpu.launch(kernel, blocks(y.n/256, 256), y, x, rounds)
}

// A ceilingMeter times work.
type ceilingMeter struct {
	dev    *Device
	timer  *Timer
	trials int
}

// seconds is the shortest time of work, which was done once before.
func (m *ceilingMeter) seconds(work func()) (best float64) {
	work()
	for trial := range m.trials {
		m.timer.Start()
		work()
		if s := m.timer.Stop().Seconds(); trial == 0 || s < best {
			best = s
		}
	}
	return best
}

// launches is the time between kernels that do nothing, n in a row, with and
// without a recording.
func (m *ceilingMeter) launches(n int) (recorded, launched time.Duration) {
	count := m.dev.Alloc(Int32, 1)
	row := func() {
		for range n {
			Increment(count, 1)
		}
	}
	each := func(work func()) time.Duration { return time.Duration(m.seconds(work) * 1e9 / float64(n)) }
	launched = each(row)
	g := m.dev.Capture(row)
	defer g.Free()
	return each(g.Launch), launched
}

func (d *Device) uploaded(x ...float64) Buffer {
	b := d.Alloc(Float32, len(x))
	UploadFloats(b, x)
	return b
}

// normalFloats are what products are measured with: zeros would take less
// power, and could be faster.
func normalFloats(n int) []float64 {
	r, x := rand.New(rand.NewPCG(1, 1)), make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

func randomWords(n int) []int32 {
	r, x := rand.New(rand.NewPCG(1, 2)), make([]int32, n)
	for i := range x {
		x[i] = int32(r.Uint32())
	}
	return x
}
