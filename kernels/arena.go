package kernels

import (
	"fmt"
	"unsafe"

	"lbsam/kernels/driver"
)

// An Arena gives out temporary buffers from memory that it keeps. The same
// sequence of Alloc and Free behind a Reset gives the same addresses, from
// the first time on, so that in steady state a training step allocates
// nothing and can be captured.
type Arena struct {
	// Poison fills memory with NaN when it is given out and when it is taken
	// back, so that tests see a read of an element that was never written or
	// is no longer there.
	Poison bool

	dev   *Device
	slabs []slab
	live  map[address]extent
	kept  []Buffer // what work reads that was given aside
	late  []Buffer // what was freed of it
	used  int
	peak  int

	extent int
}

// An address is where a buffer starts: the one or the other.
type address struct {
	host unsafe.Pointer
	ptr  driver.Ptr
}

func (b Buffer) address() address { return address{b.host, b.ptr} }

// A slab is one allocation of the device, in bytes.
type slab struct {
	memory Buffer
	free   []span // in order of offset, never adjacent
}

// A span is a piece of a slab, in bytes, both multiples of the alignment.
type span struct{ offset, size int }

// An extent is a span and the index of its slab.
type extent struct {
	slab int
	span
}

// minSlab is the size of the first slab; each later one is at least a certain
// part as large as all before it.
const minSlab = 1 << 20

// growth is that part. Memory of the host costs nothing until it is touched; a
// GPU's is gone when it is allocated.
func (a *Arena) growth() int {
	if a.dev.gpu != nil {
		return 16
	}
	return 2
}

// NewArena returns an empty arena on d.
func NewArena(d *Device) *Arena {
	return &Arena{dev: d, live: map[address]extent{}}
}

// Reserve makes the first slab of an arena that has none, of so many bytes. Where
// these are the Extent of the same work elsewhere, no other is needed, and nothing
// is lost where one ends and another begins.
func (a *Arena) Reserve(bytes int) {
	if len(a.slabs) == 0 {
		a.add(max(bytes, minSlab))
	}
}

// Extent is how many bytes of the first slab were ever in use, with the gaps
// between them.
func (a *Arena) Extent() int { return a.extent }

// Device is the device that owns the memory.
func (a *Arena) Device() *Device { return a.dev }

// Used is the number of bytes in use.
func (a *Arena) Used() int { return a.used }

// Peak is the largest number of bytes that were in use at one time.
func (a *Arena) Peak() int { return a.peak }

// Alloc returns a buffer of n elements whose contents are undefined.
func (a *Arena) Alloc(t Dtype, n int) Buffer {
	if n < 0 {
		panic(fmt.Sprintf("kernels: Alloc of %d elements", n))
	}
	size := a.spanSize(t, n)
	e := a.take(size)
	b := a.slabs[e.slab].memory.Slice(e.offset, e.offset+size)
	b.dtype, b.n = t, n
	a.live[b.address()] = e
	if e.slab == 0 {
		a.extent = max(a.extent, e.offset+e.size)
	}
	a.mark(b, true)
	a.used += size
	a.peak = max(a.peak, a.used)
	if a.Poison {
		b.poison()
	}
	return b
}

// spanSize is the number of bytes that n elements take up, never 0, so that
// no two live buffers share an address. On a device that runs PTX a gap lies
// behind each: an access past the end is seen by the interpreter, and harms
// nobody elsewhere.
func (a *Arena) spanSize(t Dtype, n int) int {
	bytes := max(n, 1) * t.Size()
	if a.dev.gpu != nil {
		bytes += lineBytes
	}
	return tiles(bytes, lineBytes) * lineBytes
}

// mark tells the interpreter whether b is in use.
func (a *Arena) mark(b Buffer, live bool) {
	if a.dev.gpu != nil && b.n > 0 {
		a.dev.gpu.mark(b.ptr, b.n*b.dtype.Size(), live)
	}
}

// take cuts size bytes off the start of the smallest free span that holds
// them, the first of equals, in the first slab that has one. A slab added
// later so never changes a choice that was made without it.
func (a *Arena) take(size int) extent {
	best, at := extent{slab: -1}, 0
	for s := 0; s < len(a.slabs) && best.slab < 0; s++ {
		for i, f := range a.slabs[s].free {
			if f.size >= size && (best.slab < 0 || f.size < best.size) {
				best, at = extent{s, f}, i
			}
		}
	}
	if best.slab < 0 {
		best, at = a.grow(size), 0
	}
	free := &a.slabs[best.slab].free
	if best.size == size {
		*free = append((*free)[:at], (*free)[at+1:]...)
	} else {
		(*free)[at] = span{best.offset + size, best.size - size}
	}
	best.size = size
	return best
}

func (a *Arena) grow(size int) extent {
	total := 0
	for _, s := range a.slabs {
		total += s.memory.n
	}
	return a.add(max(size, total/a.growth(), minSlab))
}

// add adds a slab.
func (a *Arena) add(size int) extent {
	size = tiles(size, lineBytes) * lineBytes
	whole := span{0, size}
	memory := a.dev.Alloc(Uint8, size)
	a.mark(memory, false)
	a.slabs = append(a.slabs, slab{memory, []span{whole}})
	return extent{len(a.slabs) - 1, whole}
}

// Free takes b back. It must be a buffer that Alloc returned, not a view.
func (a *Arena) Free(b Buffer) {
	e, ok := a.live[b.address()]
	if !ok || e.size != a.spanSize(b.dtype, b.n) {
		panic(fmt.Sprintf("kernels: Free of a buffer of %d %v that this arena did not give out", b.n, b.dtype))
	}
	if a.keeps(b) {
		a.late = append(a.late, b)
		return
	}
	if a.Poison {
		b.poison()
	}
	a.mark(b, false)
	delete(a.live, b.address())
	a.used -= e.size
	free := &a.slabs[e.slab].free
	at := 0
	for at < len(*free) && (*free)[at].offset < e.offset {
		at++
	}
	*free = append(*free, span{})
	copy((*free)[at+1:], (*free)[at:])
	(*free)[at] = e.span
	*free = merge(*free, at)
}

// merge joins the span at index at with its neighbours where they touch.
func merge(free []span, at int) []span {
	if at+1 < len(free) && free[at].offset+free[at].size == free[at+1].offset {
		free[at].size += free[at+1].size
		free = append(free[:at+1], free[at+2:]...)
	}
	if at > 0 && free[at-1].offset+free[at-1].size == free[at].offset {
		free[at-1].size += free[at].size
		free = append(free[:at], free[at+1:]...)
	}
	return free
}

// Reset takes every buffer back, after a Join.
func (a *Arena) Reset() {
	a.Join()
	if a.Poison {
		for _, s := range a.slabs {
			s.memory.poison()
		}
	}
	for _, s := range a.slabs {
		a.mark(s.memory, false)
	}
	clear(a.live)
	a.used = 0
	for s := range a.slabs {
		a.slabs[s].free = append(a.slabs[s].free[:0], span{0, a.slabs[s].memory.n})
	}
}

// poison sets every bit of b: NaN in both floating-point types, and an index
// that is out of range.
func (b Buffer) poison() {
	if b.dev.gpu != nil {
		return // the interpreter knows what was never written; see mark
	}
	fill(bytes(b, b.dtype.Size()), 0xFF)
}

func fill[T Element](x []T, v T) {
	for i := range x {
		x[i] = v
	}
}
