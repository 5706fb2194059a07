package cu_test

import (
	"errors"
	"testing"
	"time"
	"unsafe"

	"github.com/barnex/cuda5/cu"
)

// word returns the 32-bit integer at p.
func word(p cu.DevicePtr) (v int32) {
	cu.MemcpyDtoH(unsafe.Pointer(&v), p, 4)
	return v
}

// counter returns a launch of the increment kernel and the integer that it
// increments, which starts at 0.
func counter(t testing.TB) (func(cu.Stream) error, cu.DevicePtr) {
	f := load(t, incrementKernel)
	p := cu.MemAlloc(4)
	t.Cleanup(p.Free)
	cu.MemsetD32(p, 0, 1)
	args := cu.AppendArg(nil, p)
	return func(s cu.Stream) error { return f.Launch(cu.Dim3{1, 1, 1}, cu.Dim3{1, 1, 1}, 0, s, args) }, p
}

func nonBlocking(t testing.TB) cu.Stream {
	s, err := cu.StreamCreateWithPriority(cu.STREAM_NON_BLOCKING, -1)
	check(t, err)
	t.Cleanup(func() { s.Destroy() })
	return s
}

func TestStream(t *testing.T) {
	withContext(t)
	increment, p := counter(t)
	s := nonBlocking(t)
	if n, err := s.Priority(); n != -1 || err != nil {
		t.Errorf("Priority: %d, %v", n, err)
	}
	if r := s.Query(); r != cu.SUCCESS {
		t.Errorf("Query of an idle stream: %v", r)
	}
	check(t, increment(s))
	if word(p) != 0 {
		t.Error("the fake library ran work before it had to")
	}
	if r := s.Query(); r != cu.ERROR_NOT_READY {
		t.Errorf("Query: %v", r)
	}
	s.Synchronize()
	if word(p) != 1 || s.Query() != cu.SUCCESS {
		t.Errorf("counter %d, want 1", word(p))
	}
	check(t, increment(s))
	cu.CtxSynchronize()
	blocking := cu.StreamCreate()
	check(t, increment(blocking))
	if word(p) != 3 { // the copy in the default stream waits
		t.Errorf("counter %d, want 3", word(p))
	}
	blocking.Destroy()
	if blocking != 0 {
		t.Error("Destroy leaves the stream")
	}
	wantPanic(t, cu.ERROR_INVALID_HANDLE, func() { cu.StreamDestroy(&blocking) })
}

func TestEvent(t *testing.T) {
	withContext(t)
	increment, p := counter(t)
	a, b := nonBlocking(t), nonBlocking(t)
	start, err := cu.EventCreate(cu.EVENT_BLOCKING_SYNC)
	check(t, err)
	end, err := cu.EventCreate(cu.EVENT_DEFAULT)
	check(t, err)
	check(t, start.Record(a))
	check(t, increment(a))
	check(t, increment(a))
	check(t, end.Record(a))
	if _, err := cu.Elapsed(start, end); !errors.Is(err, cu.ERROR_NOT_READY) {
		t.Errorf("Elapsed: %v", err)
	}
	if r := end.Query(); r != cu.ERROR_NOT_READY {
		t.Errorf("Query: %v", r)
	}
	check(t, b.WaitEvent(end)) // b waits for the work in a
	b.Synchronize()
	if n := word(p); n != 2 {
		t.Errorf("counter %d, want 2", n)
	}
	check(t, end.Synchronize())
	if r := end.Query(); r != cu.SUCCESS {
		t.Errorf("Query: %v", r)
	}
	if d, err := cu.Elapsed(start, end); d != time.Millisecond || err != nil {
		t.Errorf("Elapsed: %v, %v", d, err)
	}
	silent, err := cu.EventCreate(cu.EVENT_DISABLE_TIMING)
	check(t, err)
	if _, err := cu.Elapsed(silent, end); !errors.Is(err, cu.ERROR_INVALID_HANDLE) {
		t.Errorf("Elapsed without timing: %v", err)
	}
	for _, e := range []*cu.Event{&start, &end, &silent} {
		check(t, e.Destroy())
	}
	if err := end.Record(a); !errors.Is(err, cu.ERROR_INVALID_HANDLE) || end != 0 {
		t.Errorf("Record of a destroyed event: %v", err)
	}
}

// A kernel that fails makes later calls fail.
func TestDeviceError(t *testing.T) {
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library) {
		return
	}
	withContext(t)
	crash, increment := load(t, "crash()"), load(t, incrementKernel)
	one := cu.Dim3{1, 1, 1}
	check(t, crash.Launch(one, one, 0, 0, nil))
	cu.CtxSynchronize()
	if err := increment.Launch(one, one, 0, 0, make([]byte, 8)); !errors.Is(err, cu.ERROR_ILLEGAL_ADDRESS) {
		t.Errorf("got %v", err)
	}
}

func TestProfiler(t *testing.T) {
	withContext(t)
	check(t, cu.ProfilerStart())
	check(t, cu.ProfilerStop())
}
