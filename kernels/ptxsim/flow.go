package ptxsim

import "slices"

// A flow is the control flow of a kernel in basic blocks. Block len(start) is
// the exit, which has no instructions.
type flow struct {
	start []int   // first instruction of each block
	of    []int32 // block of each instruction
	next  [][]int // successors
}

// newFlow cuts code into basic blocks. It needs the branch targets.
func newFlow(code []inst) *flow {
	leader := make([]bool, len(code)+1)
	leader[0] = true
	for i := range code {
		switch code[i].kind {
		case kindBranch:
			leader[code[i].target], leader[i+1] = true, true
		case kindExit, kindTrap:
			leader[i+1] = true
		}
	}
	f := &flow{of: make([]int32, len(code))}
	for i := range code {
		if leader[i] {
			f.start = append(f.start, i)
		}
		f.of[i] = int32(len(f.start) - 1)
	}
	exit := len(f.start)
	for b := range f.start {
		last := f.end(b, len(code)) - 1
		f.next = append(f.next, f.successors(&code[last], b, exit))
	}
	f.next = append(f.next, nil)
	return f
}

// end returns the instruction after block b.
func (f *flow) end(b, n int) int {
	if b+1 < len(f.start) {
		return f.start[b+1]
	}
	return n
}

func (f *flow) successors(in *inst, b, exit int) []int {
	var out []int
	switch in.kind {
	case kindBranch:
		out = append(out, int(f.of[in.target]))
		if in.guard < 0 {
			return out
		}
	case kindExit, kindTrap:
		out = append(out, exit)
		if in.guard < 0 {
			return out
		}
	}
	return append(out, min(b+1, exit))
}

// findReconvergence resolves labels and sets where the lanes of each branch
// meet again: the immediate post-dominator.
func (k *kernel) findReconvergence() {
	for i := range k.code {
		in := &k.code[i]
		if in.kind == kindBranch && int(in.target) >= len(k.code) {
			failf(in.stmt.line, "branch behind the end")
		}
	}
	f := newFlow(k.code)
	ipdom := f.postDominators()
	for i := range k.code {
		in := &k.code[i]
		if in.kind != kindBranch {
			continue
		}
		if p := ipdom[f.of[i]]; p >= 0 && p < len(f.start) {
			in.rpc = int32(f.start[p])
		}
	}
}

// postDominators returns the immediate post-dominator of each block, -1 where
// no path leads to the exit. It is the algorithm of Cooper, Harvey and
// Kennedy on the reversed graph.
func (f *flow) postDominators() []int {
	post, number := f.reversePostorder()
	exit := len(f.next) - 1
	idom := make([]int, len(f.next))
	for i := range idom {
		idom[i] = -1
	}
	idom[exit] = exit
	meet := func(a, b int) int {
		for a != b {
			for number[a] < number[b] {
				a = idom[a]
			}
			for number[b] < number[a] {
				b = idom[b]
			}
		}
		return a
	}
	for changed := true; changed; {
		changed = false
		for _, b := range post {
			best := -1
			for _, s := range f.next[b] {
				switch {
				case idom[s] < 0:
				case best < 0:
					best = s
				default:
					best = meet(best, s)
				}
			}
			if b != exit && best != idom[b] {
				idom[b], changed = best, true
			}
		}
	}
	idom[exit] = -1
	return idom
}

// reversePostorder returns the blocks from which a path leads to the exit, so
// that most successors come before a block, and the place of each block
// counted from the end.
func (f *flow) reversePostorder() (order, number []int) {
	preds := make([][]int, len(f.next))
	for b, next := range f.next {
		for _, s := range next {
			preds[s] = append(preds[s], b)
		}
	}
	number = make([]int, len(f.next))
	seen := make([]bool, len(f.next))
	var visit func(b int)
	visit = func(b int) {
		seen[b] = true
		for _, p := range preds[b] {
			if !seen[p] {
				visit(p)
			}
		}
		number[b] = len(order)
		order = append(order, b)
	}
	visit(len(f.next) - 1)
	slices.Reverse(order)
	return order, number
}
