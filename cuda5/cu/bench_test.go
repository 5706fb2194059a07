package cu_test

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/barnex/cuda5/cu"
)

type hotCall struct {
	name string
	call func()
}

// hotCalls are the calls of a training step. Their times include the work of
// the fake library, except for those named alone.
func hotCalls(t testing.TB) []hotCall {
	f := load(t, axpyKernel)
	dx, dy := cu.MemAlloc(4), cu.MemAlloc(4)
	s := nonBlocking(t)
	e, err := cu.EventCreate(cu.EVENT_DISABLE_TIMING)
	check(t, err)
	host := cu.MemAllocHost(4)
	a, n := float32(0), int32(1)
	params := []unsafe.Pointer{unsafe.Pointer(&dy), unsafe.Pointer(&dx), unsafe.Pointer(&a), unsafe.Pointer(&n)}
	args := make([]byte, 0, 64)
	one := cu.Dim3{1, 1, 1}
	config := cu.LaunchConfig{Grid: one, Block: one, Stream: s, Serialization: true}
	nothing := load(t, "nothing(.param .u64 x, .param .u64 y, .param .u64 z)")
	ok := func(err error) { // check is slow
		if err != nil {
			t.Fatal(err)
		}
	}
	g, err := s.Capture(cu.CAPTURE_THREAD_LOCAL, func() error { return e.Record(s) })
	check(t, err)
	exec, err := g.Instantiate(0)
	check(t, err)
	return []hotCall{
		{"Launch alone", func() { ok(nothing.Launch(one, one, 0, s, args[:24])) }},
		{"LaunchKernel alone", func() { cu.LaunchKernel(nothing, 1, 1, 1, 1, 1, 1, 0, s, params) }},
		{"Query", func() { cu.StreamQuery(0) }},
		{"LaunchKernel", func() { cu.LaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, s, params) }},
		{"Launch", func() { ok(f.Launch(one, one, 0, s, args[:24])) }},
		{"Launch and AppendArg", func() {
			args = cu.AppendArg(cu.AppendArg(cu.AppendArg(cu.AppendArg(args[:0], dy), dx), a), n)
			ok(f.Launch(one, one, 0, s, args))
		}},
		{"LaunchEx", func() { ok(f.LaunchEx(config, args[:24])) }},
		{"MemcpyHtoDAsync", func() { cu.MemcpyHtoDAsync(dx, host, 4, s) }},
		{"MemcpyDtoHAsync", func() { cu.MemcpyDtoHAsync(host, dx, 4, s) }},
		{"MemcpyDtoDAsync", func() { cu.MemcpyDtoDAsync(dy, dx, 4, s) }},
		{"MemsetD32Async", func() { cu.MemsetD32Async(dx, 0, 1, s) }},
		{"MemsetD32Async in Try", func() { ok(cu.Try(func() { cu.MemsetD32Async(dx, 0, 1, s) })) }},
		{"EventRecord", func() { ok(e.Record(s)) }},
		{"WaitEvent", func() { ok(s.WaitEvent(e)) }},
		{"GraphLaunch", func() { ok(exec.Launch(s)) }},
	}
}

func TestHotCallsDoNotAllocate(t *testing.T) {
	withContext(t)
	for _, c := range hotCalls(t) {
		if n := testing.AllocsPerRun(100, c.call); n != 0 {
			t.Errorf("%s: %g allocations", c.name, n)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	ctx := withContext(b)
	for _, c := range hotCalls(b) {
		b.Run(c.name, func(b *testing.B) {
			runtime.LockOSThread() // each benchmark has a goroutine of its own
			defer runtime.UnlockOSThread()
			ctx.SetCurrent()
			defer cu.CtxSetCurrent(0)
			b.ReportAllocs()
			for b.Loop() {
				c.call()
			}
		})
	}
}
