package cu_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"github.com/barnex/cuda5/cu"
)

// The real driver has every function under the name that the package uses.
func TestRealLibrary(t *testing.T) {
	if !inChild(t) {
		return
	}
	if err := cu.Open(""); err != nil {
		t.Skip(err)
	}
	t.Logf("the driver supports CUDA %d", cu.Version())
	if missing := cu.Missing(); missing != nil && cu.Version() >= 12000 {
		t.Errorf("the driver lacks %v", missing)
	}
}

// TestGPU runs a kernel on a GPU, by itself and in a graph. Without a GPU it
// is skipped, but fails where LBSAM_GPU=1 says that there is one.
func TestGPU(t *testing.T) {
	if !inChild(t) {
		return
	}
	err := cu.Open("")
	if err == nil {
		err = cu.Try(func() { cu.Init(0) })
	}
	if err != nil && os.Getenv("LBSAM_GPU") != "1" {
		t.Skip(err)
	}
	check(t, err)
	release, err := cu.OwnThread(cu.DeviceGet(0))
	check(t, err)
	defer func() { check(t, release()) }()

	m, log, err := cu.ModuleLoadDataEx(axpyPTX, cu.JITSetting{Option: cu.JIT_LOG_VERBOSE, Value: 1})
	check(t, err)
	t.Logf("%s: %s", cu.DeviceGet(0).Name(), log.Info)
	axpy := m.GetFunction("axpy")
	if axpy.GetAttribute(cu.FUNC_A_LOCAL_SIZE_BYTES) != 0 {
		t.Error("axpy spills registers")
	}

	const n = 1000
	x, y, got := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], y[i] = float32(rand.IntN(100)), float32(rand.IntN(100)) // whole numbers: no rounding
	}
	dx, dy := cu.MemAlloc(4*n), cu.MemAlloc(4*n)
	cu.MemcpyHtoD(dx, unsafe.Pointer(&x[0]), 4*n)
	cu.MemcpyHtoD(dy, unsafe.Pointer(&y[0]), 4*n)
	s := nonBlocking(t)
	a, count := float32(2), int32(n)
	grid, block := cu.Dim3{X: cu.DivUp(n, 128), Y: 1, Z: 1}, cu.Dim3{X: 128, Y: 1, Z: 1}
	args := cu.AppendArg(cu.AppendArg(cu.AppendArg(cu.AppendArg(nil, dy), dx), a), count)
	params := []unsafe.Pointer{unsafe.Pointer(&dy), unsafe.Pointer(&dx), unsafe.Pointer(&a), unsafe.Pointer(&count)}

	start, err := cu.EventCreate(cu.EVENT_DEFAULT)
	check(t, err)
	end, err := cu.EventCreate(cu.EVENT_DEFAULT)
	check(t, err)
	check(t, start.Record(s))
	check(t, axpy.Launch(grid, block, 0, s, args))
	cu.LaunchKernel(axpy, grid.X, 1, 1, block.X, 1, 1, 0, s, params)
	g, err := s.Capture(cu.CAPTURE_THREAD_LOCAL, func() error {
		cu.LaunchKernel(axpy, grid.X, 1, 1, block.X, 1, 1, 0, s, params)
		return axpy.Launch(grid, block, 0, s, args) // packed arguments under capture
	})
	check(t, err)
	wantNodes(t, g, cu.NODE_KERNEL, cu.NODE_KERNEL)
	exec, err := g.Instantiate(cu.INSTANTIATE_DEFAULT)
	check(t, err)
	for range 10 {
		check(t, exec.Launch(s))
	}
	check(t, end.Record(s))
	s.Synchronize()
	elapsed, err := cu.Elapsed(start, end)
	check(t, err)
	t.Logf("22 launches in %v", elapsed)
	cu.MemcpyDtoH(unsafe.Pointer(&got[0]), dy, 4*n)
	for i := range y {
		if y[i] += 22 * a * x[i]; got[i] != y[i] {
			t.Fatalf("y[%d] = %g, want %g", i, got[i], y[i])
		}
	}
}

// axpyPTX is y[i] += a x[i]. ptxas accepts it for sm_80.
const axpyPTX = `.version 7.0
.target sm_80
.address_size 64
.visible .entry axpy(.param .u64 y, .param .u64 x, .param .f32 a, .param .u32 n)
{
	.reg .pred %p;
	.reg .b32 %i, %n, %b, %t;
	.reg .f32 %a, %x, %y;
	.reg .b64 %px, %py, %o;
	mov.u32 %b, %ctaid.x;
	mov.u32 %t, %ntid.x;
	mov.u32 %i, %tid.x;
	mad.lo.s32 %i, %b, %t, %i;
	ld.param.u32 %n, [n];
	setp.ge.u32 %p, %i, %n;
	@%p bra done;
	ld.param.u64 %px, [x];
	ld.param.u64 %py, [y];
	cvta.to.global.u64 %px, %px;
	cvta.to.global.u64 %py, %py;
	mul.wide.u32 %o, %i, 4;
	add.s64 %px, %px, %o;
	add.s64 %py, %py, %o;
	ld.param.f32 %a, [a];
	ld.global.f32 %x, [%px];
	ld.global.f32 %y, [%py];
	fma.rn.f32 %y, %a, %x, %y;
	st.global.f32 [%py], %y;
done:
	ret;
}
`
