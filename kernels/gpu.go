package kernels

import (
	"fmt"
	"math"

	"lbsam/kernels/driver"
)

// A gpu is what a Device needs to run PTX: a GPU, or the interpreter in its
// place. Work goes to one queue, in order, unless it is given aside; nothing waits
// for it but Download.
type gpu struct {
	drv  driver.Driver
	name string

	texts    map[string]string // PTX of each concept
	moduleOf map[string]string // of each kernel
	modules  map[string]driver.Module
	kernels  map[string]driver.Kernel
	args     driver.Args

	queue       // of what is not given aside
	side  queue // see Aside
	now   *queue
	forks forks

	poison bool // scratch memory comes as NaN, and ends where it ends: for tests
	watch  func(Launch)
	trace  func(Span) // nil: nobody listens
	timer  *Timer     // of trace
	busy   func()     // of trace: keeps the device busy while what is timed is on its way; nil: no need
}

func newGPU(drv driver.Driver) *gpu {
	texts, moduleOf := ptxModules()
	return gpuOf(drv, texts, moduleOf)
}

// gpuOf runs the kernels of the given modules.
func gpuOf(drv driver.Driver, texts, moduleOf map[string]string) *gpu {
	g := &gpu{
		drv: drv, name: drv.Name(), texts: texts, moduleOf: moduleOf,
		modules: map[string]driver.Module{}, kernels: map[string]driver.Kernel{},
	}
	g.now = &g.queue
	return g
}

// A size is the shape of a launch.
type size struct {
	grid, block driver.Dim3
	shared      int   // bytes of dynamic shared memory
	fetched     int64 // see Launch
	alone       int64 // the same
	behind      int64 // the same
}

// blocks is a row of blocks with so many threads each.
func blocks(count, threads int) size {
	return size{grid: dim3(count, 1, 1), block: dim3(threads, 1, 1)}
}

// fours is a thread for every four of n elements, in blocks of 256.
func fours(n int) size { return blocks(tiles(n, 1024), 256) }

// ones is a thread for each of n elements, in blocks of 256.
func ones(n int) size { return blocks(tiles(n, 256), 256) }

func dim3(x, y, z int) driver.Dim3 {
	return driver.Dim3{X: uint32(x), Y: uint32(y), Z: uint32(z)}
}

// launch gives a kernel to the device. Arguments are buffers, absent ones
// too, and numbers: an int arrives as a 32-bit one. A launch of no threads
// does nothing.
func (g *gpu) launch(kernel string, s size, args ...any) {
	if s.grid.Size() == 0 {
		return
	}
	g.saw(kernel, s, args)
	k := g.kernel(kernel)
	if g.trace != nil {
		defer g.span(kernel, s, args)()
	}
	g.give(k, s, args)
}

// give gives a kernel to the device of which nobody needs to hear.
func (g *gpu) give(k driver.Kernel, s size, args []any) {
	g.args.Reset()
	for _, a := range args {
		g.pack(k.Name(), a)
	}
	packed, err := g.args.For(k)
	if err != nil {
		panic(fmt.Sprintf("kernels: %v", err))
	}
	g.must(k.Name(), g.drv.Launch(g.now.stream, k, s.grid, s.block, s.shared, packed))
}

func (g *gpu) pack(kernel string, arg any) {
	switch v := arg.(type) {
	case Buffer:
		g.args.Ptr(v.ptr)
	case counted:
		g.args.Ptr(v.ptr)
	case int:
		if v != int(int32(v)) {
			panic(fmt.Sprintf("kernels: %s: %d does not fit a kernel's 32-bit numbers", kernel, v))
		}
		g.args.Int32(int32(v))
	case bool:
		g.args.Int32(map[bool]int32{true: 1}[v])
	case uint32:
		g.args.Uint32(v)
	case float32:
		g.args.Float32(v)
	case float64:
		g.args.Float64(v)
	case interface{ args(*driver.Args) }: // a structure
		v.args(&g.args)
	default:
		panic(fmt.Sprintf("kernels: %s: an argument of type %T", kernel, arg))
	}
}

// kernel returns a kernel, after loading its module where this is its first.
func (g *gpu) kernel(name string) driver.Kernel {
	if k, ok := g.kernels[name]; ok {
		return k
	}
	concept, ok := g.moduleOf[name]
	if !ok {
		panic(fmt.Sprintf("kernels: no kernel %s", name))
	}
	m, ok := g.modules[concept]
	if !ok {
		var err error
		m, err = g.drv.Load(g.texts[concept])
		g.must("loading "+concept+".ptx", err)
		g.modules[concept] = m
	}
	k, err := m.Kernel(name)
	g.must(name, err)
	g.kernels[name] = k
	return k
}

// work returns n elements of scratch memory with undefined contents, for a
// kernel that needs room between its stages. It is the same memory at each
// call. Memory that was once given out is never freed: a captured step may
// name it.
func (d *Device) work(t Dtype, n int) Buffer {
	g, q := d.gpu, d.gpu.now
	b := d.room(&q.scratch, t, n)
	if g.poison {
		whole := q.scratch[len(q.scratch)-1]
		g.mark(whole.ptr, whole.n, false)
		g.mark(b.ptr, n*t.Size(), true)
		g.must("Fill", g.drv.Fill32(q.stream, b.ptr, math.MaxUint32, n*t.Size()/4))
	}
	return b
}

// sums is work for the float64 sums that blocks leave to the last one of them.
// It is memory of its own, of which the interpreter knows where it ends and that
// nothing is in it yet, so that it sees a sum that is read before it is written.
func (d *Device) sums(n int) Buffer {
	g, q := d.gpu, d.gpu.now
	b := d.room(&q.partials, Float64, n)
	whole := q.partials[len(q.partials)-1]
	g.mark(whole.ptr, whole.n, false)
	g.mark(b.ptr, n*Float64.Size(), true)
	return b
}

// room returns n elements of the last buffer of all, after adding one that is
// large enough.
func (d *Device) room(all *[]Buffer, t Dtype, n int) Buffer {
	bytes, last := max(n, 1)*t.Size(), len(*all)-1
	if last < 0 || (*all)[last].n < bytes {
		if last >= 0 {
			bytes = max(bytes, (*all)[last].n*9/8) // an outgrown one is never freed
		}
		*all = append(*all, d.Alloc(Uint8, max(bytes, 1<<16)))
		last++
	}
	b := (*all)[last]
	b.dtype, b.n = t, n
	return b
}

// tickets returns n counters, int32, for blocks that find out which of them
// comes last (ticket.cuh). They are 0 whenever no kernel of the queue runs: each
// leaves them as it found them, and those of a queue run one after the other.
// Counters that were once given out are never freed.
func (d *Device) tickets(n int) Buffer {
	q := d.gpu.now
	last := len(q.counters) - 1
	if last < 0 || q.counters[last].n < n {
		q.counters = append(q.counters, d.Alloc(Int32, max(n, 1<<12)))
		last++
	}
	return q.counters[last].Slice(0, n)
}

// alloc returns zeroed memory.
func (g *gpu) alloc(bytes int) driver.Ptr {
	words := max(tiles(bytes, 4), 1)
	p, err := g.drv.Alloc(4 * words)
	g.must(fmt.Sprintf("allocating %d bytes", bytes), err)
	g.must("Fill", g.drv.Fill32(g.now.stream, p, 0, words))
	return p
}

// fill sets 32-bit words, or elements one by one where these do not make up words.
func (g *gpu) fill(b Buffer, v float64) {
	var word uint32
	words := b.n
	switch b.dtype {
	case Float32:
		word = math.Float32bits(float32(v))
	case Int32:
		word = uint32(int32(v))
	case Uint8:
		g.launch("fill_bytes", ones(b.n), b, int(uint8(v)), b.n)
		return
	case Float16, BFloat16:
		f, _ := b.dtype.half()
		bits := f.encode(v)
		if b.n%2 == 1 || b.ptr%4 != 0 {
			g.launch("fill_halves", ones(b.n), b, int(bits), b.n)
			return
		}
		word, words = uint32(bits)<<16|uint32(bits), b.n/2
	default:
		panic(fmt.Sprintf("kernels: Fill of a buffer of %v", b.dtype))
	}
	if b.n > 0 {
		g.saw("fill", size{}, []any{b})
		if g.trace != nil {
			defer g.span("fill", size{}, []any{b})()
		}
		g.must("Fill", g.drv.Fill32(g.now.stream, b.ptr, word, words))
	}
}

// copy copies all of x to y.
func (g *gpu) copy(y, x Buffer) {
	if x.n > 0 {
		g.saw("copy", size{}, []any{y, x})
		if g.trace != nil {
			defer g.span("copy", size{}, []any{y, x})()
		}
		g.must("Copy", g.drv.Copy(g.now.stream, y.ptr, x.ptr, x.n*x.dtype.Size()))
	}
}

// mark tells the interpreter whether n bytes are in use.
func (g *gpu) mark(p driver.Ptr, n int, live bool) { g.drv.Mark(g.now.stream, p, n, live) }

// must panics with a Fault where the device failed.
func (g *gpu) must(doing string, err error) {
	if err != nil {
		panic(&Fault{g.name, doing, err})
	}
}
