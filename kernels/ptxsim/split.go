package ptxsim

import "math/bits"

// A splitState tells what a split waits for.
type splitState uint8

const (
	splitFree      splitState = iota // the entry is not in use
	splitReady                       // can run
	splitParent                      // waits for its children at pc
	splitParked                      // waits at a warp-level instruction for other lanes
	splitAtBarrier                   // waits at a barrier of the block
)

// A split is a set of lanes of a warp that run together. Where a branch
// divides it, it waits at the reconvergence point for its children; its mask
// then holds the lanes of the children too.
type split struct {
	pc, rpc  int32
	mask     uint32
	state    splitState
	parent   int32
	children int32
	sync     uint32 // lanes that execute the instruction waited at
}

// start puts the warp at the first instruction with the given lanes.
func (w *warp) start(lanes uint32) {
	w.live, w.mask, w.pc, w.rpc, w.cur = lanes, lanes, 0, -1, 0
	w.splits = append(w.splits[:0], split{rpc: -1, mask: lanes, state: splitReady, parent: -1})
	w.spent = 0
}

// save writes the running split's state back.
func (w *warp) save() {
	s := &w.splits[w.cur]
	s.pc, s.mask = w.pc, w.mask
}

// resume makes split i the running one.
func (w *warp) resume(i int) {
	s := &w.splits[i]
	w.cur, w.pc, w.rpc, w.mask = i, s.pc, s.rpc, s.mask
}

// pick resumes the next split that is ready, the current one last. It
// returns false if there is none.
func (w *warp) pick() bool {
	n := len(w.splits)
	for i := 1; i <= n; i++ {
		if j := (w.cur + n - i) % n; w.splits[j].state == splitReady {
			w.resume(j)
			return true
		}
	}
	return false
}

// fork adds a split that can run.
func (w *warp) fork(pc, rpc int32, mask uint32, parent int32) int {
	s := split{pc: pc, rpc: rpc, mask: mask, state: splitReady, parent: parent}
	for i := range w.splits {
		if w.splits[i].state == splitFree {
			w.splits[i] = s
			return i
		}
	}
	w.splits = append(w.splits, s)
	return len(w.splits) - 1
}

// diverge divides the running split at a branch that only taken follow.
func (w *warp) diverge(in *inst, taken uint32) bool {
	if in.stmt.has("uni") {
		w.fault(DivergentBarrier, bits.TrailingZeros32(taken), "branch.uni is taken by lanes %08x of %08x", taken, w.mask)
	}
	if in.target == w.pc+1 {
		return w.advance()
	}
	w.count.Divergent++
	w.save()
	parent, fall := int32(w.cur), w.mask&^taken
	if in.rpc == w.rpc { // the lanes meet where the split ends anyway
		parent = w.splits[w.cur].parent
		w.splits[w.cur].state = splitFree
		if parent >= 0 {
			w.splits[parent].children--
		}
	} else {
		s := &w.splits[w.cur]
		s.pc, s.state = in.rpc, splitParent
	}
	at := w.cur
	for _, path := range [2]struct {
		pc   int32
		mask uint32
	}{{in.target, taken}, {w.pc + 1, fall}} {
		if path.pc == in.rpc {
			continue // already there
		}
		at = w.fork(path.pc, in.rpc, path.mask, parent)
		if parent >= 0 {
			w.splits[parent].children++
		}
	}
	w.resume(at)
	return true
}

// finish ends the running split, at its reconvergence point or with its last
// lane, and resumes its parent if it was the last child, otherwise another
// split. It returns false if there is none.
func (w *warp) finish() bool {
	i := w.cur
	for {
		s := &w.splits[i]
		s.state = splitFree
		parent := s.parent
		if parent < 0 {
			break
		}
		p := &w.splits[parent]
		if p.children--; p.children > 0 {
			break
		}
		p.mask &= w.live
		if p.mask != 0 && p.pc >= 0 {
			p.state = splitReady
			w.resume(int(parent))
			return true
		}
		i = int(parent) // all its lanes have exited
	}
	return w.pick()
}

// exit ends the lanes of mask.
func (w *warp) exit(mask uint32) bool {
	w.live &^= mask
	w.mask &^= mask
	for i := range w.splits {
		w.splits[i].mask &^= mask
	}
	w.b.exited += bits.OnesCount32(mask)
	w.unpark()
	if w.mask != 0 {
		return w.advance()
	}
	return w.finish()
}

// unpark makes the splits that wait at a warp-level instruction try again:
// an exit can complete their lanes.
func (w *warp) unpark() {
	for i := range w.splits {
		if w.splits[i].state == splitParked {
			w.splits[i].state = splitReady
		}
	}
}

// synchronise executes a warp-level instruction whose member mask is not
// simply the running lanes: lanes with different masks form groups, and a
// group waits for its missing lanes.
func (w *warp) synchronise(in *inst, mask uint32) bool {
	members := &w.r[in.e]
	for m := mask; m != 0; m &= m - 1 {
		if i := bits.TrailingZeros32(m); members[i]>>i&1 == 0 {
			w.fault(BadMask, i, "lane %d is not in its member mask %08x", i, members[i])
		}
	}
	w.save()
	w.splits[w.cur].state, w.splits[w.cur].sync = splitParked, mask
	var here uint32 // all lanes that wait at this instruction
	for i := range w.splits {
		if s := &w.splits[i]; s.state == splitParked && s.pc == w.pc {
			here |= s.sync
		}
	}
	for m := here; m != 0; m &= m - 1 {
		if i := bits.TrailingZeros32(m); members[i]&w.live&^here != 0 {
			return w.pick() // lanes are missing
		}
	}
	for rest := here; rest != 0; {
		i := bits.TrailingZeros32(rest)
		group := members[i] & w.live
		for m := group; m != 0; m &= m - 1 {
			if j := bits.TrailingZeros32(m); members[j] != members[i] {
				w.fault(BadMask, j, "lanes %d and %d have member masks %08x and %08x", i, j, members[i], members[j])
			}
		}
		in.fx(w, in, group)
		rest &^= group
	}
	for i := range w.splits {
		if s := &w.splits[i]; s.state == splitParked && s.pc == w.pc {
			s.state = splitReady
			if i != w.cur {
				s.pc++
				if s.pc == s.rpc {
					w.endOther(i)
				}
			}
		}
	}
	return w.advance()
}

// endOther ends split i, which is not the running one, at its reconvergence
// point.
func (w *warp) endOther(i int) {
	s := &w.splits[i]
	s.state = splitFree
	if s.parent < 0 {
		return
	}
	if p := &w.splits[s.parent]; p.children > 1 {
		p.children--
	} else {
		p.children, p.state, p.mask = 0, splitReady, p.mask&w.live
	}
}
