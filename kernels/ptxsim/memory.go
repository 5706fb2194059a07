package ptxsim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unsafe"

	"lbsam/kernels/driver"
)

// Every byte of memory has a state. Words of states are tested at once, so
// the good state is zero.
const (
	stateValid  = 0 // initialised
	statePoison = 1 // never written
	stateDead   = 2 // red zone: Mark says that no tensor lives here
	stateFlight = 4 // a cp.async will write it

	poisonByte = 0xff // contents of memory that was never written
)

const (
	deviceBase = 0x7_0000_0000 // the first device address
	pageBits   = 16
	pageSize   = 1 << pageBits
)

// A segment is one allocation of device memory. Its address is never used
// again after Free.
type segment struct {
	base, size  uint64
	data, state []byte
	freed       bool
	readonly    bool
	name        string
}

// A memory is the device memory: segments by page, with at least one free
// page between them.
type memory struct {
	pages []*segment
	used  int // bytes in live segments
}

// alloc adds a segment whose contents are poisoned.
func (m *memory) alloc(size int, name string) *segment {
	words := make([]uint64, (2*size+15)/8+1) // 64-bit words, for atomics
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	half := alignUp(size, 8)
	s := &segment{
		base: deviceBase + uint64(len(m.pages))<<pageBits, size: uint64(size), name: name,
		data: bytes[:size:size], state: bytes[half : half+size : half+size],
	}
	setBytes(s.data, poisonByte)
	setBytes(s.state, statePoison)
	for range size>>pageBits + 1 {
		m.pages = append(m.pages, s)
	}
	m.pages = append(m.pages, nil)
	m.used += size
	return s
}

// setBytes fills b.
func setBytes(b []byte, v byte) {
	if len(b) == 0 {
		return
	}
	b[0] = v
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// find returns the segment of an address or the nearest one below it, nil if
// there is none near.
func (m *memory) find(a uint64) *segment {
	p := (a - deviceBase) >> pageBits
	if p >= uint64(len(m.pages)) {
		return nil
	}
	if s := m.pages[p]; s != nil || p == 0 {
		return s
	}
	return m.pages[p-1]
}

// free releases the segment that starts at p.
func (m *memory) free(p driver.Ptr) error {
	s := m.find(uint64(p))
	switch {
	case s == nil || s.base != uint64(p) || s.name != "":
		return fmt.Errorf("ptxsim: Free(%#x): not the start of an allocation", p)
	case s.freed:
		return fmt.Errorf("ptxsim: Free(%#x): freed before", p)
	}
	s.freed, s.data, s.state = true, nil, nil
	m.used -= int(s.size)
	return nil
}

// slice returns the data and the states of a range for the host.
func (m *memory) slice(p driver.Ptr, n int) (data, state []byte, err error) {
	a := uint64(p)
	s := m.find(a)
	if s == nil || a < s.base || a-s.base > s.size || uint64(n) > s.size-(a-s.base) {
		return nil, nil, fmt.Errorf("%d bytes at %#x are not in an allocation%s", n, a, describe(s, a))
	}
	if s.freed {
		return nil, nil, fmt.Errorf("%d bytes at %#x: freed before", n, a)
	}
	off := a - s.base
	state = s.state[off : off+uint64(n)]
	if i := bytes.IndexByte(state, stateDead); i >= 0 {
		return nil, nil, fmt.Errorf("byte %d of %d at %#x is in a range marked dead", i, n, a)
	}
	return s.data[off : off+uint64(n)], state, nil
}

// describe tells where an address lies relative to a segment.
func describe(s *segment, a uint64) string {
	switch {
	case s == nil:
		return ""
	case a >= s.base+s.size:
		return fmt.Sprintf(" (%d bytes behind the %d bytes at %#x)", a-s.base-s.size, s.size, s.base)
	}
	return fmt.Sprintf(" (byte %d of the %d bytes at %#x)", a-s.base, s.size, s.base)
}

// global returns the segment of an access of n bytes by a lane, and faults if
// there is none or the address is misaligned.
func (w *warp) global(a, n uint64, lane int) *segment {
	s := w.b.l.dev.mem.find(a)
	switch {
	case s == nil || a < s.base || a-s.base >= s.size || n > s.size-(a-s.base):
		w.fault(OutOfBounds, lane, "%d bytes at %#x of global memory are not in an allocation%s", n, a, describe(s, a))
	case s.freed:
		w.fault(UseAfterFree, lane, "%d bytes at %#x of global memory were freed", n, a)
	case a&(n-1) != 0:
		w.fault(Misaligned, lane, "%d bytes at %#x of global memory", n, a)
	}
	w.seg = s
	return s
}

// badState faults for a lane whose bytes are in a bad state.
func (w *warp) badState(lane int, space string, a uint64, state []byte, reads bool) {
	for i, s := range state {
		switch {
		case s&stateDead != 0:
			w.fault(OutOfBounds, lane, "byte %#x of %s memory is in a range marked dead", a+uint64(i), space)
		case s&stateFlight != 0:
			w.fault(InFlight, lane, "byte %#x of %s memory has a cp.async on its way", a+uint64(i), space)
		case s&statePoison != 0 && reads:
			w.fault(Uninitialised, lane, "byte %#x of %s memory was never written", a+uint64(i), space)
		}
	}
}

// load reads a little-endian number of 1, 2, 4 or 8 bytes.
func load(b []byte, n int) uint64 {
	switch n {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

// store writes a little-endian number of 1, 2, 4 or 8 bytes.
func store(b []byte, n int, v uint64) {
	switch n {
	case 1:
		b[0] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	default:
		binary.LittleEndian.PutUint64(b, v)
	}
}

// states returns the states of up to 16 bytes ored together.
func states(b []byte) (bad uint64) {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	case 16:
		return binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:])
	}
	for _, s := range b {
		bad |= uint64(s)
	}
	return bad
}
