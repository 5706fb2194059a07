package cu_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/barnex/cuda5/cu"
)

// dumpKernel has parameters of every size. It writes the launch and the
// parameters to dst.
const dumpKernel = `dump(.param .u64 dst, .param .u8 a, .param .u16 b, .param .s32 c, .param .f32 d, .param .f64 e, .param .u8 f,
	.param .align 4 .b8 g[12], .param .u64 h, .param .align 64 .b8 m[128], .param .u8 z)`

type triple struct {
	x, y float32
	n    int32
}

type values struct {
	dst cu.DevicePtr
	a   uint8
	b   uint16
	c   int32
	d   float32
	e   float64
	f   uint8
	g   triple
	h   uint64
	m   cu.TensorMap
	z   uint8
}

func someValues(dst cu.DevicePtr) *values {
	v := &values{dst, 0xfe, 0xfedc, -7, float32(math.Pi), -math.Pi, 1, triple{1.5, -2.5, 42}, 0xfedcba9876543210, cu.TensorMap{}, 0xef}
	for i := range v.m {
		v.m[i] = byte(i)
	}
	return v
}

// bytes returns the parameters as the kernel sees them.
func (v *values) bytes() []byte {
	var b []byte
	at := func(offset int, value any) {
		b = append(b, make([]byte, offset-len(b))...)
		b, _ = binary.Append(b, binary.LittleEndian, value)
	}
	at(0, uint64(v.dst))
	at(8, v.a)
	at(10, v.b)
	at(12, v.c)
	at(16, v.d)
	at(24, v.e)
	at(32, v.f)
	at(36, v.g.x)
	at(40, v.g.y)
	at(44, v.g.n)
	at(48, v.h)
	at(64, v.m)
	at(192, v.z)
	return b
}

func (v *values) packed() []byte {
	args := cu.AppendArg(nil, v.dst)
	args = cu.AppendArg(args, v.a)
	args = cu.AppendArg(args, v.b)
	args = cu.AppendArg(args, v.c)
	args = cu.AppendArg(args, v.d)
	args = cu.AppendArg(args, v.e)
	args = cu.AppendArg(args, v.f)
	args = cu.AppendArg(args, v.g)
	args = cu.AppendArg(args, v.h)
	args = cu.AppendArg(cu.AlignArgs(args, 64), v.m)
	return cu.AppendArg(args, v.z)
}

const headerBytes = 48 // grid, block, shared, cluster, serialization, cooperative

func TestLaunch(t *testing.T) {
	withContext(t)
	f := load(t, dumpKernel)
	dst := cu.MemAlloc(1000)
	defer dst.Free()
	v := someValues(dst)
	s := cu.StreamCreate()
	defer s.Destroy()
	grid, block := cu.Dim3{2147483647, 65535, 3}, cu.Dim3{4, 5, 6}
	plain := []uint32{2147483647, 65535, 3, 4, 5, 6, 49152, 0, 0, 0, 0, 0}
	for _, c := range []struct {
		name   string
		launch func() error
		header []uint32
	}{
		{"LaunchKernel", func() error {
			p := unsafe.Pointer(v)
			at := func(offset uintptr) unsafe.Pointer { return unsafe.Add(p, offset) }
			params := []unsafe.Pointer{p, at(unsafe.Offsetof(v.a)), at(unsafe.Offsetof(v.b)), at(unsafe.Offsetof(v.c)),
				at(unsafe.Offsetof(v.d)), at(unsafe.Offsetof(v.e)), at(unsafe.Offsetof(v.f)), at(unsafe.Offsetof(v.g)),
				at(unsafe.Offsetof(v.h)), at(unsafe.Offsetof(v.m)), at(unsafe.Offsetof(v.z))}
			return cu.Try(func() {
				cu.LaunchKernel(f, grid.X, grid.Y, grid.Z, block.X, block.Y, block.Z, 49152, s, params)
			})
		}, plain},
		{"Launch", func() error { return f.Launch(grid, block, 49152, s, v.packed()) }, plain},
		{"LaunchEx", func() error {
			return f.LaunchEx(cu.LaunchConfig{Grid: grid, Block: block, SharedMemBytes: 49152, Stream: s}, v.packed())
		}, plain},
		{"LaunchEx with all", func() error {
			return f.LaunchEx(cu.LaunchConfig{Grid: cu.Dim3{2, 2, 2}, Block: block, Stream: s, Cluster: cu.Dim3{2, 1, 2},
				Serialization: true, Cooperative: true}, v.packed())
		}, []uint32{2, 2, 2, 4, 5, 6, 0, 2, 1, 2, 1, 1}},
		{"LaunchEx cooperative", func() error {
			return f.LaunchEx(cu.LaunchConfig{Grid: cu.Dim3{1, 1, 1}, Block: block, Stream: s, Cooperative: true}, v.packed())
		}, []uint32{1, 1, 1, 4, 5, 6, 0, 0, 0, 0, 0, 1}},
	} {
		cu.MemsetD8(dst, 0, 1000)
		if err := c.launch(); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		s.Synchronize()
		got := make([]byte, headerBytes+193)
		cu.MemcpyDtoH(unsafe.Pointer(&got[0]), dst, int64(len(got)))
		var header [12]uint32
		binary.Decode(got, binary.LittleEndian, &header)
		if !slices.Equal(header[:], c.header) {
			t.Errorf("%s: header %v, want %v", c.name, header, c.header)
		}
		// Padding is not defined for LaunchKernel: the fake library has zeros there.
		if want := v.bytes(); !bytes.Equal(got[headerBytes:], want) {
			t.Errorf("%s: arguments\n%x, want\n%x", c.name, got[headerBytes:], want)
		}
	}
}

// Values on the stack reach the kernel while the stack grows, other goroutines
// launch and the collector runs.
func TestLaunchStress(t *testing.T) {
	ctx := withContext(t)
	f := load(t, axpyKernel)
	stop := make(chan bool)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ctx.SetCurrent()
			defer cu.CtxSetCurrent(0)
			s := cu.StreamCreate()
			defer s.Destroy()
			for range 5 {
				deep(t, f, s, 50)
			}
		})
	}
	workers.Wait()
	close(stop)
}

// deep does its work at every depth of the stack.
func deep(t *testing.T, f cu.Function, s cu.Stream, depth int) {
	var x, y [64]float32
	for i := range x {
		x[i], y[i] = float32(i), float32(depth)
	}
	dx, dy := cu.MemAlloc(256), cu.MemAlloc(256)
	cu.MemcpyHtoD(dx, unsafe.Pointer(&x), 256)
	cu.MemcpyHtoD(dy, unsafe.Pointer(&y), 256)
	a, n := float32(depth), int32(len(x))
	cu.LaunchKernel(f, 1, 1, 1, 64, 1, 1, 0, s, []unsafe.Pointer{unsafe.Pointer(&dy), unsafe.Pointer(&dx), unsafe.Pointer(&a), unsafe.Pointer(&n)})
	args := cu.AppendArg(cu.AppendArg(cu.AppendArg(cu.AppendArg(make([]byte, 0, 24), dy), dx), a), n)
	if err := f.Launch(cu.Dim3{1, 1, 1}, cu.Dim3{64, 1, 1}, 0, s, args); err != nil {
		t.Error(err)
	}
	s.Synchronize()
	cu.MemcpyDtoH(unsafe.Pointer(&y), dy, 256)
	for i := range y {
		if want := a + 2*a*x[i]; y[i] != want {
			t.Errorf("depth %d: y[%d] = %g, want %g", depth, i, y[i], want)
			break
		}
	}
	dx.Free()
	dy.Free()
	if depth > 0 {
		deep(t, f, s, depth-1)
	}
}

func TestLaunchErrors(t *testing.T) {
	withContext(t)
	f := load(t, incrementKernel)
	p := cu.MemAlloc(4)
	defer p.Free()
	one, block := cu.Dim3{1, 1, 1}, cu.Dim3{1, 1, 1}
	args := cu.AppendArg(nil, p)
	for name, err := range map[string]error{
		"empty grid":        f.Launch(cu.Dim3{1, 0, 1}, block, 0, 0, args),
		"negative grid":     f.Launch(one, cu.Dim3{-1, 1, 1}, 0, 0, args),
		"large block":       f.Launch(one, cu.Dim3{1025, 1, 1}, 0, 0, args),
		"much shared":       f.Launch(one, block, 49153, 0, args),
		"few arguments":     f.Launch(one, block, 0, 0, args[:4]),
		"no arguments":      f.Launch(one, block, 0, 0, nil),
		"many arguments":    f.Launch(one, block, 0, 0, make([]byte, 40000)),
		"many arguments Ex": f.LaunchEx(cu.LaunchConfig{Grid: one, Block: block}, make([]byte, 40000)),
		"empty grid Ex":     f.LaunchEx(cu.LaunchConfig{Block: block}, args),
	} {
		if !errors.Is(err, cu.ERROR_INVALID_VALUE) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.Launch(one, block, 0, 0, nil); err == nil || err.Error() != "cuLaunchKernel: CUDA_ERROR_INVALID_VALUE: invalid argument" {
		t.Errorf("got %v", err)
	}
	check(t, f.SetAttribute(cu.FUNC_A_MAX_DYNAMIC_SHARED_SIZE_BYTES, 60000))
	check(t, f.Launch(one, block, 60000, 0, args))
}

func TestAppendArg(t *testing.T) {
	args := cu.AppendArg(nil, uint8(1))
	args = cu.AppendArg(args, float32(1))
	args = cu.AppendArg(args, [3]uint8{2, 3, 4})
	args = cu.AppendArg(args, uint64(5))
	args = cu.AppendArg(cu.AlignArgs(args, 16), [4]float32{})
	want := append([]byte{1, 0, 0, 0, 0, 0, 0x80, 0x3f, 2, 3, 4, 0, 0, 0, 0, 0, 5}, make([]byte, 15+16-8+8)...)
	if !bytes.Equal(args, want[:48]) {
		t.Errorf("got %x, want %x", args, want[:48])
	}
	if n := testing.AllocsPerRun(100, func() { args = cu.AppendArg(args[:0], float64(1)) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
