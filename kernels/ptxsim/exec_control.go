package ptxsim

var controlOps map[string]func(*decoder)

func init() {
	controlOps = map[string]func(*decoder){
		"bra": decodeBra, "ret": decodeExit, "exit": decodeExit, "trap": decodeTrap, "brkpt": decodeTrap,
		"bar": decodeBar, "barrier": decodeBar,
		"membar": decodeNothing, "fence": decodeNothing, "prefetch": decodeNothing, "prefetchu": decodeNothing,
		"nanosleep": decodeNothing, "discard": decodeNothing, "applypriority": decodeNothing,
		"call": func(d *decoder) { d.failf("calls are not supported: inline the function") },
	}
}

func decodeBra(d *decoder) {
	d.operands(1, 1)
	target, ok := d.entry.labels[d.s.args[0].name]
	if !ok {
		d.failf("unknown label %s", d.s.args[0].name)
	}
	d.in.kind, d.in.target = kindBranch, int32(target)
}

func decodeExit(d *decoder) { d.in.kind = kindExit }
func decodeTrap(d *decoder) { d.in.kind = kindTrap }

// decodeNothing decodes fences and hints: memory is always coherent here.
func decodeNothing(d *decoder) {
	d.in.kind = kindMask
	d.in.fx = func(w *warp, in *inst, mask uint32) {}
}

// decodeBar decodes bar and barrier: .warp.sync, .sync, .arrive, .red.
func decodeBar(d *decoder) {
	s := d.s
	if s.has("warp") {
		d.operands(1, 1)
		d.in.kind, d.in.e = kindSync, d.src32(s.args[0], "b32")
		d.in.fx = func(w *warp, in *inst, mask uint32) { w.b.shared.syncWarp(w) }
		return
	}
	op := &barrierOp{count: -1, wait: !s.has("arrive"), aligned: s.parts[0] == "bar" || s.has("aligned")}
	args := s.args
	d.in.kind, d.in.bar = kindBarrier, op
	if s.has("red") {
		d.operands(3, 4)
		op.reduce = "popc"
		for _, r := range []string{"and", "or"} {
			if s.has(r) {
				op.reduce = r
			}
		}
		last := args[len(args)-1]
		op.pred, op.negated = d.srcPred(last), last.neg
		c := classPred
		if op.reduce == "popc" {
			c = class32
		}
		op.dst = d.dst(args[0], c)
		args = args[1 : len(args)-1]
	} else {
		d.operands(1, 2)
	}
	op.id = d.src32(args[0], "u32")
	if args[0].kind != opdImm || args[0].imm != 0 || len(args) > 1 {
		d.kernel.partialBar = true
	}
	if len(args) > 1 {
		op.count = d.src32(args[1], "u32")
	}
}
