package ptxsim

import (
	"math/bits"

	"lbsam/kernels/driver"
)

// A vclock tells for each warp of the block up to which time its accesses are
// ordered before what the owner does now. Time is counted by synchronisations
// of the block. For the owner itself it is the time of its last
// synchronisation of its own lanes.
type vclock []uint32

// A cell remembers the last accesses of a word of shared memory.
type cell struct {
	wtime    uint32 // time of the last write
	rtime    uint32 // of the last read
	readers  uint64 // warps that have read since the last barrier
	wpc, rpc int32
	wwarp    uint8
	wlane    uint8
	wbytes   uint8 // bytes of the word that were written, and whether atomically
	rwarp    uint8
	rlane    uint8 // lane of rwarp that read, or several
	rbytes   uint8
}

const (
	several = 0xff // rlane: more than one
	atomics = 0x80 // flag in wbytes
)

// A sharedMemory is the shared memory of a block with what is known about
// each byte.
type sharedMemory struct {
	data, state []byte
	cells       []cell
	now         uint32 // time, never reset, so that cells need not be
	barrier     uint32 // time of the last barrier of the whole block
}

func (m *sharedMemory) init(size, warps int) {
	m.data, m.state, m.cells = make([]byte, alignUp(size, 16)), make([]byte, alignUp(size, 16)), make([]cell, (size+3)/4)
	m.data, m.state = m.data[:size], m.state[:size]
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

// read checks a read of n bytes at a by a lane against the last writes.
func (m *sharedMemory) read(w *warp, a, n uint64, lane int) {
	cells := m.cells[a/4 : (a+n+3)/4]
	bytes, id := uint8(15), uint8(w.id)
	if n < 4 {
		bytes = bytesOf(a, n, a/4)
	}
	for i := range cells {
		c := &cells[i]
		if c.wtime >= w.seen[c.wwarp] {
			m.conflict(w, c, a, n, a/4+uint64(i), lane, false)
		}
		if c.rtime == m.now && c.rwarp == id && c.rlane == several && c.rbytes == bytes {
			continue
		}
		if c.rtime < m.barrier || c.rbytes != bytes || w.k.partialBar {
			c.readers = 0
		}
		if c.readers>>id&1 != 0 && c.rwarp == id && c.rtime >= w.seen[id] && c.rlane != uint8(lane) {
			c.rlane = several
		} else {
			c.rlane = uint8(lane)
		}
		c.rtime, c.rwarp, c.rpc, c.rbytes = m.now, id, w.pc, bytes
		c.readers |= 1 << id
	}
}

// readAgain notes that more than one lane of the warp reads the bytes at a,
// which were just checked.
func (m *sharedMemory) readAgain(a, n uint64) {
	cells := m.cells[a/4 : (a+n+3)/4]
	for i := range cells {
		cells[i].rlane = several
	}
}

// conflict faults if the last write of a cell races with an access.
func (m *sharedMemory) conflict(w *warp, c *cell, a, n, word uint64, lane int, write bool) {
	if c.wwarp == uint8(w.id) && c.wlane == uint8(lane) || c.wbytes&bytesOf(a, n, word) == 0 {
		return
	}
	what := "read"
	if write {
		what = "write"
	}
	w.fault(Race, lane, "%s of shared word %#x that thread %v wrote at %s without %s in between",
		what, word*4, w.b.threadOf(c.wwarp, c.wlane), w.k.at(c.wpc), w.fence(c.wwarp))
}

// fence names what should have been between two accesses.
func (w *warp) fence(other uint8) string {
	if int(other) == w.id {
		return "__syncwarp"
	}
	return "barrier"
}

func (b *block) threadOf(warp, lane uint8) driver.Dim3 { return b.warps[warp].thread(int(lane)) }

// write checks a write of n bytes at a by a lane against the last accesses.
// same tells that the bytes do not change, which makes two writes harmless.
func (m *sharedMemory) write(w *warp, a, n uint64, lane int, flags uint8, same bool) {
	for word := a / 4; word <= (a+n-1)/4; word++ {
		c, bytes := &m.cells[word], bytesOf(a, n, word)
		if c.wtime >= w.seen[c.wwarp] && !same && c.wbytes&flags&atomics == 0 {
			m.conflict(w, c, a, n, word, lane, true)
		}
		if c.rtime >= m.barrier && c.readers != 0 && c.rbytes&bytes != 0 && !same {
			m.antiConflict(w, c, word, lane)
		}
		mine := c.wwarp == uint8(w.id) && c.wlane == uint8(lane) && c.wtime >= w.seen[w.id]
		if !mine {
			c.wbytes = atomics
		}
		flags &= c.wbytes // a plain write stays one when its thread adds to it
		c.wtime, c.wwarp, c.wlane, c.wpc = m.now, uint8(w.id), uint8(lane), w.pc
		c.wbytes = (c.wbytes|bytes)&^atomics | flags
	}
}

// antiConflict faults if a write races with an earlier read.
func (m *sharedMemory) antiConflict(w *warp, c *cell, word uint64, lane int) {
	id := uint8(w.id)
	for others := c.readers &^ (1 << id); others != 0; others &= others - 1 {
		o := bits.TrailingZeros64(others)
		if c.rtime >= w.seen[o] {
			w.fault(Race, lane, "write of shared word %#x that warp %d read at %s without barrier in between", word*4, o, w.k.at(c.rpc))
		}
	}
	if c.rwarp == id && c.rtime >= w.seen[id] && c.rlane != uint8(lane) {
		w.fault(Race, lane, "write of shared word %#x that another lane of the warp read at %s without __syncwarp in between", word*4, w.k.at(c.rpc))
	}
}
