package kernels

import (
	"fmt"
	"math"
	"unsafe"
)

// An Arena gives out temporary buffers from memory that it keeps. The same
// sequence of Alloc, Free and Reset gives the same addresses, so that in
// steady state a training step allocates nothing and can be captured.
type Arena struct {
	// Poison fills memory with NaN when it is given out, so that tests see
	// a read of an element that was never written.
	Poison bool

	dev   *Device
	slabs []slab
	live  map[unsafe.Pointer]extent
	used  int
	peak  int
}

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

// minSlab is the size of the first slab; later ones double the arena.
const minSlab = 1 << 20

// NewArena returns an empty arena on d.
func NewArena(d *Device) *Arena {
	return &Arena{dev: d, live: map[unsafe.Pointer]extent{}}
}

// Device is the device that owns the memory.
func (a *Arena) Device() *Device { return a.dev }

// Used is the number of bytes in use.
func (a *Arena) Used() int { return a.used }

// Peak is the largest number of bytes that were in use at one time.
func (a *Arena) Peak() int { return a.peak }

// Alloc returns a buffer of n elements whose contents are undefined.
func (a *Arena) Alloc(t Dtype, n int) Buffer {
	size := (max(n, 1)*t.Size() + lineBytes - 1) / lineBytes * lineBytes
	e := a.take(size)
	memory := a.slabs[e.slab].memory
	b := Buffer{dev: a.dev, dtype: t, n: n, host: unsafe.Add(memory.host, e.offset)}
	a.live[b.host] = e
	a.used += size
	a.peak = max(a.peak, a.used)
	if a.Poison {
		b.poison()
	}
	return b
}

// take finds the smallest free span that holds size bytes, the first of
// equals, and cuts the bytes off its start.
func (a *Arena) take(size int) extent {
	best, at := extent{slab: -1}, 0
	for s := range a.slabs {
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
	size = max(size, total/2, minSlab)
	size = (size + lineBytes - 1) / lineBytes * lineBytes
	whole := span{0, size}
	a.slabs = append(a.slabs, slab{a.dev.Alloc(Uint8, size), []span{whole}})
	return extent{len(a.slabs) - 1, whole}
}

// Free takes b back. It must be a buffer that Alloc returned, not a view.
func (a *Arena) Free(b Buffer) {
	e, ok := a.live[b.host]
	if !ok {
		panic(fmt.Sprintf("kernels: Free of a buffer of %d %v that this arena did not give out", b.n, b.dtype))
	}
	if a.Poison {
		b.poison()
	}
	delete(a.live, b.host)
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

// Reset takes every buffer back.
func (a *Arena) Reset() {
	clear(a.live)
	a.used = 0
	for s := range a.slabs {
		a.slabs[s].free = append(a.slabs[s].free[:0], span{0, a.slabs[s].memory.n})
	}
}

// poison fills b with values that spoil every result they reach.
func (b Buffer) poison() {
	switch b.dtype {
	case Float32:
		fill(f32(b), float32(math.NaN()))
	case Float64:
		fill(f64(b), math.NaN())
	case Int32:
		fill(i32(b), -1<<30)
	case Uint8:
		fill(u8(b), 0xAA)
	}
}

func fill[T Element](x []T, v T) {
	for i := range x {
		x[i] = v
	}
}
