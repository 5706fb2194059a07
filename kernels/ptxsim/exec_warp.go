package ptxsim

import "math/bits"

var warpOps map[string]func(*decoder)

func init() {
	warpOps = map[string]func(*decoder){
		"shfl": decodeShfl, "vote": decodeVote, "match": decodeMatch, "activemask": decodeActivemask, "redux": decodeRedux,
	}
}

// decodeShfl decodes shfl.sync.mode.b32 d[|p], a, b, c, membermask.
func decodeShfl(d *decoder) {
	d.modifiers("sync", "up", "down", "bfly", "idx")
	d.operands(5, 5)
	if !d.s.has("sync") || d.s.typ() != "b32" {
		d.unsupported()
	}
	in, a, pred := d.in, d.s.args, int32(-1)
	in.kind, in.a, in.b, in.c, in.e = kindSync, d.src32(a[1], "b32"), d.src32(a[2], "b32"), d.src32(a[3], "b32"), d.src32(a[4], "b32")
	dst := a[0]
	if dst.kind == opdPair {
		pred = d.dst(dst.list[1], classPred)
		dst = dst.list[0]
	}
	in.d = d.dst(dst, class32)
	mode := d.s.parts[2]
	in.fx = func(w *warp, in *inst, mask uint32) {
		var out v32
		inRange := w.shuffle(in, mode, mask, &out)
		blend32(&w.r[in.d], &out, mask)
		if pred >= 0 {
			w.p[pred] = w.p[pred]&^mask | inRange&mask
		}
	}
}

// shuffle sets out to what each lane gets and returns the lanes whose source
// is in range. The clamp c holds the last lane of a segment and, from bit 8,
// the mask of the segments.
func (w *warp) shuffle(in *inst, mode string, mask uint32, out *v32) (inRange uint32) {
	a, b, c := &w.r[in.a], &w.r[in.b], &w.r[in.c]
	for m := mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros32(m) & 31
		by, segment := int(b[i]&31), int(c[i]>>8&31)
		last := i&segment | int(c[i]&31)&^segment
		j, ok := 0, false
		switch mode {
		case "up":
			j = i - by
			ok = j >= last
		case "down":
			j = i + by
			ok = j <= last
		case "bfly":
			j = i ^ by
			ok = j <= last
		case "idx":
			j = i&segment | by&^segment
			ok = j <= last
		}
		if !ok {
			j = i
		} else {
			inRange |= 1 << i
			if mask>>j&1 == 0 {
				w.fault(BadMask, i, "lane %d reads lane %d, which does not take part (lanes %08x do)", i, j, mask)
			}
		}
		out[i] = a[j&31]
	}
	return inRange
}

// decodeVote decodes vote.sync.{all,any,uni,ballot}.
func decodeVote(d *decoder) {
	d.modifiers("sync", "all", "any", "uni", "ballot")
	d.operands(3, 3)
	if !d.s.has("sync") {
		d.unsupported()
	}
	in, a := d.in, d.s.args
	in.kind, in.e = kindSync, d.src32(a[2], "b32")
	vote := func(w *warp) uint32 { return boolMask(a[1].neg) }
	if a[1].kind == opdImm {
		v := boolMask(a[1].imm&1 != 0)
		vote = func(w *warp) uint32 { return v }
	} else {
		p, invert := d.srcPred(a[1]), boolMask(a[1].neg)
		vote = func(w *warp) uint32 { return w.p[p] ^ invert }
	}
	if d.s.has("ballot") {
		in.d = d.dst(a[0], class32)
		in.fx = func(w *warp, in *inst, mask uint32) { w.setLanes(in.d, vote(w)&mask, mask) }
		return
	}
	in.d = d.dst(a[0], classPred)
	mode := d.s.parts[2]
	in.fx = func(w *warp, in *inst, mask uint32) {
		v := vote(w) & mask
		yes := mode == "any" && v != 0 || mode == "all" && v == mask || mode == "uni" && (v == mask || v == 0)
		w.p[in.d] = w.p[in.d]&^mask | boolMask(yes)&mask
	}
}

// setLanes sets a register to v in the lanes of mask.
func (w *warp) setLanes(r int32, v, mask uint32) {
	for m := mask; m != 0; m &= m - 1 {
		w.r[r][bits.TrailingZeros32(m)&31] = v
	}
}

// decodeMatch decodes match.any.sync and match.all.sync.
func decodeMatch(d *decoder) {
	d.modifiers("any", "all", "sync")
	d.operands(3, 3)
	in, a, pred := d.in, d.s.args, int32(-1)
	in.kind = kindSync
	read := func(w *warp, i int) uint64 { return 0 }
	if d.s.typ() == "b64" {
		r := d.src64(a[1], "b64")
		read = func(w *warp, i int) uint64 { return w.d[r][i] }
	} else {
		r := d.src32(a[1], "b32")
		read = func(w *warp, i int) uint64 { return uint64(w.r[r][i]) }
	}
	in.e = d.src32(a[2], "b32")
	dst := a[0]
	if dst.kind == opdPair {
		pred = d.dst(dst.list[1], classPred)
		dst = dst.list[0]
	}
	in.d = d.dst(dst, class32)
	all := d.s.has("all")
	in.fx = func(w *warp, in *inst, mask uint32) {
		var out v32
		for m := mask; m != 0; m &= m - 1 {
			i := firstLane(m)
			for n := mask; n != 0; n &= n - 1 {
				if j := firstLane(n); read(w, i) == read(w, j) {
					out[i] |= 1 << j
				}
			}
		}
		same := out[firstLane(mask)] == mask
		if all && !same {
			out = v32{}
		}
		blend32(&w.r[in.d], &out, mask)
		if pred >= 0 {
			w.p[pred] = w.p[pred]&^mask | boolMask(same)&mask
		}
	}
}

func decodeActivemask(d *decoder) {
	d.operands(1, 1)
	d.in.kind = kindMask
	d.in.d = d.dst(d.s.args[0], class32)
	d.in.fx = func(w *warp, in *inst, mask uint32) { w.setLanes(in.d, mask, mask) }
}

// decodeRedux decodes redux.sync: a reduction over the lanes.
func decodeRedux(d *decoder) {
	d.modifiers("sync", "add", "min", "max", "and", "or", "xor")
	d.operands(3, 3)
	in, a := d.in, d.s.args
	f := atomicUpdate(d.s.parts[2], d.s.typ())
	if f == nil {
		d.unsupported()
	}
	in.kind, in.a, in.e = kindSync, d.src32(a[1], d.s.typ()), d.src32(a[2], "b32")
	in.d = d.dst(a[0], class32)
	in.fx = func(w *warp, in *inst, mask uint32) {
		first := firstLane(mask)
		v := uint64(w.r[in.a][first])
		for m := mask &^ (1 << first); m != 0; m &= m - 1 {
			v = f(v, uint64(w.r[in.a][firstLane(m)]), 0)
		}
		w.setLanes(in.d, uint32(v), mask)
	}
}
