package ptxsim

import "math/bits"

func firstLane(mask uint32) int { return bits.TrailingZeros32(mask) & 31 }

// A barrier is one of the 16 barriers of a block.
type barrier struct {
	arrived int // threads
	count   int // threads wanted, 0 for the whole block
	yes     int // threads whose predicate holds, of bar.red
	warps   uint64
}

// wanted returns how many threads the barrier waits for.
func (r *barrier) wanted(b *block) int {
	if r.count > 0 {
		return r.count
	}
	return b.threads
}

// A barrierOp holds what a barrier instruction does.
type barrierOp struct {
	id, count int32 // registers, count -1 for the whole block
	wait      bool  // false for bar.arrive
	aligned   bool  // all lanes of the warp must come together
	reduce    string
	pred      int32
	negated   bool
	dst       int32
}

func (w *warp) barrierID(in *inst, lane int) uint32 { return w.r[in.bar.id][lane] & 15 }

// arrive lets the lanes of mask arrive at a barrier. It returns false if the
// warp cannot run on.
func (w *warp) arrive(in *inst, mask uint32) bool {
	op, b, lane := in.bar, w.b, firstLane(mask)
	if op.aligned && mask != w.live {
		w.fault(DivergentBarrier, lane, "lanes %08x of the warp's %08x are here%s", mask, w.live, b.elsewhere(w, w.pc))
	}
	bar := &b.barriers[w.barrierID(in, lane)]
	n := bits.OnesCount32(mask)
	if op.count >= 0 {
		bar.count = int(w.r[op.count][lane])
		n = alignUp(n, 32) // a partial warp counts as a whole one
		if bar.count%32 != 0 {
			w.fault(DivergentBarrier, lane, "thread count %d is not a multiple of 32", bar.count)
		}
	} else if b.exited > 0 {
		w.fault(DivergentBarrier, lane, "%d threads of the block's %d have exited before this barrier", b.exited, b.threads)
	}
	bar.arrived += n
	bar.warps |= 1 << w.id
	if op.reduce != "" {
		bar.yes += bits.OnesCount32((w.p[op.pred] ^ boolMask(op.negated)) & mask)
	}
	if bar.arrived > bar.wanted(b) {
		w.fault(DivergentBarrier, lane, "%d threads arrived at a barrier for %d", bar.arrived, bar.wanted(b))
	}
	if !op.wait {
		return w.advance()
	}
	w.save()
	s := &w.splits[w.cur]
	s.state, s.sync = splitAtBarrier, mask
	return w.pick()
}

// release opens the barriers that are complete.
func (b *block) release() bool {
	any := false
	for id := range b.barriers {
		bar := &b.barriers[id]
		if bar.arrived > 0 && bar.arrived >= bar.wanted(b) {
			b.open(uint32(id), bar)
			any = true
		}
	}
	return any
}

// open lets all threads that wait at a barrier go on. Whatever a warp did
// before it is now ordered before what the others do.
func (b *block) open(id uint32, bar *barrier) {
	b.shared.join(b, bar.warps)
	for _, w := range b.warps {
		for i := range w.splits {
			s := &w.splits[i]
			if s.state != splitAtBarrier {
				continue
			}
			in := &b.k.code[s.pc]
			if w.barrierID(in, firstLane(s.sync)) != id {
				continue
			}
			if in.bar.reduce != "" {
				w.setReduced(in, s.sync, bar)
			}
			s.state = splitReady
			if s.pc++; s.pc == s.rpc {
				w.endOther(i)
			}
		}
	}
	*bar = barrier{}
}

// setReduced writes the result of bar.red.
func (w *warp) setReduced(in *inst, mask uint32, bar *barrier) {
	op := in.bar
	switch op.reduce {
	case "popc":
		for i := range w.r[op.dst] {
			if mask>>i&1 != 0 {
				w.r[op.dst][i] = uint32(bar.yes)
			}
		}
	case "and":
		w.p[op.dst] = w.p[op.dst]&^mask | boolMask(bar.yes == bar.arrived)&mask
	case "or":
		w.p[op.dst] = w.p[op.dst]&^mask | boolMask(bar.yes > 0)&mask
	}
}
