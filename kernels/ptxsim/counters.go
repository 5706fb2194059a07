package ptxsim

import "math/bits"

// Counters tell how much work a kernel has done.
type Counters struct {
	Launches      uint64
	Warp          uint64 // instructions of warps
	Thread        uint64 // instructions of threads that were not masked out
	Divergent     uint64 // branches that divided a warp
	Requests      uint64 // accesses of global memory by warps
	Sectors       uint64 // 32-byte sectors that these touched, each counted once per request
	SharedPasses  uint64 // accesses of shared memory by warps
	BankConflicts uint64 // further passes that these needed
	CopyConflicts uint64 // further passes that the writes of cp.async needed
}

// add adds c to t.
func (t *Counters) add(c *Counters) {
	t.Launches += c.Launches
	t.Warp += c.Warp
	t.Thread += c.Thread
	t.Divergent += c.Divergent
	t.Requests += c.Requests
	t.Sectors += c.Sectors
	t.SharedPasses += c.SharedPasses
	t.BankConflicts += c.BankConflicts
	t.CopyConflicts += c.CopyConflicts
}

// countSectors counts the sectors of a global access at w.addr.
func (w *warp) countSectors(mask uint32) {
	base := w.addr[firstLane(mask)]>>5 - 16
	var near uint64
	var far [32]uint64
	n := 0
	for l := mask; l != 0; l &= l - 1 {
		s := w.addr[bits.TrailingZeros32(l)&31] >> 5
		if rel := s - base; rel < 64 {
			near |= 1 << rel
			continue
		}
		known := false
		for _, f := range far[:n] {
			known = known || f == s
		}
		if !known {
			far[n] = s
			n++
		}
	}
	w.count.Requests++
	w.count.Sectors += uint64(bits.OnesCount64(near) + n)
}

// countBanks counts the passes of a shared access of n bytes at w.addr. The
// 32 banks give 128 bytes per pass, so wide accesses go by parts of the warp,
// and lanes of a part conflict if they want different rows of a bank.
func (w *warp) countBanks(mask uint32, n uint64) {
	lanes := int(128 / max(n, 4))
	for first := 0; first < 32; first += lanes {
		part := mask & uint32((uint64(1)<<lanes-1)<<first)
		if part == 0 {
			continue
		}
		w.count.SharedPasses++
		row, differ := w.addr[firstLane(part)]>>7, uint64(0)
		for l := part; l != 0; l &= l - 1 {
			differ |= w.addr[bits.TrailingZeros32(l)&31]>>7 ^ row
		}
		if differ != 0 {
			w.count.BankConflicts += w.passes(part, max(n, 4)) - 1
		}
	}
}

// passes returns the largest number of rows of one bank.
func (w *warp) passes(part uint32, n uint64) uint64 {
	rows := &w.rows // by bank of n bytes
	var count [32]uint8
	most := uint8(1)
	for l := part; l != 0; l &= l - 1 {
		a := w.addr[bits.TrailingZeros32(l)&31]
		bank, row := a/n&(128/n-1), uint32(a>>7)
		known := false
		for _, r := range rows[bank][:count[bank]] {
			known = known || r == row
		}
		if !known {
			rows[bank][count[bank]] = row
			count[bank]++
			most = max(most, count[bank])
		}
	}
	return uint64(most)
}
