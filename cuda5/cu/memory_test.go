package cu_test

import (
	"errors"
	"slices"
	"testing"
	"unsafe"

	"github.com/barnex/cuda5/cu"
)

func TestMemory(t *testing.T) {
	withContext(t)
	before, total := cu.MemGetInfo()
	p := cu.MemAlloc(1000)
	if free, _ := cu.MemGetInfo(); free != before-1000 || total != 8<<30 {
		t.Errorf("MemGetInfo: %d of %d bytes, before %d", free, total, before)
	}
	if bytes, base := (p + 10).GetAddressRange(); bytes != 1000 || base != p || p.Bytes() != 1000 {
		t.Errorf("GetAddressRange: %d bytes at %v, want 1000 at %v", bytes, base, p)
	}
	if p.MemoryType() != cu.MemoryTypeDevice {
		t.Errorf("MemoryType: %v", p.MemoryType())
	}
	if _, r := cu.PointerGetAttributeMemoryType(1); r != cu.ERROR_INVALID_VALUE {
		t.Errorf("MemoryType of a foreign pointer: %v", r)
	}
	p.Free()
	wantPanic(t, cu.ERROR_INVALID_VALUE, p.Free)
	wantPanic(t, cu.ERROR_INVALID_VALUE, func() { cu.MemAlloc(0) })
	wantPanic(t, cu.ERROR_OUT_OF_MEMORY, func() { cu.MemAlloc(1 << 40) })
	cu.MemFree(0)
	if s := cu.DevicePtr(0xabc).String(); s != "0xabc" {
		t.Errorf("String: %s", s)
	}
}

func TestMemcpy(t *testing.T) {
	ctx := withContext(t)
	a, b := cu.MemAlloc(64), cu.MemAlloc(64)
	defer a.Free()
	defer b.Free()
	// Stack variables, which must survive the growth of the stack in the calls.
	var src, dst [16]float32
	for i := range src {
		src[i] = float32(i)
	}
	for name, copy := range map[string]func(){
		"Memcpy":     func() { cu.Memcpy(b, a, 64) },
		"MemcpyDtoD": func() { cu.MemcpyDtoD(b, a, 64) },
		"MemcpyPeer": func() { cu.MemcpyPeer(b, ctx, a, ctx, 64) },
	} {
		cu.MemsetD8(b, 0, 64)
		cu.MemcpyHtoD(a, unsafe.Pointer(&src), 64)
		copy()
		cu.MemcpyDtoH(unsafe.Pointer(&dst), b, 64)
		if dst != src {
			t.Errorf("%s: got %v, want %v", name, dst, src)
		}
	}
	wantPanic(t, cu.ERROR_INVALID_VALUE, func() { cu.MemcpyHtoD(a+1, unsafe.Pointer(&src), 64) })
	wantPanic(t, cu.ERROR_INVALID_VALUE, func() { cu.MemcpyDtoH(unsafe.Pointer(&dst), a, -1) })
}

func TestMemset(t *testing.T) {
	withContext(t)
	p := cu.MemAlloc(8)
	defer p.Free()
	s := cu.StreamCreate()
	defer s.Destroy()
	for _, c := range []struct {
		name string
		set  func()
		want []byte
	}{
		{"D8", func() { cu.MemsetD8(p, 0xfe, 3) }, []byte{0xfe, 0xfe, 0xfe, 0, 0, 0, 0, 0}},
		{"D16", func() { check(t, cu.MemsetD16(p, 0xfedc, 2)) }, []byte{0xdc, 0xfe, 0xdc, 0xfe, 0, 0, 0, 0}},
		{"D32", func() { cu.MemsetD32(p, 0xfedcba98, 2) }, []byte{0x98, 0xba, 0xdc, 0xfe, 0x98, 0xba, 0xdc, 0xfe}},
		{"D8Async", func() { cu.MemsetD8Async(p, 0xfe, 3, s) }, []byte{0xfe, 0xfe, 0xfe, 0, 0, 0, 0, 0}},
		{"D16Async", func() { check(t, cu.MemsetD16Async(p, 0xfedc, 2, s)) }, []byte{0xdc, 0xfe, 0xdc, 0xfe, 0, 0, 0, 0}},
		{"D32Async", func() { cu.MemsetD32Async(p, 0xfedcba98, 2, s) }, []byte{0x98, 0xba, 0xdc, 0xfe, 0x98, 0xba, 0xdc, 0xfe}},
	} {
		cu.MemsetD8(p, 0, 8)
		c.set()
		s.Synchronize()
		got := make([]byte, 8)
		cu.MemcpyDtoH(unsafe.Pointer(&got[0]), p, 8)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %x, want %x", c.name, got, c.want)
		}
	}
}

// Asynchronous copies run when the stream is waited for, and read pinned
// memory then.
func TestMemcpyAsync(t *testing.T) {
	ctx := withContext(t)
	s, err := cu.StreamCreateWithPriority(cu.STREAM_NON_BLOCKING, 0)
	check(t, err)
	defer s.Destroy()
	pinned, err := cu.HostAlloc(12, cu.MEMHOSTALLOC_PORTABLE)
	check(t, err)
	a, b := cu.MemAlloc(4), cu.MemAlloc(4)
	cu.MemcpyHtoDAsync(a, unsafe.Pointer(&pinned[0]), 4, s)
	cu.MemcpyDtoDAsync(b, a, 4, s)
	cu.MemcpyAsync(a, b, 4, s)
	cu.MemcpyPeerAsync(b, ctx, a, ctx, 4, s)
	cu.MemcpyDtoHAsync(unsafe.Pointer(&pinned[8]), b, 4, s)
	copy(pinned, "late")
	s.Synchronize()
	if string(pinned[8:]) != "late" {
		t.Errorf("got %q, want late", pinned[8:])
	}
	a.Free()
	b.Free()
	check(t, cu.HostFree(pinned))
}

func TestPinnedMemory(t *testing.T) {
	withContext(t)
	p := cu.MemAllocHost(16)
	d, err := cu.MemHostGetDevicePointer(p)
	check(t, err)
	if d.MemoryType() != cu.MemoryTypeHost {
		t.Errorf("MemoryType: %v", d.MemoryType())
	}
	cu.MemsetD8(d, 7, 16)
	if b := unsafe.Slice((*byte)(p), 16); b[15] != 7 {
		t.Errorf("byte 15 is %d, want 7", b[15])
	}
	cu.MemFreeHost(p)
	wantPanic(t, cu.ERROR_INVALID_VALUE, func() { cu.MemFreeHost(p) })
	if _, err := cu.HostAlloc(0, 0); !errors.Is(err, cu.ERROR_INVALID_VALUE) {
		t.Errorf("HostAlloc of 0 bytes: %v", err)
	}
	own := new([4096]byte)
	check(t, cu.MemHostRegister(unsafe.Pointer(own), 4096, cu.MEMHOSTREGISTER_PORTABLE|cu.MEMHOSTREGISTER_READ_ONLY))
	check(t, cu.MemHostUnregister(unsafe.Pointer(own)))
	if err := cu.MemHostUnregister(unsafe.Pointer(own)); !errors.Is(err, cu.ERROR_INVALID_VALUE) {
		t.Errorf("second MemHostUnregister: %v", err)
	}
}

func TestMemAllocAsync(t *testing.T) {
	withContext(t)
	s := cu.StreamCreate()
	defer s.Destroy()
	p, err := cu.MemAllocAsync(4, s)
	check(t, err)
	cu.MemsetD32Async(p, 1, 1, s)
	check(t, p.FreeAsync(s))
	if err := p.FreeAsync(s); !errors.Is(err, cu.ERROR_INVALID_VALUE) {
		t.Errorf("second FreeAsync: %v", err)
	}
}
