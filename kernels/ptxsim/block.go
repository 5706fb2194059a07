package ptxsim

import (
	"lbsam/kernels/driver"
)

// A launch is one kernel launch.
type launch struct {
	k           *kernel
	dev         *Device
	grid, block driver.Dim3
	params      []byte
	dynamic     int // bytes of dynamic shared memory
	sharedSize  int
}

// A block runs the thread blocks that one worker takes, one after the other.
type block struct {
	l        *launch
	k        *kernel
	id       driver.Dim3
	warps    []*warp
	threads  int
	exited   int
	shared   sharedMemory
	barriers [16]barrier
}

// newBlock makes the state of a block, to be used for many blocks.
func newBlock(l *launch) *block {
	b := &block{l: l, k: l.k, threads: l.block.Size()}
	n := (b.threads + 31) / 32
	b.shared.init(l.sharedSize)
	for i := range n {
		b.warps = append(b.warps, newWarp(b, i))
	}
	return b
}

func newWarp(b *block, id int) *warp {
	k := b.k
	w := &warp{k: k, b: b, id: id, seg: new(segment),
		r: make([]v32, k.nregs[class32]), d: make([]v64, k.nregs[class64]), p: make([]uint32, k.nregs[classPred])}
	w.seen = make(vclock, len(b.warps), (b.threads+31)/32)
	w.seen = w.seen[:cap(w.seen)]
	for v, slot := range k.const32 {
		for i := range w.r[slot] {
			w.r[slot][i] = v
		}
	}
	for v, slot := range k.const64 {
		for i := range w.d[slot] {
			w.d[slot][i] = v
		}
	}
	w.patterns = make([]pattern, k.sharedLoads)
	w.setSpecial(false)
	w.local.init(k.local)
	if len(k.tracked) > 0 {
		for c := classPred; c <= class64; c++ {
			w.init[c] = make([]uint32, k.nregs[c])
		}
	}
	return w
}

// setSpecial fills the special registers, those that differ between blocks or
// the others.
func (w *warp) setSpecial(perBlock bool) {
	for _, s := range w.k.specialDef {
		if s.wide || s.perBlock() != perBlock {
			continue
		}
		for i := range w.r[s.slot] {
			w.r[s.slot][i], _ = w.b.l.special(s.name, uint32(w.id*32+i), w.b.id)
		}
	}
}

// reset prepares the warp for a new block.
func (w *warp) reset() {
	w.setSpecial(true)
	lanes := full
	if n := w.b.threads - w.id*32; n < 32 {
		lanes = 1<<n - 1
	}
	w.start(lanes)
	w.async.reset()
	w.local.reset()
	if len(w.k.tracked) > 0 {
		for c := classPred; c <= class64; c++ {
			for i := range w.init[c] {
				w.init[c][i] = full
			}
		}
		for _, r := range w.k.tracked {
			w.init[r.class][r.idx] = 0
		}
	}
}

// run runs one block. It panics with a *Fault.
func (b *block) run(id driver.Dim3) {
	b.id, b.exited, b.barriers = id, 0, [16]barrier{}
	b.shared.reset()
	for _, w := range b.warps {
		w.reset()
		for i := range w.seen {
			w.seen[i] = b.shared.now
		}
	}
	for b.exited < b.threads {
		progress := false
		for _, w := range b.warps {
			if w.live != 0 && w.pick() {
				w.run()
				progress = true
			}
		}
		if b.release() {
			progress = true
		}
		if !progress && b.exited < b.threads {
			b.stuck()
		}
	}
}

// stuck reports why no thread can run.
func (b *block) stuck() {
	for _, w := range b.warps {
		for i := range w.splits {
			s := &w.splits[i]
			if s.state != splitAtBarrier && s.state != splitParked {
				continue
			}
			lane := w.blame(i)
			if s.state == splitAtBarrier {
				in := &b.k.code[s.pc]
				bar := &b.barriers[w.barrierID(in, lane)]
				w.fault(DivergentBarrier, lane, "%d threads wait at barrier %d, want %d; %d of the block's %d have exited%s",
					bar.arrived, w.barrierID(in, lane), bar.wanted(b), b.exited, b.threads, b.elsewhere(w, s.pc))
			}
			members := w.r[b.k.code[s.pc].e][lane]
			w.fault(Deadlock, lane, "lanes %08x wait here for lanes %08x of their member mask%s",
				s.sync, members&w.live&^s.sync, b.elsewhere(w, s.pc))
		}
	}
	panic("ptxsim: no thread can run and none waits")
}

// blame makes split i the running one for a report, and returns the first
// lane that waits.
func (w *warp) blame(i int) int {
	w.resume(i)
	return firstLane(w.splits[i].sync)
}

// elsewhere names another place where threads wait.
func (b *block) elsewhere(at *warp, pc int32) string {
	for _, w := range b.warps {
		for i := range w.splits {
			s := &w.splits[i]
			if (s.state == splitAtBarrier || s.state == splitParked) && s.pc != pc {
				return "; others wait at " + b.k.at(s.pc)
			}
		}
	}
	return ""
}
