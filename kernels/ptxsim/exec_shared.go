package ptxsim

import (
	"encoding/binary"
	"math/bits"
)

// A pattern is what the last execution of a load from shared memory found out
// about its addresses: the next one mostly has the same.
type pattern struct {
	mask              uint32
	addr              v64
	distinct          [32]distinct
	count             int // of distinct
	passes, conflicts uint64
}

// A distinct is an address and the lanes that read it: the first, and whether
// there are more.
type distinct struct {
	addr uint32
	lane uint8
	more bool
}

// sharedReads checks a load from shared memory at w.addr.
func (w *warp) sharedReads(m *access, mask uint32) {
	sh, n, p := &w.b.shared, uint64(m.bytes), &w.patterns[m.index]
	if p.mask != mask || p.addr != w.addr {
		w.newPattern(p, n, mask)
	}
	w.count.SharedPasses += p.passes
	w.count.BankConflicts += p.conflicts
	for i := range p.distinct[:p.count] {
		u := &p.distinct[i]
		a := uint64(u.addr)
		if st := sh.state[a : a+n]; states(st) != 0 {
			w.badState(int(u.lane), "shared", a, st, true)
		}
		if !m.volatile {
			sh.read(w, a, n, u.lane, u.more)
		}
	}
}

// newPattern checks the addresses of a load and finds the distinct ones.
func (w *warp) newPattern(p *pattern, n uint64, mask uint32) {
	p.mask, p.count = 0, 0
	var at [64]uint8 // index of distinct + 1, by a hash of the address
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		a := w.addr[i]
		w.b.shared.check(w, a, n, i)
		h := &at[a/n%64]
		if *h != 0 && p.distinct[*h-1].addr == uint32(a) {
			p.distinct[*h-1].more = true
			continue
		}
		p.distinct[p.count] = distinct{addr: uint32(a), lane: uint8(i)}
		p.count++
		*h = uint8(p.count)
	}
	passes, conflicts := w.count.SharedPasses, w.count.BankConflicts
	w.countBanks(mask, n)
	p.passes, p.conflicts = w.count.SharedPasses-passes, w.count.BankConflicts-conflicts
	w.count.SharedPasses, w.count.BankConflicts = passes, conflicts
	p.mask, p.addr = mask, w.addr
}

func (w *warp) loadShared32(m *access, mask uint32) {
	w.sharedReads(m, mask)
	d, data := &w.r[m.regs[0].idx], w.b.shared.data
	for l := mask; l != 0; l &= l - 1 {
		i := bits.TrailingZeros32(l) & 31
		d[i] = binary.LittleEndian.Uint32(data[w.addr[i]:])
	}
}

func (w *warp) loadShared128(m *access, mask uint32) {
	w.sharedReads(m, mask)
	d0, d1, d2, d3 := &w.r[m.regs[0].idx], &w.r[m.regs[1].idx], &w.r[m.regs[2].idx], &w.r[m.regs[3].idx]
	data := w.b.shared.data
	for l := mask; l != 0; l &= l - 1 {
		i := bits.TrailingZeros32(l) & 31
		b := data[w.addr[i]:][:16]
		d0[i], d1[i] = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		d2[i], d3[i] = binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	}
}

func (w *warp) loadShared(m *access, mask uint32) {
	w.sharedReads(m, mask)
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		w.put(m, i, w.b.shared.data[w.addr[i]:])
	}
}

func (w *warp) storeShared(m *access, mask uint32) {
	n, sh := uint64(m.bytes), &w.b.shared
	var buf [16]byte
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		a := w.addr[i]
		sh.check(w, a, n, i)
		data, st := sh.data[a:a+n], sh.state[a:a+n]
		w.take(m, i, buf[:])
		bad := states(st)
		same := bad == 0 && string(data) == string(buf[:n])
		if bad != 0 {
			w.badState(i, "shared", a, st, false)
			setBytes(st, stateValid)
		}
		if !m.volatile {
			sh.write(w, a, n, uint8(i), 0, same)
		}
		copy(data, buf[:n])
	}
	w.countBanks(mask, n)
}

// A localMemory holds the local memory of the lanes of a warp.
type localMemory struct {
	size        uint64 // of a lane
	data, state []byte
}

func (m *localMemory) init(size int) {
	m.size = uint64(alignUp(size, 16))
	m.data, m.state = make([]byte, 32*m.size), make([]byte, 32*m.size)
}

func (m *localMemory) reset() {
	setBytes(m.data, poisonByte)
	setBytes(m.state, statePoison)
}

// local returns the data and the states of an access to local memory.
func (w *warp) localBytes(a, n uint64, lane int) (data, state []byte) {
	m := &w.local
	if a >= uint64(w.k.local) || n > uint64(w.k.local)-a {
		w.fault(OutOfBounds, lane, "%d bytes at %#x of local memory, a thread has %d", n, a, w.k.local)
	}
	if a&(n-1) != 0 {
		w.fault(Misaligned, lane, "%d bytes at %#x of local memory", n, a)
	}
	at := uint64(lane)*m.size + a
	return m.data[at : at+n], m.state[at : at+n]
}

func (w *warp) loadLocal(m *access, mask uint32) {
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		data, st := w.localBytes(w.addr[i], uint64(m.bytes), i)
		if states(st) != 0 {
			w.badState(i, "local", w.addr[i], st, true)
		}
		w.put(m, i, data)
	}
}

func (w *warp) storeLocal(m *access, mask uint32) {
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		data, st := w.localBytes(w.addr[i], uint64(m.bytes), i)
		setBytes(st, stateValid)
		w.take(m, i, data)
	}
}

// decodeIsspacep tells whether a generic address is in a state space.
func decodeIsspacep(d *decoder) {
	d.operands(2, 2)
	in, a := d.in, d.s.args
	in.kind, in.a = kindPred, d.src64(a[1], "u64")
	in.d = d.dst(a[0], classPred)
	want := d.spaceOf()
	in.fp = func(w *warp, in *inst) (p uint32) {
		for i, v := range w.d[in.a] {
			s := spaceGlobal
			switch {
			case v-sharedWindow < windowSize:
				s = spaceShared
			case v-localWindow < windowSize:
				s = spaceLocal
			}
			if s == want {
				p |= 1 << i
			}
		}
		return p
	}
}
