package ptxsim

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"lbsam/kernels/driver"
)

// A patch replaces the nth occurrence, counted from 0, of a piece of PTX
// behind the entry of the kernel under test; n < 0 means all of them.
type patch struct {
	old string
	n   int
	new string
}

// apply returns ptx with the patches for a kernel.
func (p patch) apply(t *testing.T, ptx, kernel string) string {
	t.Helper()
	start := strings.Index(ptx, ".entry "+kernel+"(")
	end := start + strings.Index(ptx[start:], "\n}\n")
	body := ptx[start:end]
	at := 0
	for i := 0; p.n >= 0; i++ {
		j := strings.Index(body[at:], p.old)
		if j < 0 {
			t.Fatalf("no %q number %d in %s: was the PTX compiled anew?", p.old, p.n, kernel)
		}
		if at += j; i == p.n {
			return ptx[:start] + body[:at] + p.new + body[at+len(p.old):] + ptx[end:]
		}
		at += len(p.old)
	}
	if !strings.Contains(body, p.old) {
		t.Fatalf("no %q in %s: was the PTX compiled anew?", p.old, kernel)
	}
	return ptx[:start] + strings.ReplaceAll(body, p.old, p.new) + ptx[end:]
}

// The runs of the kernels under test, with shapes that cross their tiles.
var mutantRuns = map[string]func(t *testing.T, d *Device, ptx string) error{
	"matmul": func(t *testing.T, d *Device, ptx string) error {
		_, _, _, err := runMatmul(t, d, ptx, 70, 68, 36)
		return err
	},
	"matmul_bf16": func(t *testing.T, d *Device, ptx string) error {
		_, _, _, err := runMMA(t, d, ptx, 70, 40, 136, mmaShared)
		return err
	},
	"sum_partial": func(t *testing.T, d *Device, ptx string) error {
		k := kernelOf(t, d, ptx, "sum_partial")
		return d.Launch(0, k, dim(4, 1), dim(256, 1), 0, pack(t, k, alloc[float32](t, d, 4), upload(t, d, normal(1, 1300)), 1300))
	},
	"sum_tree": func(t *testing.T, d *Device, ptx string) error {
		k := kernelOf(t, d, ptx, "sum_tree")
		return d.Launch(0, k, dim(1, 1), dim(256, 1), 0, pack(t, k, alloc[float32](t, d, 1), upload(t, d, normal(1, 256))))
	},
	"histogram": func(t *testing.T, d *Device, ptx string) error {
		k := kernelOf(t, d, ptx, "histogram")
		return d.Launch(0, k, dim(2, 1), dim(256, 1), 0, pack(t, k, upload(t, d, make([]uint32, 16)), upload(t, d, make([]uint32, 700)), 700))
	},
	"softmax": func(t *testing.T, d *Device, ptx string) error {
		k := kernelOf(t, d, ptx, "softmax")
		x, length := upload(t, d, normal(1, 5*70)), upload(t, d, []int32{70, 33, 1, 32, 64})
		return d.Launch(0, k, dim(2, 1), dim(128, 1), 0, pack(t, k, alloc[float32](t, d, 5*70), x, length, 5, 70))
	},
}

// A mutant is a kernel with a planted bug and the kinds of report that count
// as finding it.
type mutant struct {
	name, file, kernel string
	patch              patch
	want               []Kind
}

var mutants = []mutant{
	{"barrier between tile loads and products missing", "matmul", "matmul", patch{"bar.sync \t0;", 0, ""}, []Kind{Race, Uninitialised}},
	{"barrier at the end of the loop missing", "matmul", "matmul", patch{"bar.sync \t0;", 1, ""}, []Kind{Race}},
	{"row bound of the load missing", "matmul", "matmul", patch{"setp.lt.s32 \t%p2, %r9, %r25;", 0, "setp.lt.s32 \t%p2, 0, 1;"}, []Kind{OutOfBounds}},
	{"row bound of the store off by one", "matmul", "matmul", patch{"setp.lt.s32 \t%p16, %r42, %r25;", 0, "setp.le.s32 \t%p16, %r42, %r25;"}, []Kind{OutOfBounds}},
	{"predicate of the store missing", "matmul", "matmul", patch{"@%p11 bra", 0, "bra"}, []Kind{OutOfBounds}},
	{"n and k swapped", "matmul", "matmul", patch{"%r27, [matmul_param_5]", 0, "%r27, [matmul_param_4]"}, []Kind{OutOfBounds}},
	{"input and output swapped", "matmul", "matmul", patch{"%rd16, [matmul_param_1]", 0, "%rd16, [matmul_param_0]"}, []Kind{Uninitialised, OutOfBounds}},
	{"static shared array too small", "matmul", "matmul", patch{"bs[4096]", 0, "bs[4032]"}, []Kind{OutOfBounds}},
	{"vector load misaligned", "matmul", "matmul", patch{"[%rd6+272]", 0, "[%rd6+276]"}, []Kind{Misaligned}},
	{"accumulator not initialised", "matmul", "matmul", patch{"mov.f32 \t%f460, %f66;", 0, ""}, []Kind{Uninitialised}},
	{"tile row stride of 64 instead of 68", "matmul", "matmul", patch{"[%rd4+816], %f469", 0, "[%rd4+768], %f469"}, []Kind{Race, Uninitialised}},
	{"wait for the copies missing", "mma", "matmul_bf16", patch{"cp.async.wait_group 1;", 0, ""}, []Kind{InFlight}},
	{"wait count one too large", "mma", "matmul_bf16", patch{"cp.async.wait_group 1;", 0, "cp.async.wait_group 2;"}, []Kind{InFlight}},
	{"commit missing", "mma", "matmul_bf16", patch{"cp.async.commit_group;", -1, ""}, []Kind{InFlight}},
	{"barrier after the wait missing", "mma", "matmul_bf16", patch{"bar.sync \t0;", 0, ""}, []Kind{Race, InFlight, Uninitialised}},
	{"barrier before the next copies missing", "mma", "matmul_bf16", patch{"bar.sync \t0;", 1, ""}, []Kind{Race, InFlight}},
	{"barrier between partial sums missing", "reduce", "sum_partial", patch{"bar.sync \t0;", 0, ""}, []Kind{Race, Uninitialised}},
	{"barrier in a divergent branch", "reduce", "sum_partial", patch{"bar.sync \t0;", 0, "@%p3 bar.sync 0;"}, []Kind{DivergentBarrier}},
	{"barrier for a part of the block only", "reduce", "sum_partial", patch{"bar.sync \t0;", 1, "setp.lt.u32 %p4, %r3, 128;\n@%p4 bar.sync 0;"}, []Kind{DivergentBarrier}},
	{"early return before a barrier", "reduce", "sum_partial", patch{"bar.sync \t0;", 0, "setp.ge.u32 %p4, %r3, 250;\n@%p4 ret;\nbar.sync 0;"}, []Kind{DivergentBarrier}},
	{"shuffle where lanes are inactive", "reduce", "sum_partial", patch{"shfl.sync.bfly.b32\t%f21, %f31, 16, 31, -1;", 0, "@%p3 shfl.sync.bfly.b32 %f21, %f31, 16, 31, -1;"}, []Kind{Deadlock, BadMask}},
	{"shuffle from outside its member mask", "reduce", "sum_partial", patch{"%f21, %f31, 16, 31, -1;", 0, "%f21, %f31, 16, 31, 0xffff;"}, []Kind{BadMask}},
	{"strict loop bound made inclusive", "reduce", "sum_partial", patch{"setp.lt.s32 \t%p2, %r13, %r9;", 0, "setp.le.s32 \t%p2, %r13, %r9;"}, []Kind{OutOfBounds}},
	{"shared memory indexed past its end", "reduce", "sum_partial", patch{"shr.u32 \t%r11, %r3, 5;", 0, "mov.u32 %r11, %r3;"}, []Kind{OutOfBounds}},
	{"barrier in the tree missing", "reduce", "sum_tree", patch{"bar.sync \t0;", 2, ""}, []Kind{Race}},
	{"first syncwarp missing", "reduce", "sum_tree", patch{"bar.warp.sync \t-1;", 0, ""}, []Kind{Race}},
	{"second syncwarp missing", "reduce", "sum_tree", patch{"bar.warp.sync \t-1;", 1, ""}, []Kind{Race}},
	{"bins not zeroed", "reduce", "histogram", patch{"st.shared.u32 \t[%rd4], %r8;", 0, ""}, []Kind{Uninitialised}},
	{"barrier after zeroing missing", "reduce", "histogram", patch{"bar.sync \t0;", 0, ""}, []Kind{Race, Uninitialised}},
	{"barrier before the read missing", "reduce", "histogram", patch{"bar.sync \t0;", 1, ""}, []Kind{Race}},
	{"count not atomic", "reduce", "histogram", patch{"atom.shared.add.u32 \t%r14, [%rd14], 1;", 0,
		"ld.shared.u32 %r14, [%rd14];\nadd.s32 %r14, %r14, 1;\nst.shared.u32 [%rd14], %r14;"}, []Kind{Race}},
	{"loop without end", "softmax", "softmax", patch{"add.s32 \t%r20, %r20, 32;", 0, ""}, []Kind{OutOfBounds, Deadlock}},
	{"loop without end and without accesses", "softmax", "softmax", patch{"add.s64 \t%rd33, %rd33, 128;", 0, "sub.s32 %r20, %r20, 32;"}, []Kind{Deadlock}},
}

// TestMutants runs kernels with planted bugs: each must be reported, and as
// the right kind of bug.
func TestMutants(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			d := New(Config{Workers: 1, MaxBranches: 1 << 14})
			ptx := m.patch.apply(t, readFile(t, m.file+".ptx"), m.kernel)
			err := mutantRuns[m.kernel](t, d, ptx)
			var f *Fault
			if !errors.As(err, &f) || !slices.Contains(m.want, f.Kind) {
				t.Fatalf("got %v, want a fault among %v", err, m.want)
			}
			if f.Kernel != m.kernel || f.Line == 0 || f.Text == "" || !strings.Contains(f.Source, ".cu") {
				t.Errorf("the report lacks its place: %#v", f)
			}
			t.Log(f)
		})
	}
}

// TestMutantsAlive checks that the runs pass without a bug, so that the
// mutants fail for their bugs only.
func TestMutantsAlive(t *testing.T) {
	for _, c := range []struct{ file, kernel string }{
		{"matmul", "matmul"}, {"mma", "matmul_bf16"}, {"reduce", "sum_partial"}, {"reduce", "sum_tree"}, {"reduce", "histogram"}, {"softmax", "softmax"},
	} {
		if err := mutantRuns[c.kernel](t, New(Config{}), readFile(t, c.file+".ptx")); err != nil {
			t.Errorf("%s: %v", c.kernel, err)
		}
	}
}

// TestWrongLaunch launches with the wrong amount of dynamic shared memory and
// with wrong pointers.
func TestWrongLaunch(t *testing.T) {
	_, _, _, err := runMMA(t, New(Config{}), readFile(t, "mma.ptx"), 64, 32, 64, mmaShared-32)
	wantFault(t, err, OutOfBounds)

	d := New(Config{})
	k := kernelOf(t, d, readFile(t, "reduce.ptx"), "sum_final")
	out, part := alloc[float32](t, d, 1), alloc[float32](t, d, 8)
	launch := func() error { return d.Launch(0, k, dim(1, 1), dim(64, 1), 0, pack(t, k, out, part, 8)) }
	f := wantFault(t, launch(), Uninitialised)
	if want := (driver.Dim3{}); f.Block != want || f.Thread != want {
		t.Errorf("the report names block %v thread %v, want the first", f.Block, f.Thread)
	}
	d = New(Config{})
	k, out, part = kernelOf(t, d, readFile(t, "reduce.ptx"), "sum_final"), alloc[float32](t, d, 1), alloc[float32](t, d, 8)
	if err := d.Free(part); err != nil {
		t.Fatal(err)
	}
	wantFault(t, launch(), UseAfterFree)
}
