package ptxsim

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lbsam/kernels/driver"
)

// addPTX adds 1 to 4 elements of x.
const addPTX = `.version 7.0
.target sm_80
.const .align 4 .u32 one = 1;
.global .align 4 .u32 calls;
.visible .entry add(.param .u64 x, .param .u32 n)
{
	.reg .b32 %v, %t, %n, %one;
	.reg .b64 %p, %q;
	.reg .pred %in, %first;
	ld.param.u64 %p, [x];
	ld.param.u32 %n, [n];
	mov.u32 %t, %tid.x;
	setp.ge.u32 %in, %t, %n;
	@%in ret;
	mad.wide.u32 %p, %t, 4, %p;
	ld.const.u32 %one, [one];
	ld.global.u32 %v, [%p];
	add.u32 %v, %v, %one;
	st.global.u32 [%p], %v;
	setp.eq.u32 %first, %t, 0;
	@%first red.global.add.u32 [calls], 1;
	ret;
}
`

func TestStreamsAndGraph(t *testing.T) {
	d := New(Config{})
	k := kernelOf(t, d, addPTX, "add")
	x, y := upload(t, d, []uint32{1, 2, 3, 4}), upload(t, d, make([]uint32, 4))
	host, err := d.AllocHost(16)
	if err != nil {
		t.Fatal(err)
	}
	side, _ := d.NewStream()
	fork, _ := d.NewEvent()
	join, _ := d.NewEvent()
	g, err := d.Capture(0, func() error {
		return firstError(
			d.Record(fork, 0), d.Wait(side, fork),
			d.Launch(side, k, dim(1, 1), dim(32, 1), 0, pack(t, k, x, 4)),
			d.Record(join, side), d.Wait(0, join),
			d.Copy(0, y, x, 16), d.CopyOut(0, host, y),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := download[uint32](t, d, x, 4); got[0] != 1 {
		t.Errorf("Capture did the work: %v", got)
	}
	for range 3 {
		if err := g.Launch(0); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := download[uint32](t, d, y, 4), []uint32{4, 5, 6, 7}; !slices.Equal(got, want) || host[0] != 4 {
		t.Errorf("after three steps %v and %d, want %v", got, host[0], want)
	}
	if el, err := d.Elapsed(fork, join); err != nil || el < 0 {
		t.Errorf("Elapsed = %v, %v", el, err)
	}
	if err := firstError(g.Free(), d.FreeStream(side), d.FreeEvent(fork), d.FreeEvent(join), d.FreeHost(host), d.Sync(0)); err != nil {
		t.Error(err)
	}
	if g.Launch(0) == nil {
		t.Error("a freed graph runs")
	}
}

// A reader beside the captured stream, which goes on writing: outside of a capture
// it comes at once, in a graph as late as the join lets it, and then finds what
// came behind the fork. Two joins are two such places.
func TestGraphsAreLate(t *testing.T) {
	d := New(Config{})
	x, y, z := upload(t, d, []uint32{1}), alloc[uint32](t, d, 1), alloc[uint32](t, d, 1)
	side, _ := d.NewStream()
	fork, _ := d.NewEvent()
	join, _ := d.NewEvent()
	read := func(to driver.Ptr, then func() error) error {
		return firstError(
			d.Record(fork, 0), d.Wait(side, fork), d.Copy(side, to, x, 4),
			then(), d.Record(join, side), d.Wait(0, join))
	}
	write := func(v uint32) func() error { return func() error { return d.Fill32(0, x, v, 1) } }
	step := func() error { return firstError(read(y, write(2)), read(z, write(3))) }
	if err := step(); err != nil {
		t.Fatal(err)
	}
	check := func(when string, want ...uint32) {
		if got := append(download[uint32](t, d, y, 1), download[uint32](t, d, z, 1)...); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	check("at once", 1, 2)
	g, err := d.Capture(0, step)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Launch(0); err != nil {
		t.Fatal(err)
	}
	check("late", 2, 3)
	g, err = d.Capture(0, func() error { // marks are work too: the reader finds that x is gone
		return read(y, func() error { d.Mark(0, x, 4, false); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Launch(0); err == nil || !strings.Contains(err.Error(), "marked dead") {
		t.Errorf("a reader of what was marked dead before the join: %v", err)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestCaptureErrors(t *testing.T) {
	d := New(Config{})
	k := kernelOf(t, d, addPTX, "add")
	x := upload(t, d, make([]uint32, 4))
	args := pack(t, k, x, 4)
	side, _ := d.NewStream()
	early, _ := d.NewEvent()
	ev, _ := d.NewEvent()
	if d.Wait(0, early) == nil {
		t.Error("a wait for an event that was never recorded passes")
	}
	if err := d.Record(early, 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		step func() error
		want string
	}{
		{"alloc", func() error { _, err := d.Alloc(4); return err }, "not possible inside Capture"},
		{"load", func() error { _, err := d.Load(addPTX); return err }, "not possible inside Capture"},
		{"sync", func() error { return d.Sync(0) }, "not possible inside Capture"},
		{"nested capture", func() error { _, err := d.Capture(0, func() error { return nil }); return err }, "not possible inside Capture"},
		{"pageable copy in", func() error { return d.CopyIn(0, x, make([]byte, 16)) }, "host memory is not from AllocHost"},
		{"pageable copy out", func() error { return d.CopyOut(0, make([]byte, 16), x) }, "host memory is not from AllocHost"},
		{"stream that does not take part", func() error { return d.Launch(side, k, dim(1, 1), dim(4, 1), 0, args) }, "does not wait for an event"},
		{"event from before", func() error { return d.Wait(side, early) }, "not recorded in this capture"},
		{"stream that is not joined", func() error {
			return firstError(d.Record(ev, 0), d.Wait(side, ev), d.Launch(side, k, dim(1, 1), dim(4, 1), 0, args))
		}, "does not wait for all work"},
	} {
		if _, err := d.Capture(0, c.step); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if err := d.Launch(0, k, dim(1, 1), dim(4, 1), 0, args); err != nil {
		t.Errorf("after failed captures: %v", err)
	}
}

// TestMark divides one allocation into tensors as an arena does. Every case
// has a device of its own, with one tensor of 16 bytes in an arena.
func TestMark(t *testing.T) {
	var d *Device
	var tensor driver.Ptr
	mark := func() error { d.Mark(0, tensor, 16, true); return nil }
	fill := func() error { return d.Fill32(0, tensor, 7, 4) }
	launch := func(n int) func() error {
		return func() error {
			k := kernelOf(t, d, addPTX, "add")
			return d.Launch(0, k, dim(1, 1), dim(32, 1), 0, pack(t, k, tensor, n))
		}
	}
	run := func(steps ...func() error) error {
		d = New(Config{})
		arena := alloc[uint8](t, d, 1024)
		tensor = arena + 256
		d.Mark(0, arena, 1024, false)
		for i, step := range steps {
			if err := step(); err != nil && i < len(steps)-1 {
				t.Fatalf("step %d: %v", i, err)
			} else if err != nil {
				return err
			}
		}
		return nil
	}
	wantFault(t, run(launch(4)), OutOfBounds)
	wantFault(t, run(mark, launch(4)), Uninitialised)
	wantFault(t, run(mark, fill, launch(5)), OutOfBounds)         // the red zone behind the tensor
	wantFault(t, run(mark, fill, mark, launch(4)), Uninitialised) // a new tensor in its place
	if err := run(mark, fill, launch(4)); err != nil {
		t.Error(err)
	}
	if d.Fill32(0, tensor, 7, 5) == nil || d.CopyOut(0, make([]byte, 32), tensor) == nil {
		t.Error("the host reaches the red zone")
	}
	k := kernelOf(t, d, addPTX, "add")
	g, err := d.Capture(0, func() error { // a capture repeats marks with the work
		d.Mark(0, tensor, 16, true)
		return d.Launch(0, k, dim(1, 1), dim(32, 1), 0, pack(t, k, tensor, 4))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, g.Launch(0), Uninitialised)
}

func TestMemoryErrors(t *testing.T) {
	d := New(Config{})
	p := upload(t, d, make([]uint32, 4))
	q := alloc[uint32](t, d, 4)
	k := kernelOf(t, d, addPTX, "add")
	for name, err := range map[string]error{
		"copy past the end":   d.CopyIn(0, p, make([]byte, 17)),
		"copy onto itself":    d.Copy(0, p, p+4, 8),
		"fill misaligned":     d.Fill32(0, p+2, 0, 1),
		"free inside":         d.Free(p + 4),
		"free of nothing":     d.Free(12),
		"unknown stream":      d.Fill32(99, p, 0, 1),
		"host memory":         d.FreeHost(make([]byte, 4)),
		"empty grid":          d.Launch(0, k, dim(0, 1), dim(32, 1), 0, pack(t, k, p, 4)),
		"large block":         d.Launch(0, k, dim(1, 1), dim(1025, 1), 0, pack(t, k, p, 4)),
		"too few arguments":   d.Launch(0, k, dim(1, 1), dim(32, 1), 0, make([]byte, 8)),
		"too much shared":     d.Launch(0, k, dim(1, 1), dim(32, 1), 1<<20, pack(t, k, p, 4)),
		"elapsed of no event": func() error { _, err := d.Elapsed(1, 2); return err }(),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := firstError(d.Free(p), d.Free(q)); err != nil {
		t.Error(err)
	}
	if d.Free(p) == nil || d.CopyIn(0, p, make([]byte, 4)) == nil {
		t.Error("memory can be used after Free")
	}
	p, q = upload(t, d, make([]uint32, 4)), alloc[uint32](t, d, 4)
	if err := d.Copy(0, p, q, 16); err != nil { // copies that it was never written
		t.Error(err)
	}
	wantFault(t, d.Launch(0, k, dim(1, 1), dim(32, 1), 0, pack(t, k, p, 4)), Uninitialised)
}

func TestLoadErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":    "is it PTX?",
		"foo": "ptx line 1: unexpected",
		".version 7.0\n.target sm_80\n.func f() {}":                                        "functions are not supported",
		".version 7.0\n.target sm_80\n.extern .func (.param .b32 r) expf (.param .b32 x);": "not in the text",
		body("frob.b32 %r, %t;"):                                                           "ptx line 12: `frob.b32 %r, %t;`: unknown instruction frob.b32",
		body("add.rz.f32 %r, %t, %t;"):                                                     "modifier .rz is not supported",
		body("add.b32 %r, %t, %t;"):                                                        "type .b32 is not supported",
		body("add.s32 %r, %t;"):                                                            "2 operands, want 3",
		body("add.s32 %d1, %t, %t;"):                                                       "destination %d1 is not a register of up to 32 bits",
		body("add.s32 %r, %d1, %t;"):                                                       "operand %d1 is not a register of up to 32 bits",
		body("mov.u32 %r, %tid.w;"):                                                        "unknown register %tid.w",
		body("mov.u32 %r, nothing;"):                                                       "unknown name nothing",
		body("bra $L9;"):                                                                   "unknown label $L9",
		body("$L1: mov.b32 %r, 1;\n$L1:"):                                                  "label $L1 twice",
		body("ld.global.v4.u32 {%r, %t}, [%o];"):                                           "2 registers, want 4",
		body("ld.global.v4.u64 {%d1,%d1,%d1,%d1}, [%o];"):                                  "at most 16",
		body("st.param.u32 [k_out], %t;"):                                                  "cannot be written",
		body("ld.param.u64 %d1, [k_out+4];"):                                               "outside of the parameters",
		body("mov.b32 %r, 1"):                                                              "want \",\"",
		body("@%t mov.b32 %r, 1;"):                                                         "guard %t is not a predicate",
		body("cp.async.cg.shared.global [%a1], [%o], 4;"):                                  "cannot copy 4 bytes",
		body("mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%r,%r,%r,%r}, {%t,%t,%t,%t}, {%t,%t}, {%t,%t,%t,%t};"): "form of mma",
		body("atom.global.add.b32 %r, [%o], %t;"):                             "atomic .add on .b32",
		body("mov.b32 %r, 1; /* open"):                                        "comment without end",
		strings.Replace(body("mov.b32 %r, 1;"), "buf[1024]", "buf[65536]", 1): "65536 bytes of static shared memory",
	} {
		_, err := New(Config{}).Load(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	// A kernel has what it names of the module's variables.
	both := strings.Replace(body("mov.u64 %d1, one;\nmov.b32 %r, 1;"), ".visible", ".shared .align 4 .b8 one[1024];\n.shared .align 4 .b8 two[49152];\n.visible", 1)
	for text, ok := range map[string]bool{both: true, strings.Replace(both, "%d1, one", "%d1, two", 1): false} {
		if _, err := New(Config{}).Load(text); (err == nil) != ok {
			t.Errorf("got %v for %s", err, text)
		}
	}
	m, err := New(Config{}).Load(addPTX)
	if err != nil || fmt.Sprint(m.Names()) != "[add]" {
		t.Fatal(m, err)
	}
	k, err := m.Kernel("add")
	if err != nil || fmt.Sprint(k.Params()) != fmt.Sprint([]driver.Param{{Name: "x", Offset: 0, Size: 8, Align: 8}, {Name: "n", Offset: 8, Size: 4, Align: 4}}) {
		t.Errorf("parameters %v, %v", k, err)
	}
	if _, err := m.Kernel("sub"); err == nil || !strings.Contains(err.Error(), "add") {
		t.Errorf("Kernel(sub): %v", err)
	}
}
