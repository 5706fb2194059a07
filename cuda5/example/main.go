// Command example adds vectors on a GPU, in the style of programs for the
// package cu of 2017: it compiles unchanged with that package.
package main

import (
	"fmt"
	"log"
	"runtime"
	"unsafe"

	"github.com/barnex/cuda5/cu"
)

const ptx = `
.version 7.0
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

func main() {
	defer func() {
		if err := recover(); err != nil {
			log.Fatal(err.(cu.Result))
		}
	}()
	runtime.LockOSThread()
	cu.Init(0)
	dev := cu.DeviceGet(0)
	major, minor := dev.ComputeCapability()
	fmt.Printf("%s, compute capability %d.%d, %d MB\n", dev.Name(), major, minor, dev.TotalMem()>>20)
	ctx := cu.CtxCreate(cu.CTX_SCHED_AUTO, dev)
	defer ctx.Destroy()
	axpy := cu.ModuleLoadData(ptx).GetFunction("axpy")

	const n = 1000
	x, y := make([]float32, n), make([]float32, n)
	for i := range x {
		x[i], y[i] = float32(i), 1
	}
	const bytes = n * cu.SIZEOF_FLOAT32
	dx, dy := cu.MemAlloc(bytes), cu.MemAlloc(bytes)
	defer dx.Free()
	defer dy.Free()
	cu.MemcpyHtoD(dx, unsafe.Pointer(&x[0]), bytes)
	cu.MemcpyHtoD(dy, unsafe.Pointer(&y[0]), bytes)

	a, count := float32(3), int32(n)
	args := []unsafe.Pointer{unsafe.Pointer(&dy), unsafe.Pointer(&dx), unsafe.Pointer(&a), unsafe.Pointer(&count)}
	block := 256
	cu.LaunchKernel(axpy, cu.DivUp(n, block), 1, 1, block, 1, 1, 0, 0, args)
	cu.CtxSynchronize()
	cu.MemcpyDtoH(unsafe.Pointer(&y[0]), dy, bytes)
	for i := range y {
		if y[i] != a*x[i]+1 {
			log.Fatalf("y[%d] = %g, want %g", i, y[i], a*x[i]+1)
		}
	}
	fmt.Printf("y[%d] = %g\n", n-1, y[n-1])
}
