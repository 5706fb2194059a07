package ptxsim

import "math/bits"

// A regSet is a set of registers of all classes.
type regSet []uint64

func (s regSet) has(n int) bool { return s[n/64]>>(n%64)&1 != 0 }
func (s regSet) add(n int)      { s[n/64] |= 1 << (n % 64) }
func (s regSet) remove(n int)   { s[n/64] &^= 1 << (n % 64) }

// regNumber numbers the registers of all classes.
func (k *kernel) regNumber(r reg) int {
	n := int(r.idx)
	for c := classPred; c < r.class; c++ {
		n += k.nregs[c]
	}
	return n
}

// isPure tells whether the instruction does nothing but compute registers, so
// that garbage in is garbage out and no error.
func (in *inst) isPure() bool {
	return in.kind == kind32 || in.kind == kind64 || in.kind == kindPred || in.kind == kindMask && in.pure
}

// findUnassigned marks the instructions that may read a register that was
// never written, and those that write such a register: only these keep
// account while the kernel runs. The analysis is "definitely assigned" over
// the basic blocks; a guarded write does not count.
func (k *kernel) findUnassigned() {
	words := (k.regNumber(reg{class64, int32(k.nregs[class64])}) + 63) / 64
	f := newFlow(k.code)
	tracked := make(regSet, words)
	for b, have := range k.assignedBefore(f, words) {
		if b == len(f.start) {
			break // the exit
		}
		for i := f.start[b]; i < f.end(b, len(k.code)); i++ {
			k.markTracked(&k.code[i], have, tracked)
			k.assign(&k.code[i], have)
		}
	}
	for i := range k.code {
		for _, d := range k.code[i].dsts {
			k.code[i].track = k.code[i].track || tracked.has(k.regNumber(d))
		}
	}
	for c := classPred; c <= class64; c++ {
		for i := range k.nregs[c] {
			if r := (reg{c, int32(i)}); tracked.has(k.regNumber(r)) {
				k.tracked = append(k.tracked, r)
			}
		}
	}
}

// assignedBefore returns the registers that are definitely assigned at the
// start of each block.
func (k *kernel) assignedBefore(f *flow, words int) []regSet {
	in := make([]regSet, len(f.next))
	for b := range in {
		in[b] = make(regSet, words)
		if b > 0 {
			for i := range in[b] {
				in[b][i] = ^uint64(0)
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for b := range f.start {
			out := append(regSet(nil), in[b]...)
			for i := f.start[b]; i < f.end(b, len(k.code)); i++ {
				k.assign(&k.code[i], out)
			}
			for _, s := range f.next[b] {
				for i := range out {
					if meet := in[s][i] & out[i]; meet != in[s][i] {
						in[s][i], changed = meet, true
					}
				}
			}
		}
	}
	return in
}

// assign updates the set of definitely assigned registers.
func (k *kernel) assign(in *inst, have regSet) {
	known := true
	if in.isPure() {
		for _, s := range in.srcs {
			known = known && have.has(k.regNumber(s))
		}
	}
	for _, d := range in.dsts {
		n := k.regNumber(d)
		switch {
		case !known:
			have.remove(n)
		case in.guard < 0:
			have.add(n)
		}
	}
}

// markTracked sets in.track if a source may be unassigned.
func (k *kernel) markTracked(in *inst, have, tracked regSet) {
	for _, s := range in.srcs {
		if n := k.regNumber(s); !have.has(n) {
			in.track = true
			tracked.add(n)
		}
	}
	if in.track && in.isPure() {
		for _, d := range in.dsts {
			tracked.add(k.regNumber(d))
		}
	}
}

// account checks the sources of an instruction that has track set, and
// records which lanes of its destinations are initialised.
func (w *warp) account(in *inst, mask uint32) {
	bad := uint32(0)
	var culprit reg
	for _, s := range in.srcs {
		if miss := mask &^ w.init[s.class][s.idx]; miss != 0 {
			bad |= miss
			culprit = s
		}
	}
	if in.guard >= 0 {
		if g := w.init[classPred][in.guard]; mask&^g != 0 {
			w.uninitRegister(reg{classPred, in.guard}, mask&^g)
		}
	}
	if bad != 0 && !in.isPure() {
		w.uninitRegister(culprit, bad)
	}
	if in.stmt.parts[0] == "selp" && bad != 0 {
		bad = w.accountSelp(in, mask)
	}
	for _, d := range in.dsts {
		w.init[d.class][d.idx] = w.init[d.class][d.idx]&^bad | mask&^bad
	}
}

// accountSelp returns the lanes whose selected value is uninitialised.
func (w *warp) accountSelp(in *inst, mask uint32) uint32 {
	a := in.stmt.args
	have := func(o operand) uint32 {
		if o.kind != opdReg {
			return full
		}
		return w.init[o.reg.class][o.reg.idx]
	}
	p := w.p[in.e]
	return mask &^ (have(a[3]) & (p&have(a[1]) | ^p&have(a[2])))
}

func (w *warp) uninitRegister(r reg, lanes uint32) {
	w.fault(Uninitialised, bits.TrailingZeros32(lanes), "register %s was never written", w.k.regNames[r.class][r.idx])
}
