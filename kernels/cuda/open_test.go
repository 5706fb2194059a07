package cuda_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"lbsam/kernels/cuda"
	"lbsam/kernels/driver"
)

func TestOpen(t *testing.T) {
	c := cuda.Config{Library: fakeLibrary(t)}
	d, err := cuda.Open(1, c)
	check(t, err)
	want := cuda.Info{Name: "Fake GPU 1", Major: 9, Minor: 0, SMs: 132, Memory: 8 << 30, L2: 50 << 20, Shared: 227 << 10,
		Clock: 1980, MemoryClock: 2619, BusWidth: 5120, CUDA: "12.8"}
	if got := d.Info(); got != want || d.Name() != "cuda:1" {
		t.Errorf("%s: got %+v, want %+v", d.Name(), got, want)
	}
	if got, want := d.Info().String(), "Fake GPU 1, compute capability 9.0, 132 SMs at 1980 MHz, 8.00 GiB, driver for CUDA 12.8"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	check(t, d.Close(), d.Close())
	_, err = d.Alloc(4)
	wantError(t, "Alloc", err, "cuda:1: the device is closed")
	wantError(t, "Sync", d.Sync(0), "cuda:1: the device is closed")
	d, err = cuda.Open(1, c) // again
	check(t, err, d.Sync(0), d.Close())
}

// A thread has one context, so a goroutine has one device.
func TestOpenTwice(t *testing.T) {
	d := open(t, cuda.Config{})
	_, err := cuda.Open(1, cuda.Config{})
	wantError(t, "second Open", err, "device cuda:1: this thread has a device already: open each one in a goroutine of its own")
	other := make(chan driver.Kernel)
	go func() {
		defer close(other)
		e, err := cuda.Open(1, cuda.Config{})
		if err != nil {
			t.Error(err)
			return
		}
		m, err := e.Load(".version 7.0\n.entry k() { ret; }")
		if err != nil {
			t.Error(err)
			return
		}
		k, _ := m.Kernel("k")
		other <- k
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	if k := <-other; k != nil {
		wantError(t, "Launch", d.Launch(0, k, one, one, 0, nil), "cuda:0: Launch: k is a kernel of another driver")
	}
	<-other
}

// Close releases what its user did not.
func TestCloseReleases(t *testing.T) {
	free := func(d *cuda.Device) int64 {
		_, err := d.Alloc(1 << 40)
		var oom driver.OutOfMemory
		if !errors.As(err, &oom) {
			t.Fatal(err)
		}
		return oom.Free
	}
	d := open(t, cuda.Config{})
	before := free(d)
	increment, _ := counter(t, d)
	_, err := d.AllocHost(4)
	check(t, err)
	_, err = d.NewEvent()
	check(t, err)
	s, err := d.NewStream()
	check(t, err)
	g, err := d.Capture(0, func() error { return increment(0) })
	check(t, err, g.Launch(s), d.Close())
	if after := free(open(t, cuda.Config{})); after != before {
		t.Errorf("%d bytes are free, want %d", after, before)
	}
}

// Every reason for which a device cannot be opened is told in one line, as a
// driver.Unavailable.
func TestOpenErrors(t *testing.T) {
	for _, c := range []struct {
		name        string
		ordinal     int
		environment string
		want        string
	}{
		{"NoDevice", 0, "FAKECUDA_DEVICES=0", "device cuda:0: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected; does nvidia-smi list a GPU"},
		{"Ordinal", 7, "", "device cuda:7: there are 2 devices, 0 to 1: "},
		{"NegativeOrdinal", -1, "", "device cuda:-1: there are 2 devices, 0 to 1: "},
		{"OrdinalOfOne", 1, "FAKECUDA_DEVICES=1", "device cuda:1: there is 1 device, 0: "},
		{"OldDriver", 0, "FAKECUDA_VERSION=11020", "device cuda:0: the driver supports CUDA 11.2, want 11.4 or newer: update NVIDIA's driver"},
		{"VeryOldDriver", 0, "FAKECUDA_VERSION=10020", "it supports CUDA 10.2"},
		{"Capability", 0, "FAKECUDA_CAPABILITY=75", "device cuda:0: Fake GPU 0 has compute capability 7.5, want 8.0 or newer: use another GPU"},
		{"Context", 0, "FAKECUDA_FAIL=cuDevicePrimaryCtxRetain=2", "no context on Fake GPU 0: cuDevicePrimaryCtxRetain: CUDA_ERROR_OUT_OF_MEMORY"},
		{"Stream", 0, "FAKECUDA_FAIL=cuStreamCreateWithPriority=2", "no stream on Fake GPU 0: "},
		{"Attribute", 0, "FAKECUDA_FAIL=cuDeviceGetAttribute=1", "CUDA_ERROR_INVALID_VALUE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if library := fakeLibrary(t); inChild(t, fakeVariable+"="+library, c.environment) {
				wantUnavailable(t, c.ordinal, library, c.want)
			}
		})
	}
}

func wantUnavailable(t *testing.T, ordinal int, library, want string) {
	t.Helper()
	d, err := cuda.Open(ordinal, cuda.Config{Library: library})
	wantError(t, "Open", err, want)
	var u driver.Unavailable
	if !errors.As(err, &u) || d != nil {
		t.Errorf("got %v, %T, want a driver.Unavailable", d, err)
	}
}

func TestOpenWithoutLibrary(t *testing.T) {
	if inChild(t) {
		want := "device cuda:0: cu: no CUDA driver: "
		wantUnavailable(t, 0, "/nowhere/libcuda.so.1", want)
	}
}

func TestOpenIncompleteLibrary(t *testing.T) {
	library := fakeLibrary(t)
	if !isChild() {
		library = compile(t, "libincomplete.so", "-DcuEventQuery=without_cuEventQuery", "-DcuGraphUpload=without_cuGraphUpload")
	}
	if inChild(t, fakeVariable+"="+library) {
		wantUnavailable(t, 0, library, "device cuda:0: the driver lacks cuEventQuery, cuGraphUpload: is NVIDIA's driver completely installed?")
	}
}

// With the tag nocuda the package compiles without the library that calls C, so
// that a program can be static.
func TestWithoutCUDA(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-tags=nocuda", ".").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "cuda5/cu") || strings.Contains(string(out), "purego") {
		t.Errorf("%v: the packages are\n%s", err, out)
	}
}
