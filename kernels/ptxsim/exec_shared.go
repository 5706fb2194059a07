package ptxsim

import (
	"encoding/binary"
	"math/bits"
)

func (w *warp) loadShared32(m *access, mask uint32) {
	d, sh, last := &w.r[m.regs[0].idx], &w.b.shared, ^uint64(0)
	for l := mask; l != 0; l &= l - 1 {
		i := bits.TrailingZeros32(l) & 31
		a := w.addr[i]
		if a == last {
			sh.readAgain(a, 4)
		} else {
			w.sharedRead(m, a, 4, i)
			last = a
		}
		d[i] = binary.LittleEndian.Uint32(sh.data[a:])
	}
	w.countBanks(mask, 4)
}

func (w *warp) loadShared128(m *access, mask uint32) {
	d0, d1, d2, d3 := &w.r[m.regs[0].idx], &w.r[m.regs[1].idx], &w.r[m.regs[2].idx], &w.r[m.regs[3].idx]
	sh, last, again := &w.b.shared, ^uint64(0), false
	for l := mask; l != 0; l &= l - 1 {
		i := bits.TrailingZeros32(l) & 31
		a := w.addr[i]
		switch {
		case a != last:
			w.sharedRead(m, a, 16, i)
			last, again = a, false
		case !again:
			sh.readAgain(a, 16)
			again = true
		}
		b := sh.data[a : a+16 : a+16]
		d0[i], d1[i] = binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		d2[i], d3[i] = binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	}
	w.countBanks(mask, 16)
}

// sharedRead checks a read of n bytes by a lane.
func (w *warp) sharedRead(m *access, a, n uint64, lane int) {
	sh := &w.b.shared
	if a >= uint64(len(sh.data)) || n > uint64(len(sh.data))-a || a&(n-1) != 0 {
		sh.check(w, a, n, lane)
	}
	if st := sh.state[a : a+n]; states(st) != 0 {
		w.badState(lane, "shared", a, st, true)
	}
	if !m.volatile {
		sh.read(w, a, n, lane)
	}
}

func (w *warp) loadShared(m *access, mask uint32) {
	n := uint64(m.bytes)
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		w.sharedRead(m, w.addr[i], n, i)
		w.put(m, i, w.b.shared.data[w.addr[i]:])
	}
	w.countBanks(mask, n)
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
			sh.write(w, a, n, i, 0, same)
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
