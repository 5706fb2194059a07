package ptxsim

// An asyncCopy is a cp.async that is on its way. Its data are read when it is
// issued and arrive when its thread waits for it: at the last moment that the
// program allows.
type asyncCopy struct {
	dst   uint64
	lane  uint8
	size  uint8
	group uint32
	data  [16]byte
}

// asyncCopies holds the copies of a warp and how many groups each lane has
// committed.
type asyncCopies struct {
	pending   []asyncCopy
	committed [32]uint32
}

func (c *asyncCopies) reset() {
	c.pending, c.committed = c.pending[:0], [32]uint32{}
}

// decodeCopy decodes the forms of cp.async.
func decodeCopy(d *decoder) {
	d.in.kind = kindMask
	switch d.s.op {
	case "cp.async.commit_group":
		d.operands(0, 0)
		d.in.fx = func(w *warp, in *inst, mask uint32) {
			for l := mask; l != 0; l &= l - 1 {
				w.async.committed[firstLane(l)]++
			}
		}
	case "cp.async.wait_group":
		d.operands(1, 1)
		if d.s.args[0].kind != opdImm {
			d.failf("the number of groups is not a number")
		}
		n := uint32(d.s.args[0].imm)
		d.in.fx = func(w *warp, in *inst, mask uint32) { w.land(mask, n, false) }
	case "cp.async.wait_all":
		d.operands(0, 0)
		d.in.fx = func(w *warp, in *inst, mask uint32) { w.land(mask, 0, true) }
	default:
		d.asyncCopy()
	}
}

// asyncCopy decodes cp.async.{ca,cg}.shared.global [dst], [src], size
// [, bytes of src].
func (d *decoder) asyncCopy() {
	p := d.s.parts
	if len(p) < 5 || p[1] != "async" || p[2] != "ca" && p[2] != "cg" || p[4] != "global" {
		d.failf("this form of cp is not supported")
	}
	for _, m := range p[5:] {
		if len(m) < 4 || m[:4] != "L2::" {
			d.failf("modifier .%s is not supported", m)
		}
	}
	d.operands(3, 4)
	a := d.s.args
	dst, src := d.access(a[0]), d.access(a[1])
	size := a[2].imm
	if a[2].kind != opdImm || size != 4 && size != 8 && size != 16 || p[2] == "cg" && size != 16 {
		d.failf("cannot copy %d bytes", size)
	}
	bytes := d.kernel.constant32(uint32(size))
	if len(a) == 4 {
		bytes = d.src32(a[3], "u32")
	}
	d.in.mem = src
	d.in.fx = func(w *warp, in *inst, mask uint32) { w.copyAsync(dst, src, size, bytes, mask) }
}

// copyAsync issues the copies of the lanes of mask.
func (w *warp) copyAsync(dst, src *access, size uint64, bytes int32, mask uint32) {
	w.addresses(dst)
	to := w.addr
	w.addresses(src)
	sh, s, off := &w.b.shared, w.seg, uint64(0)
	var touched uint32
	for l := mask; l != 0; l &= l - 1 {
		i := firstLane(l)
		c := asyncCopy{dst: to[i], lane: uint8(i), size: uint8(size), group: w.async.committed[i]}
		n := uint64(w.r[bytes][i])
		if n > size {
			w.fault(OutOfBounds, i, "cp.async of %d bytes of %d", n, size)
		}
		if n > 0 {
			s, off = w.inside(s, w.addr[i], size, i)
			if st := s.state[off : off+n]; states(st) != 0 {
				w.badState(i, "global", w.addr[i], st, true)
			}
			copy(c.data[:n], s.data[off:])
			touched |= 1 << i
		}
		sh.check(w, c.dst, size, i)
		st := sh.state[c.dst : c.dst+size]
		w.badState(i, "shared", c.dst, st, false)
		sh.write(w, c.dst, size, uint8(i), 0, false)
		setBytes(st, stateFlight)
		w.async.pending = append(w.async.pending, c)
	}
	if touched != 0 {
		w.countSectors(touched)
	}
	conflicts, passes := w.count.BankConflicts, w.count.SharedPasses
	w.addr = to
	w.countBanks(mask, size)
	w.count.CopyConflicts += w.count.BankConflicts - conflicts
	w.count.BankConflicts, w.count.SharedPasses = conflicts, passes
}

// land lets the copies of the lanes of mask arrive, but those of the last
// keep groups, and with all those that are not committed.
func (w *warp) land(mask, keep uint32, all bool) {
	sh, left := &w.b.shared, w.async.pending[:0]
	for _, c := range w.async.pending {
		if mask>>c.lane&1 == 0 || !all && c.group+keep >= w.async.committed[c.lane] {
			left = append(left, c)
			continue
		}
		n := uint64(c.size)
		sh.write(w, c.dst, n, c.lane, 0, true)
		copy(sh.data[c.dst:c.dst+n], c.data[:n])
		setBytes(sh.state[c.dst:c.dst+n], stateValid)
	}
	w.async.pending = left
}
