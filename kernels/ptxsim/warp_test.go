package ptxsim

import (
	"fmt"
	"strings"
	"testing"

	"lbsam/kernels/driver"
)

// body wraps instructions that leave a result in %r for each thread; %t is
// the thread and %o the address of its result.
func body(text string) string {
	return ".version 7.0\n.target sm_80\n.visible .entry k(.param .u64 k_out) {\n.reg .pred %p<9>;\n.reg .b32 %r, %t, %l, %a<9>;\n.reg .b64 %o, %d<9>;\n" +
		".shared .align 16 .b8 buf[1024];\n" +
		"ld.param.u64 %o, [k_out];\nmov.u32 %t, %tid.x;\nmov.u32 %l, %laneid;\nmad.wide.u32 %o, %t, 4, %o;\n" + text + "\nst.global.u32 [%o], %r;\nret;\n}\n"
}

// runBody runs a body with a block of n threads.
func runBody(t *testing.T, text string, n int) ([]uint32, error) {
	t.Helper()
	d := New(Config{MaxBranches: 1 << 14})
	k := kernelOf(t, d, body(text), "k")
	out := alloc[uint32](t, d, n)
	if err := d.Launch(0, k, dim(1, 1), dim(n, 1), 0, pack(t, k, out)); err != nil {
		return nil, err
	}
	return download[uint32](t, d, out, n), nil
}

func TestWarpOps(t *testing.T) {
	pair := "setp.gt.u32 %p1, %l, 9;\n"
	for _, c := range []struct {
		name, text string
		want       func(lane uint32) uint32
	}{
		{"shfl up", "shfl.sync.up.b32 %r, %t, 3, 0, -1;", func(l uint32) uint32 {
			if l < 3 {
				return l
			}
			return l - 3
		}},
		{"shfl down, segments of 8", "shfl.sync.down.b32 %r, %t, 2, 0x1807, -1;", func(l uint32) uint32 {
			if l%8 > 5 {
				return l
			}
			return l + 2
		}},
		{"shfl bfly with predicate", "shfl.sync.bfly.b32 %a1|%p1, %t, 5, 31, -1;\nselp.b32 %r, %a1, 99, %p1;", func(l uint32) uint32 { return l ^ 5 }},
		{"shfl idx", "shfl.sync.idx.b32 %r, %t, 17, 31, -1;", func(l uint32) uint32 { return 17 }},
		{"shfl in two groups", "setp.lt.u32 %p1, %l, 16;\nselp.b32 %a1, 0xffff, 0xffff0000, %p1;\nshfl.sync.bfly.b32 %r, %t, 15, 31, %a1;", func(l uint32) uint32 { return l ^ 15 }},
		{"ballot", pair + "vote.sync.ballot.b32 %r, %p1, -1;", func(l uint32) uint32 { return ^uint32(1<<10 - 1) }},
		{"any of not", pair + "vote.sync.any.pred %p2, !%p1, -1;\nselp.b32 %r, 1, 0, %p2;", func(l uint32) uint32 { return 1 }},
		{"all", pair + "vote.sync.all.pred %p2, %p1, -1;\nselp.b32 %r, 1, 0, %p2;", func(l uint32) uint32 { return 0 }},
		{"match any", "and.b32 %a1, %l, 3;\nmatch.any.sync.b32 %r, %a1, -1;", func(l uint32) uint32 { return 0x11111111 << (l & 3) }},
		{"match all", "match.all.sync.b32 %r|%p1, 7, -1;", func(l uint32) uint32 { return full }},
		{"redux", "redux.sync.max.s32 %r, %t, -1;", func(l uint32) uint32 { return 31 }},
		{"activemask in a branch", "mov.b32 %r, 0;\n" + pair + "@%p1 bra $L1;\nactivemask.b32 %r;\n$L1:", func(l uint32) uint32 {
			if l > 9 {
				return 0
			}
			return 1<<10 - 1
		}},
		{"branches meet again", pair + "@%p1 bra $L1;\nmov.b32 %a1, 1;\nbra.uni $L2;\n$L1: mov.b32 %a1, 2;\n$L2: activemask.b32 %a2;\npopc.b32 %a2, %a2;\nmad.lo.s32 %r, %a1, 100, %a2;", func(l uint32) uint32 {
			if l > 9 {
				return 232
			}
			return 132
		}},
		{"loop with different trips", "mov.b32 %r, 0;\nmov.b32 %a1, 0;\n$L1: add.s32 %r, %r, %a1;\nadd.s32 %a1, %a1, 1;\nsetp.le.u32 %p1, %a1, %l;\n@%p1 bra $L1;\nbar.warp.sync -1;", func(l uint32) uint32 { return l * (l + 1) / 2 }},
		{"lanes that wait for each other's branch", pair + "@%p1 bra $L1;\nsetp.gt.u32 %p2, %l, 4;\n@%p2 bra $L2;\nmov.b32 %a1, 1;\nbra $L2;\n$L1: mov.b32 %a3, 0;\n$L2: shfl.sync.idx.b32 %r, %t, 31, 31, -1;", func(l uint32) uint32 { return 31 }},
		{"exits before a shuffle", pair + "@!%p1 st.global.u32 [%o], 5;\n@!%p1 ret;\nshfl.sync.idx.b32 %r, %t, 20, 31, -1;", func(l uint32) uint32 {
			if l > 9 {
				return 20
			}
			return 5
		}},
		{"lanes spin until lane 0 comes", "mov.u64 %d1, buf;\nmov.b32 %r, 4;\nsetp.eq.u32 %p1, %l, 0;\n@%p1 st.shared.u32 [%d1], 0;\nbar.warp.sync -1;\n@%p1 bra $L2;\n$L1: atom.shared.add.u32 %a2, [%d1], 0;\nsetp.eq.u32 %p2, %a2, 0;\n@%p2 bra $L1;\nbra $L3;\n$L2: atom.shared.exch.b32 %a2, [%d1], 1;\n$L3:", func(l uint32) uint32 { return 4 }},
		{"lane 0 comes, lanes spin", "mov.u64 %d1, buf;\nmov.b32 %r, 4;\nsetp.eq.u32 %p1, %l, 0;\n@%p1 st.shared.u32 [%d1], 0;\nbar.warp.sync -1;\n@!%p1 bra $L2;\natom.shared.exch.b32 %a2, [%d1], 1;\nbra $L3;\n$L2: atom.shared.add.u32 %a2, [%d1], 0;\nsetp.eq.u32 %p2, %a2, 0;\n@%p2 bra $L2;\n$L3:", func(l uint32) uint32 { return 4 }},
		{"generic address of local memory", ".local .align 4 .b8 depot[8];\nmov.u64 %d1, depot;\ncvta.local.u64 %d1, %d1;\nst.u32 [%d1+4], %t;\nld.u32 %r, [%d1+4];", func(l uint32) uint32 { return l }},
		{"generic address of shared memory", "mov.u64 %d1, buf;\ncvta.shared.u64 %d1, %d1;\nmad.wide.u32 %d1, %t, 4, %d1;\nst.u32 [%d1], %t;\nld.u32 %r, [%d1];\natom.add.u32 %a1, [%d1], 1;", func(l uint32) uint32 { return l }},
	} {
		got, err := runBody(t, c.text, 32)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, g := range got {
			if w := c.want(uint32(i)); g != w {
				t.Errorf("%s: lane %d: %#x, want %#x", c.name, i, g, w)
				break
			}
		}
	}
}

func TestBarriers(t *testing.T) {
	half := "setp.lt.u32 %p1, %t, 64;\n"
	for _, c := range []struct {
		name, text string
		want       func(i uint32) uint32
	}{
		{"red popc", half + "barrier.sync.aligned 0;\nbar.red.popc.u32 %r, 0, %p1;", func(i uint32) uint32 { return 64 }},
		{"red or", half + "bar.red.or.pred %p2, 0, %p1;\nselp.b32 %r, 1, 0, %p2;", func(i uint32) uint32 { return 1 }},
		{"red and", half + "bar.red.and.pred %p2, 0, !%p1;\nselp.b32 %r, 1, 0, %p2;", func(i uint32) uint32 { return 0 }},
		{"named barrier of two warps", half + "mov.b32 %r, 1;\n@!%p1 bra $L1;\nmov.u64 %d1, buf;\nmad.wide.u32 %d2, %t, 4, %d1;\nst.shared.u32 [%d2], %t;\nbar.sync 1, 64;\nxor.b32 %a1, %t, 32;\nmad.wide.u32 %d2, %a1, 4, %d1;\nld.shared.u32 %r, [%d2];\n$L1:",
			func(i uint32) uint32 {
				if i < 64 {
					return i ^ 32
				}
				return 1
			}},
		{"producer arrives, consumer waits", "mov.b32 %r, 0;\nmov.u64 %d1, buf;\nsetp.lt.u32 %p1, %t, 32;\n@%p1 bra $L1;\nsetp.ge.u32 %p2, %t, 64;\n@%p2 bra $L2;\nmad.wide.u32 %d2, %l, 4, %d1;\nst.shared.u32 [%d2], %t;\nbar.arrive 2, 64;\nbra $L2;\n$L1: bar.sync 2, 64;\nmad.wide.u32 %d2, %l, 4, %d1;\nld.shared.u32 %r, [%d2];\n$L2:",
			func(i uint32) uint32 {
				if i < 32 {
					return i + 32
				}
				return 0
			}},
		{"divergent arrival at a barrier that allows it", "and.b32 %a1, %t, 1;\nsetp.eq.u32 %p1, %a1, 0;\nmov.b32 %r, 7;\n@%p1 bra $L1;\nbarrier.sync 0;\nbra $L2;\n$L1: barrier.sync 0;\n$L2:", func(i uint32) uint32 { return 7 }},
		{"flag between warps", "mov.u64 %d1, buf;\nmov.b32 %a1, 0;\nmov.b32 %r, 3;\nsetp.ne.u32 %p3, %t, 0;\n@!%p3 st.shared.u32 [%d1], %a1;\nbar.sync 0;\nsetp.eq.u32 %p1, %t, 96;\n@%p1 atom.shared.exch.b32 %a2, [%d1], 1;\nsetp.ne.u32 %p2, %t, 0;\n@%p2 bra $L2;\n$L1: atom.shared.add.u32 %a2, [%d1], 0;\nsetp.eq.u32 %p1, %a2, 0;\n@%p1 bra $L1;\n$L2:", func(i uint32) uint32 { return 3 }},
	} {
		got, err := runBody(t, c.text, 128)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, g := range got {
			if w := c.want(uint32(i)); g != w {
				t.Errorf("%s: thread %d: %#x, want %#x", c.name, i, g, w)
				break
			}
		}
	}
}

func TestFaults(t *testing.T) {
	at := "mov.u64 %d1, buf;\nmad.wide.u32 %d2, %t, 4, %d1;\nmov.b32 %r, 0;\n"
	for _, c := range []struct {
		name, text string
		want       Kind
		detail     string
	}{
		{"null pointer", "ld.global.u32 %r, [0];", OutOfBounds, "not in an allocation"},
		{"misaligned word", "ld.global.u32 %r, [%o+2];", Misaligned, "4 bytes"},
		{"shared past the end", at + "ld.shared.u32 %r, [%d2+1020];", OutOfBounds, "block has 1024"},
		{"generic misaligned", at + "cvta.shared.u64 %d2, %d2;\nst.u16 [%d2+1], %r;", Misaligned, ""},
		{"write after read", at + "st.shared.u32 [%d2], %t;\nbar.sync 0;\nsetp.lt.u32 %p1, %t, 32;\n@%p1 ld.shared.u32 %r, [%d2];\nxor.b32 %a1, %t, 32;\nmad.wide.u32 %d2, %a1, 4, %d1;\n@!%p1 st.shared.u32 [%d2], 99;", Race, "warp 0 read"},
		{"two warps write one word", at + "st.shared.u32 [%d1], %t;", Race, "write of shared word 0x0"},
		{"atomic against plain read", at + "st.shared.u32 [%d2], 0;\nbar.sync 0;\natom.shared.add.u32 %a1, [%d1], 1;\nsetp.ge.u32 %p1, %t, 32;\n@%p1 ld.shared.u32 %r, [%d1];", Race, "read of shared word"},
		{"uninitialised predicate", "mov.b32 %r, 0;\n@%p7 mov.b32 %r, 1;", Uninitialised, "%p7"},
		{"uninitialised in some lanes", "setp.lt.u32 %p1, %t, 40;\n@%p1 mov.b32 %a1, 1;\nadd.s32 %r, %a1, 1;", Uninitialised, "%r"},
		{"uninitialised address", "mov.b32 %r, 0;\nld.shared.u32 %r, [%a5];", Uninitialised, "%a5"},
		{"barrier at two places", "mov.b32 %r, 0;\nsetp.lt.u32 %p1, %t, 32;\n@%p1 bar.sync 1;\n@!%p1 bar.sync 2;", DivergentBarrier, "others wait at"},
		{"thread count of a barrier", "mov.b32 %r, 0;\nbar.sync 1, 33;", DivergentBarrier, "multiple of 32"},
		{"branch.uni that is not", "mov.b32 %r, 0;\nsetp.lt.u32 %p1, %t, 3;\n@%p1 bra.uni $L1;\nmov.b32 %r, 1;\n$L1:", DivergentBarrier, "branch.uni"},
		{"endless loop", "mov.b32 %r, 0;\n$L1: bra $L1;", Deadlock, "does not end"},
		{"trap", "mov.b32 %r, 0;\ntrap;", Trap, ""},
		{"shfl from a lane with another mask", "setp.lt.u32 %p1, %l, 16;\nselp.b32 %a1, 0xffff, 0xffff0000, %p1;\nshfl.sync.bfly.b32 %r, %t, 16, 31, %a1;", BadMask, "does not take part"},
		{"cp.async into a place in use", at + "cvt.u32.u64 %a1, %d1;\nmad.lo.u32 %a1, %l, 16, %a1;\nmov.b64 %d3, 0;\ncp.async.ca.shared.global [%a1], [%d3], 16, 0;\nst.shared.u32 [%d1], 1;", InFlight, ""},
	} {
		_, err := runBody(t, c.text, 64)
		f := wantFault(t, err, c.want)
		if !strings.Contains(f.Detail, c.detail) || f.Line < 11 {
			t.Errorf("%s: %v: want %q in it", c.name, err, c.detail)
		}
	}
}

// TestNoFalseAlarm runs code that looks suspicious and is right.
func TestNoFalseAlarm(t *testing.T) {
	at := "mov.u64 %d1, buf;\nmad.wide.u32 %d2, %t, 4, %d1;\nmov.b32 %r, 0;\n"
	for name, text := range map[string]string{
		"all threads write the same value":      at + "st.shared.u32 [%d1], 7;",
		"a thread reads what it wrote":          at + "st.shared.u32 [%d2], %t;\nld.shared.u32 %r, [%d2];",
		"neighbours write halves of a word":     at + "mad.wide.u32 %d3, %t, 2, %d1;\nst.shared.u16 [%d3], %t;\nld.shared.u16 %r, [%d3];\nadd.u32 %r, %r, 1;\nst.shared.u16 [%d3], %r;",
		"uninitialised value that is not used":  "mov.b32 %r, 0;\nsetp.lt.u32 %p1, %t, 99;\nadd.s32 %a1, %a2, 1;\nselp.b32 %r, %r, %a1, %p1;",
		"a lane reads after syncwarp":           at + "st.shared.u32 [%d2], %t;\nbar.warp.sync -1;\nxor.b32 %a1, %t, 1;\nmad.wide.u32 %d2, %a1, 4, %d1;\nld.shared.u32 %r, [%d2];",
		"atomics of all threads on one address": at + "st.shared.u32 [%d2], 0;\nbar.sync 0;\natom.shared.add.u32 %r, [%d1], 1;",
		"barrier after a divergent branch":      "mov.b32 %r, 0;\nsetp.lt.u32 %p1, %t, 5;\n@%p1 bra $L1;\nmov.b32 %r, 1;\n$L1: bar.sync 0;",
	} {
		if _, err := runBody(t, text, 64); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAtomics(t *testing.T) {
	for _, c := range []struct {
		op, typ           string
		start, want, last uint32 // want after all 64 threads; last: an old value that must be seen
	}{
		{"add", "u32", 5, 5 + 64*63/2, 5}, {"max", "s32", ^uint32(0), 63, ^uint32(0)}, {"min", "u32", 77, 0, 77}, {"or", "b32", 64, 127, 64},
		{"xor", "b32", 9, 9, 9}, {"inc", "u32", 0, 0, 0}, {"exch", "b32", 1, 63, 1},
	} {
		for _, sp := range []string{"global", "shared"} {
			d := New(Config{})
			addr := map[string]string{"global": "ld.param.u64 %d1, [k_out];", "shared": "mov.u64 %d1, buf;"}[sp]
			text := addr + fmt.Sprintf("\nsetp.eq.u32 %%p1, %%t, 0;\n@%%p1 st.%s.u32 [%%d1], %d;\nbar.sync 0;\n", sp, int32(c.start)) +
				fmt.Sprintf("atom.%s.%s.%s %%r, [%%d1], %%t;\nbar.sync 0;\nld.%s.u32 %%a1, [%%d1];\nld.param.u64 %%d2, [k_out];\nmad.wide.u32 %%o, %%t, 4, %%d2;\nadd.s64 %%o, %%o, 4;\n@%%p1 st.global.u32 [%%d2], %%a1;", sp, c.op, c.typ, sp)
			k := kernelOf(t, d, body(text), "k")
			out := alloc[uint32](t, d, 65)
			launchOK(t, d, k, dim(1, 1), dim(64, 1), 0, out)
			got := download[uint32](t, d, out, 65)
			seen := false
			for _, g := range got[1:] {
				seen = seen || g == c.last
			}
			if c.op != "inc" && got[0] != c.want || !seen {
				t.Errorf("%s.%s.%s: %d, want %d; old value %d seen: %v", sp, c.op, c.typ, got[0], c.want, c.last, seen)
			}
		}
	}
}

// TestDeterministic sums floats with atomics in an order that must not depend
// on the workers.
func TestDeterministic(t *testing.T) {
	var first []float32
	for workers := 1; workers <= 4; workers++ {
		d := New(Config{Workers: workers})
		sum := upload(t, d, []float32{0})
		launchOK(t, d, kernelOf(t, d, readFile(t, "reduce.ptx"), "sum_atomic"), dim(20, 1), dim(64, 1), 0, sum, upload(t, d, normal(5, 3000)), 3000)
		got := download[float32](t, d, sum, 1)
		if first == nil {
			first = got
		}
		if got[0] != first[0] {
			t.Errorf("%d workers: %v, one worker: %v", workers, got[0], first[0])
		}
	}
	for range 5 { // the fault of the first block is reported
		d := New(Config{Workers: 4})
		k := kernelOf(t, d, body("mov.u32 %r, %ctaid.x;\nsetp.gt.u32 %p1, %r, 2;\n@%p1 trap;\nand.b32 %r, %r, 0;"), "k")
		f := wantFault(t, d.Launch(0, k, dim(40, 1), dim(1, 1), 0, pack(t, k, alloc[uint32](t, d, 1))), Trap)
		if want := (driver.Dim3{X: 3}); f.Block != want {
			t.Errorf("fault of block %v, want %v", f.Block, want)
		}
	}
}

// ticket is a body: each block writes a number behind the ticket and the result,
// and the last one makes the result of them, in order of their indices. %s
// decides which block is the last, setting %%p1 in the others.
const ticket = `mov.u32 %%a1, %%ctaid.x;
mov.u32 %%a2, %%nctaid.x;
sub.s32 %%a2, %%a2, 1;
ld.param.u64 %%d1, [k_out];
add.s64 %%o, %%o, 4;
mad.wide.u32 %%d2, %%a1, 4, %%d1;
mul.lo.u32 %%r, %%a1, %%a1;
st.global.u32 [%%d2+8], %%r;
%s
@%%p1 ret;
mov.b32 %%r, 0;
mov.b32 %%a4, 0;
$L1: mad.wide.u32 %%d2, %%a4, 4, %%d1;
ld.global.u32 %%a5, [%%d2+8];
mad.lo.u32 %%r, %%r, 3, %%a5;
add.u32 %%a4, %%a4, 1;
setp.le.u32 %%p2, %%a4, %%a2;
@%%p2 bra $L1;`

// Blocks run in parallel where the kernel asks which of them is the last and
// nothing else of a ticket, and any of them may be the last.
func TestTickets(t *testing.T) {
	const blocks = 37
	want := uint32(0)
	for i := range uint32(blocks) {
		want = want*3 + i*i
	}
	inc := "atom.global.inc.u32 %a3, [%d1], %a2;\n"
	for text, serial := range map[string]bool{
		inc + "setp.ne.u32 %p1, %a3, %a2;":                                false,
		inc + "setp.ne.s32 %p1, %a2, %a3;":                                false,
		inc + "setp.eq.u32 %p2, %a3, %a2;\nnot.pred %p1, %p2;":            false,
		inc + "setp.lt.u32 %p1, %a3, %a2;":                                true,
		inc + "setp.ne.u32 %p1, %a3, 36;":                                 true,
		inc + "setp.ne.u32 %p1, %a3, %a2;\nmov.b32 %a6, %a3;":             true,
		"atom.global.add.u32 %a3, [%d1], 1;\nsetp.ne.u32 %p1, %a3, %a2;":  true,
		"atom.global.cas.b32 %a3, [%d1], 37, 0;\nsetp.eq.u32 %p1, %l, 0;": true,
		"atom.global.inc.u32 %a3, [%d1], 36;\nsetp.ne.u32 %p1, %a3, %a2;": true,
	} {
		if k := kernelOf(t, New(Config{}), body(fmt.Sprintf(ticket, text)), "k").(*kernel); k.serial != serial {
			t.Errorf("serial is %v for %q", k.serial, text)
		}
	}
	for i := range 40 {
		d := New(Config{Workers: 1 + i%4, Backwards: i%8 > 3})
		k := kernelOf(t, d, body(fmt.Sprintf(ticket, inc+"setp.ne.u32 %p1, %a3, %a2;")), "k")
		memory := alloc[uint32](t, d, 2+blocks)
		if err := d.Fill32(0, memory, 0, 1); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			launchOK(t, d, k, dim(blocks, 1), dim(1, 1), 0, memory)
			if got := download[uint32](t, d, memory, 2); got[0] != 0 || got[1] != want {
				t.Errorf("%d workers: ticket %d and result %d, want 0 and %d", 1+i%4, got[0], got[1], want)
			}
		}
	}
}

func TestCounters(t *testing.T) {
	d := New(Config{})
	text := "mov.u64 %d1, buf;\nmad.wide.u32 %d2, %t, 4, %d1;\nst.shared.u32 [%d2], %t;\nmad.wide.u32 %d3, %t, 32, %d1;\nst.shared.u32 [%d3], %t;\nld.shared.u32 %r, [%d3];"
	text = strings.Replace(text, "st.shared.u32 [%d3]", "bar.sync 0;\nst.shared.u32 [%d3]", 1)
	k := kernelOf(t, d, body(text), "k")
	launchOK(t, d, k, dim(1, 1), dim(32, 1), 0, alloc[uint32](t, d, 32))
	c := d.Counters("k")
	// A stride of 8 words uses 4 banks, 8 rows each; twice.
	want := Counters{Launches: 1, Warp: 13, Thread: 13 * 32, Requests: 1, Sectors: 4, SharedPasses: 3, BankConflicts: 14}
	if c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if d.ResetCounters(); d.Counters("k") != (Counters{}) {
		t.Error("ResetCounters leaves counters")
	}
}
