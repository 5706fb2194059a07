package cuda_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"lbsam/kernels/cuda"
	"lbsam/kernels/driver"
	"lbsam/kernels/driver/dry"
)

// The fake kernel writes what it was launched with: grid, block, shared memory
// and three attributes, 12 words in all, and then its arguments.
func TestLaunchArguments(t *testing.T) {
	d := open(t, cuda.Config{})
	k := kernelOf(t, d, dumpKernel)
	const size = 48 + 36
	p := alloc(t, d, size)
	args, err := new(driver.Args).Ptr(p).Struct([]byte{7}, 1).Float32(1.5).Uint64(1<<63+1).Struct([]byte("abcdefghijkl"), 4).For(k)
	check(t, err)
	want := append(make([]byte, 48), args...)
	for i, v := range []uint32{2, 3, 4, 5, 6, 7, 8} {
		binary.LittleEndian.PutUint32(want[4*i:], v)
	}
	check(t, d.Launch(0, k, driver.Dim3{X: 2, Y: 3, Z: 4}, driver.Dim3{X: 5, Y: 6, Z: 7}, 8, args))
	clear(args) // they were copied
	got := make([]byte, size)
	check(t, d.CopyOut(0, got, p))
	if !slices.Equal(got, want) {
		t.Errorf("got\n%x, want\n%x", got, want)
	}
	wantParams := "[{dst 0 8 8} {a 8 1 1} {b 12 4 4} {c 16 8 8} {d 24 12 4}]"
	if k.Name() != "dump" || fmt.Sprint(k.Params()) != wantParams {
		t.Errorf("%s has parameters %v, want %s", k.Name(), k.Params(), wantParams)
	}
}

// The fake library, as the real one, refuses more than 48 KiB of shared memory
// unless the kernel's attribute allows it.
func TestLaunchSharedMemory(t *testing.T) {
	d := open(t, cuda.Config{})
	k := kernelOf(t, d, "dump(.param .u64 dst)")
	p := alloc(t, d, 56)
	args, err := new(driver.Args).Ptr(p).For(k)
	check(t, err)
	for _, shared := range []int{48 << 10, 100_000, 60_000, 227 << 10} {
		check(t, d.Launch(0, k, one, one, shared, args))
		got := make([]byte, 56)
		check(t, d.CopyOut(0, got, p))
		if n := binary.LittleEndian.Uint32(got[24:]); n != uint32(shared) {
			t.Errorf("%d bytes of shared memory, want %d", n, shared)
		}
	}
	wantError(t, "Launch", d.Launch(0, k, one, one, 227<<10+1, args),
		"cuda:0: Launch of dump: 232449 bytes of dynamic and 0 of static shared memory, at most 232448 are possible")
}

func TestLaunchErrors(t *testing.T) {
	d := open(t, cuda.Config{})
	k := kernelOf(t, d, incrementKernel)
	foreign := dry.New(dry.Config{})
	m, err := foreign.Load(".entry k(.param .u64 p) { ret; }")
	check(t, err)
	other, err := m.Kernel("k")
	check(t, err)
	args := make([]byte, 8)
	wantError(t, "arguments", d.Launch(0, k, one, one, 0, args[:4]), "cuda:0: Launch of increment: 4 bytes of arguments, want 8 for 1 parameters")
	wantError(t, "kernel", d.Launch(0, other, one, one, 0, args), "cuda:0: Launch: k is a kernel of another driver")
	wantError(t, "stream", d.Launch(99, k, one, one, 0, args), "cuda:0: Launch: unknown stream 99")
	wantError(t, "block", d.Launch(0, k, one, driver.Dim3{X: 1025, Y: 1, Z: 1}, 0, args),
		"cuda:0: Launch of increment, grid (1,1,1), block (1025,1,1), 0 bytes of shared memory: cuLaunchKernel: CUDA_ERROR_INVALID_VALUE")
	check(t, d.Sync(0)) // none of this makes the device lost
}

func TestLoad(t *testing.T) {
	d := open(t, cuda.Config{})
	m, err := d.Load(".version 7.0\n.entry b() { ret; }\n.entry a(.param .u32 n) { ret; }")
	check(t, err)
	if got := m.Names(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("Names: %v", got)
	}
	_, err = m.Kernel("c")
	wantError(t, "Kernel", err, `cuda:0: no kernel "c" among a, b`)
	_, err = d.Load(".version 7.0 syntax error")
	wantError(t, "Load", err, "cuda:0: Load: cuModuleLoadDataEx: CUDA_ERROR_INVALID_PTX: a PTX JIT compilation failed: ptxas application ptx input, line 3; fatal   : Parsing error; ptxas fatal   : Ptx assembly aborted due to errors")
	_, err = d.Load(".entry k(.param .u65 n)")
	wantError(t, "Load", err, "cuda:0: Load: driver: ptx line 1: parameter 0 of k: unknown type .u65")
}

// The calls of a training step allocate no memory of Go.
func TestStepDoesNotAllocate(t *testing.T) {
	d := open(t, cuda.Config{})
	increment, p := counter(t, d)
	host, err := d.AllocHost(4)
	check(t, err)
	q := alloc(t, d, 4)
	e, err := d.NewEvent()
	check(t, err)
	g, err := d.Capture(0, func() error { return increment(0) })
	check(t, err, d.Record(e, 0))
	for name, call := range map[string]func() error{
		"Launch":  func() error { return increment(0) },
		"CopyIn":  func() error { return d.CopyIn(0, q, host) },
		"CopyOut": func() error { return d.CopyOut(0, host, q) },
		"Copy":    func() error { return d.Copy(0, q, p, 4) },
		"Fill32":  func() error { return d.Fill32(0, q, 1, 1) },
		"Graph":   func() error { return g.Launch(0) },
		"Record":  func() error { return d.Record(e, 0) },
		"Wait":    func() error { return d.Wait(0, e) },
		"Sync":    func() error { return d.Sync(0) },
	} {
		var failed error
		for range 100 { // creates the marks of the stream
			check(t, call())
		}
		n := testing.AllocsPerRun(200, func() {
			if err := call(); err != nil {
				failed = err
			}
		})
		if n != 0 || failed != nil {
			t.Errorf("%s: %g allocations, %v", name, n, failed)
		}
	}
}
