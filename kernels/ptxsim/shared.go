package ptxsim

import "math/bits"

// A vclock tells for each warp of the block up to which time its accesses are
// ordered before what the owner does now. Time is counted by synchronisations
// of the block. For the owner itself it is the time of its last
// synchronisation of its own lanes.
type vclock []uint32

// A cell remembers the last write of a word of shared memory.
type cell struct {
	pc    int32
	warp  uint8
	lane  uint8
	bytes uint8 // of the word that were written, and whether atomically
	reads       // of 4 bytes or less; reads of 16 are in quads
}

// A reads remembers the last reads of some bytes.
type reads struct {
	time    uint32
	rpc     int32
	readers uint64 // warps that have read since the last barrier
	rwarp   uint8  // the last one
	rlane   uint8  // its lane, or several
	rbytes  uint8  // bytes of a word that were read
}

const (
	several = 0xff // rlane: more than one
	atomics = 0x80 // flag in cell.bytes
)

// A sharedMemory is the shared memory of a block with what is known about
// each byte.
type sharedMemory struct {
	data, state []byte
	written     []uint32 // time of the last write of each word
	cells       []cell   // of words
	quads       []reads  // of 16 bytes
	now         uint32   // time, never reset, so that cells need not be
	barrier     uint32   // time of the last barrier of the whole block
}

func (m *sharedMemory) init(size int) {
	m.data, m.state = make([]byte, size), make([]byte, size)
	quads := (size + 15) / 16
	m.written, m.cells, m.quads = make([]uint32, 4*quads), make([]cell, 4*quads), make([]reads, quads)
	m.now = 1
}

// reset poisons all bytes for a new block.
func (m *sharedMemory) reset() {
	setBytes(m.data, poisonByte)
	setBytes(m.state, statePoison)
	m.now++
	m.barrier = m.now
}

// syncWarp orders the lanes of a warp.
func (m *sharedMemory) syncWarp(w *warp) {
	m.now++
	w.seen[w.id] = m.now
}

// join orders the warps of a set at a barrier.
func (m *sharedMemory) join(b *block, warps uint64) {
	m.now++
	if bits.OnesCount64(warps) == len(b.warps) {
		m.barrier = m.now
	}
	union := make(vclock, len(b.warps))
	for i, w := range b.warps {
		if warps>>i&1 != 0 {
			for j, t := range w.seen {
				union[j] = max(union[j], t)
			}
		}
	}
	for i := range b.warps {
		if warps>>i&1 != 0 {
			union[i] = m.now
		}
	}
	for i, w := range b.warps {
		if warps>>i&1 != 0 {
			copy(w.seen, union)
		}
	}
}

// check tests the address of an access of n bytes.
func (m *sharedMemory) check(w *warp, a uint64, n uint64, lane int) {
	if size := uint64(len(m.data)); a >= size || n > size-a {
		w.fault(OutOfBounds, lane, "%d bytes at %#x of shared memory, block has %d", n, a, size)
	}
	if a&(n-1) != 0 {
		w.fault(Misaligned, lane, "%d bytes at %#x of shared memory", n, a)
	}
}

// bytesOf returns which bytes of the word at word an access covers.
func bytesOf(a, n uint64, word uint64) uint8 {
	lo, hi := max(a, word*4)-word*4, min(a+n, word*4+4)-word*4
	return 1<<hi - 1<<lo
}

// read checks a read of n bytes at a by a lane, or by more than one, against
// the last writes.
func (m *sharedMemory) read(w *warp, a, n uint64, lane uint8, more bool) {
	for word := a / 4; word <= (a+n-1)/4; word++ {
		// What was written before the last barrier of the whole block is
		// ordered before everything.
		if m.written[word] >= m.barrier && m.written[word] >= w.seen[m.cells[word].warp] {
			m.conflict(w, word, a, n, lane, false)
		}
	}
	if n == 16 {
		m.quads[a/16].note(m, w, 15, lane, more)
		return
	}
	for word := a / 4; word <= (a+n-1)/4; word++ {
		m.cells[word].note(m, w, bytesOf(a, n, word), lane, more)
	}
}

// note remembers a read.
func (r *reads) note(m *sharedMemory, w *warp, bytes, lane uint8, more bool) {
	id := uint8(w.id)
	if r.time < m.barrier || r.rbytes != bytes || w.k.partialBar {
		r.readers = 0
	}
	if more || r.readers>>id&1 != 0 && r.rwarp == id && r.time >= w.seen[id] && r.rlane != lane {
		lane = several
	}
	r.time, r.rwarp, r.rpc, r.rbytes, r.rlane = m.now, id, w.pc, bytes, lane
	r.readers |= 1 << id
}

// conflict faults if the last write of a word races with an access.
func (m *sharedMemory) conflict(w *warp, word, a, n uint64, lane uint8, write bool) {
	c := &m.cells[word]
	if c.warp == uint8(w.id) && c.lane == lane || c.bytes&bytesOf(a, n, word) == 0 {
		return
	}
	what := "read"
	if write {
		what = "write"
	}
	fence := "barrier"
	if int(c.warp) == w.id {
		fence = "__syncwarp"
	}
	w.fault(Race, int(lane), "%s of shared word %#x that thread %v wrote at %s without %s in between",
		what, word*4, w.b.warps[c.warp].thread(int(c.lane)), w.k.at(c.pc), fence)
}

// write checks a write of n bytes at a by a lane against the last accesses.
// same tells that the bytes do not change, which makes a race harmless.
func (m *sharedMemory) write(w *warp, a, n uint64, lane uint8, flags uint8, same bool) {
	for word := a / 4; word <= (a+n-1)/4; word++ {
		c, bytes, time := &m.cells[word], bytesOf(a, n, word), m.written[word]
		if time >= w.seen[c.warp] && !same && c.bytes&flags&atomics == 0 {
			m.conflict(w, word, a, n, lane, true)
		}
		if !same {
			c.check(m, w, word, bytes, lane)
			m.quads[word/4].check(m, w, word, bytes, lane)
		}
		if c.warp != uint8(w.id) || c.lane != lane || time < w.seen[w.id] {
			c.bytes = atomics
		}
		flags &= c.bytes // a plain write stays one when its thread adds to it
		c.warp, c.lane, c.pc = uint8(w.id), lane, w.pc
		c.bytes = (c.bytes|bytes)&^atomics | flags
		m.written[word] = m.now
	}
}

// check faults if a write of a word races with an earlier read.
func (r *reads) check(m *sharedMemory, w *warp, word uint64, bytes, lane uint8) {
	if r.time < m.barrier || r.readers == 0 || r.rbytes&bytes == 0 {
		return
	}
	id := uint8(w.id)
	for others := r.readers &^ (1 << id); others != 0; others &= others - 1 {
		o := bits.TrailingZeros64(others)
		if r.time >= w.seen[o] {
			w.fault(Race, int(lane), "write of shared word %#x that warp %d read at %s without barrier in between", word*4, o, w.k.at(r.rpc))
		}
	}
	if r.rwarp == id && r.time >= w.seen[id] && r.rlane != lane {
		w.fault(Race, int(lane), "write of shared word %#x that another lane of the warp read at %s without __syncwarp in between", word*4, w.k.at(r.rpc))
	}
}
