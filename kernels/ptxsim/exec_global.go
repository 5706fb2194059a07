package ptxsim

import (
	"encoding/binary"
	"math/bits"
)

// inside returns the offset of an address in the segment of the last access,
// or finds its segment.
func (w *warp) inside(s *segment, a, n uint64, lane int) (*segment, uint64) {
	if off := a - s.base; off < s.size && n <= s.size-off && a&(n-1) == 0 {
		return s, off
	}
	s = w.global(a, n, lane)
	return s, a - s.base
}

func (w *warp) loadParam(m *access, mask uint32) {
	for l := mask; l != 0; l &= l - 1 {
		w.put(m, firstLane(l), w.b.l.params[m.off:])
	}
}

func (w *warp) loadGlobal32(m *access, mask uint32) {
	d, s := &w.r[m.regs[0].idx], w.seg
	for l := mask; l != 0; l &= l - 1 {
		i := bits.TrailingZeros32(l) & 31
		a := w.addr[i]
		off := a - s.base
		if off >= s.size || s.size-off < 4 || a&3 != 0 {
			s = w.global(a, 4, i)
			off = a - s.base
		}
		if binary.LittleEndian.Uint32(s.state[off:]) != 0 {
			w.badState(i, "global", a, s.state[off:off+4], true)
		}
		d[i] = binary.LittleEndian.Uint32(s.data[off:])
	}
	w.countSectors(mask)
}

func (w *warp) loadGlobal(m *access, mask uint32) {
	n, s, off := uint64(m.bytes), w.seg, uint64(0)
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		a := w.addr[i]
		s, off = w.inside(s, a, n, i)
		if st := s.state[off : off+n]; states(st) != 0 {
			w.badState(i, "global", a, st, true)
		}
		w.put(m, i, s.data[off:])
	}
	w.countSectors(mask)
}

func (w *warp) storeGlobal(m *access, mask uint32) {
	n, s, off := uint64(m.bytes), w.seg, uint64(0)
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		a := w.addr[i]
		s, off = w.inside(s, a, n, i)
		w.written(s, off, n, i)
		w.take(m, i, s.data[off:])
	}
	w.countSectors(mask)
}

// written checks that bytes of a segment may be written and marks them valid.
func (w *warp) written(s *segment, off, n uint64, lane int) {
	if s.readonly {
		w.fault(OutOfBounds, lane, "write to constant %s", s.name)
	}
	if st := s.state[off : off+n]; states(st) != 0 {
		w.badState(lane, "global", s.base+off, st, false)
		setBytes(st, stateValid)
	}
}
