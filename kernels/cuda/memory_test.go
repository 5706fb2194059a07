package cuda_test

import (
	"bytes"
	"errors"
	"testing"

	"lbsam/kernels/cuda"
	"lbsam/kernels/driver"
)

func TestMemory(t *testing.T) {
	d := open(t, cuda.Config{})
	p, q := alloc(t, d, 40), alloc(t, d, 40)
	if p%256 != 0 || q%256 != 0 || d.InUse() != 80 {
		t.Errorf("%#x and %#x, %d bytes in use, want multiples of 256 and 80 bytes", p, q, d.InUse())
	}
	src := []byte("0123456789012345678901234567890123456789")
	want := bytes.Clone(src)
	check(t, d.CopyIn(0, p, src))
	clear(src) // it was read on return
	check(t, d.Copy(0, q, p, 40), d.Fill32(0, q+8, 0x41424344, 3))
	copy(want[8:], "DCBADCBADCBA")
	got := make([]byte, 40)
	check(t, d.CopyOut(0, got, q))
	if !bytes.Equal(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	check(t, d.Copy(0, q, p, 0), d.Fill32(0, q, 0, 0), d.CopyIn(0, q, nil), d.CopyOut(0, nil, q))
	d.Mark(0, p, 40, false) // nothing
	check(t, d.CopyOut(0, got, p), d.Free(p))
	if d.InUse() != 40 {
		t.Errorf("%d bytes in use, want 40", d.InUse())
	}
	wantError(t, "second Free", d.Free(p), "not the start of an allocation, or freed before")
	wantError(t, "Free inside", d.Free(q+4), "not the start of an allocation")
	check(t, d.Free(q))
}

// The fake library does work as late as it may: a copy of pinned memory is not
// done before Sync.
func TestPinnedMemory(t *testing.T) {
	d := open(t, cuda.Config{})
	p := alloc(t, d, 8)
	host, err := d.AllocHost(16)
	check(t, err)
	copy(host, "in______________")
	check(t, d.CopyIn(0, p, host[:8]), d.CopyOut(0, host[8:], p))
	if string(host[8:10]) != "__" {
		t.Error("the copy is not asynchronous")
	}
	check(t, d.Sync(0))
	if string(host) != "in______in______" {
		t.Errorf("got %s", host)
	}
	wantError(t, "FreeHost inside", d.FreeHost(host[8:]), "memory is not from AllocHost, or freed before")
	wantError(t, "FreeHost of Go memory", d.FreeHost(make([]byte, 4)), "memory is not from AllocHost")
	check(t, d.FreeHost(host[:4]))
	wantError(t, "second FreeHost", d.FreeHost(host), "memory is not from AllocHost, or freed before")
}

// Free waits for the work that uses the memory: the fake library would write
// to memory that is gone.
func TestFreeWaits(t *testing.T) {
	d := open(t, cuda.Config{})
	increment, p := counter(t, d)
	side, err := d.NewStream()
	check(t, err)
	q := alloc(t, d, 4)
	check(t, increment(side), d.Copy(side, q, p, 4))
	check(t, d.Free(p))
	if n := word(t, d, q); n != 1 {
		t.Errorf("got %d, want 1", n)
	}
}

func TestOutOfMemory(t *testing.T) {
	d := open(t, cuda.Config{})
	p := alloc(t, d, 1<<20)
	_, err := d.Alloc(9 << 30)
	var oom driver.OutOfMemory
	if !errors.As(err, &oom) || oom.Device != "cuda:0" || oom.Wanted != 9<<30 || oom.Total != 8<<30 || oom.Free > 8<<30-1<<20 {
		t.Errorf("got %+v, %v", oom, err)
	}
	wantError(t, "Alloc", err, "device cuda:0: out of memory: 9.00 GiB wanted, 8.00 GiB of 8.00 GiB free")
	check(t, d.Free(p)) // the device stays usable
	if d.InUse() != 0 {
		t.Errorf("%d bytes in use", d.InUse())
	}
}

func TestMemoryErrors(t *testing.T) {
	d := open(t, cuda.Config{})
	p := alloc(t, d, 16)
	_, none := d.Alloc(0)
	_, noHost := d.AllocHost(-1)
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"Alloc":         {none, "cuda:0: Alloc of 0 bytes"},
		"AllocHost":     {noHost, "cuda:0: AllocHost of -1 bytes"},
		"overlap":       {d.Copy(0, p, p+4, 8), "the ranges overlap"},
		"overlap below": {d.Copy(0, p+4, p, 8), "the ranges overlap"},
		"fill":          {d.Fill32(0, p+2, 0, 1), "want an address that is a multiple of 4"},
		"outside":       {d.Fill32(0, p, 0, 5), "cuda:0: Fill32: CUDA_ERROR_INVALID_VALUE"},
		"stream":        {d.CopyIn(5, p, nil), "cuda:0: CopyIn: unknown stream 5"},
	} {
		wantError(t, what, c.err, c.want)
	}
	check(t, d.Copy(0, p, p+8, 8)) // side by side
}
