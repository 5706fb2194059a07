package ptxsim

import "math/bits"

// A warp runs 32 threads, one instruction for all of them at a time. Its
// lanes are divided into splits, of which one runs.
type warp struct {
	// The running split's state, hot.
	pc, rpc int32
	mask    uint32
	live    uint32 // lanes that have not exited
	r       []v32
	d       []v64
	p       []uint32
	t32     v32
	t64     v64
	addr    v64 // addresses of the instruction at work

	k      *kernel
	b      *block
	seg    *segment // of the last global access
	id     int
	init   [4][]uint32 // lanes of each register that are initialised
	splits []split
	cur    int
	seen   vclock // what this warp is ordered after
	local  localMemory
	async  asyncCopies
	count  Counters
	fuel   int // instructions before others get a turn
	spent  uint64
	rows   [32][32]uint32 // scratch of passes

	patterns []pattern // of the loads from shared memory
}

// slice is the number of instructions a warp runs before the others of its
// block get a turn, so that a thread can wait for another one.
const slice = 1 << 14

// run executes the warp until no split can run or its time slice ends.
func (w *warp) run() {
	code := w.k.code
	w.fuel = slice
	for {
		in := &code[w.pc]
		mask := w.mask
		w.count.Warp++
		if in.guard >= 0 {
			if in.track {
				w.accountGuard(in)
			}
			p := w.p[in.guard]
			if in.negated {
				p = ^p
			}
			mask &= p
			if mask == 0 {
				if w.advance() {
					continue
				}
				return
			}
		}
		w.count.Thread += uint64(bits.OnesCount32(mask))
		if in.track {
			w.account(in, mask)
		}
		switch in.kind {
		case kind32:
			if mask == full {
				in.f32(w, in, &w.r[in.d])
			} else {
				in.f32(w, in, &w.t32)
				blend32(&w.r[in.d], &w.t32, mask)
			}
		case kind64:
			if mask == full {
				in.f64(w, in, &w.d[in.d])
			} else {
				in.f64(w, in, &w.t64)
				blend64(&w.d[in.d], &w.t64, mask)
			}
		case kindPred:
			v := in.fp(w, in)
			w.p[in.d] = w.p[in.d]&^mask | v&mask
		case kindMask:
			in.fx(w, in, mask)
		default:
			if !w.control(in, mask) {
				return
			}
			continue
		}
		w.pc++
		if w.pc == w.rpc || w.fuel <= 0 {
			if !w.boundary() {
				return
			}
		}
	}
}

// accountGuard checks that the guard is initialised in all lanes.
func (w *warp) accountGuard(in *inst) {
	if miss := w.mask &^ w.init[classPred][in.guard]; miss != 0 {
		w.uninitRegister(reg{classPred, in.guard}, miss)
	}
}

func blend32(d, t *v32, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		d[i] = t[i]
	}
}

func blend64(d, t *v64, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		d[i] = t[i]
	}
}

// advance goes to the next instruction. It returns false if the warp cannot
// run on.
func (w *warp) advance() bool {
	w.pc++
	if w.pc == w.rpc || w.fuel <= 0 {
		return w.boundary()
	}
	return true
}

// control executes an instruction that changes the flow of control, and moves
// on. It returns false if the warp cannot run on.
func (w *warp) control(in *inst, mask uint32) bool {
	w.fuel -= 16 // only loops can run for ever, and they branch
	switch in.kind {
	case kindBranch:
		if mask == w.mask {
			w.pc = in.target
			if w.pc == w.rpc || w.fuel <= 0 {
				return w.boundary()
			}
			return true
		}
		return w.diverge(in, mask)
	case kindExit:
		return w.exit(mask)
	case kindBarrier:
		return w.arrive(in, mask)
	case kindSync:
		if in.e < 0 || w.r[in.e][bits.TrailingZeros32(mask)&31]&w.live == mask && uniform(&w.r[in.e], mask) {
			in.fx(w, in, mask)
			return w.advance()
		}
		return w.synchronise(in, mask)
	}
	w.fault(Trap, bits.TrailingZeros32(mask), "the kernel stopped itself")
	return false
}

// uniform tells whether v is the same in all lanes of mask.
func uniform(v *v32, mask uint32) bool {
	first := v[bits.TrailingZeros32(mask)&31]
	for m := mask; m != 0; m &= m - 1 {
		if v[bits.TrailingZeros32(m)&31] != first {
			return false
		}
	}
	return true
}

// boundary handles the arrival at the reconvergence point and the end of the
// time slice.
func (w *warp) boundary() bool {
	for w.rpc >= 0 && w.pc == w.rpc {
		if !w.finish() {
			return false
		}
	}
	if w.fuel > 0 {
		return true
	}
	w.spent += slice / 16
	if w.spent > w.b.l.dev.limit {
		w.fault(Deadlock, bits.TrailingZeros32(w.mask), "more than %d branches: the kernel does not end", w.spent)
	}
	w.save()
	return false // others get their turn; the block picks the next split
}
