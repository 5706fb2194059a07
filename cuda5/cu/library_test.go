package cu_test

import (
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/barnex/cuda5/cu"
)

func TestMissingLibrary(t *testing.T) {
	if !inChild(t) {
		return
	}
	err := cu.Open("/nowhere/libcuda.so.1")
	if err == nil || !strings.HasPrefix(err.Error(), "cu: no CUDA driver: ") {
		t.Errorf("Open: %v", err)
	}
	err = cu.Try(func() { cu.Init(0) })
	if err != error(cu.ERROR_NO_LIBRARY) || !strings.Contains(err.Error(), "no CUDA driver: ") {
		t.Errorf("Init: %v", err)
	}
	if _, err := cu.EventCreate(0); !errors.Is(err, cu.ERROR_NO_LIBRARY) {
		t.Errorf("EventCreate: %v", err)
	}
	if r := cu.StreamQuery(0); r != cu.ERROR_NO_LIBRARY {
		t.Errorf("StreamQuery: %v", r)
	}
	wantPanic(t, cu.ERROR_NO_LIBRARY, func() { cu.LaunchKernel(0, 1, 1, 1, 1, 1, 1, 0, 0, nil) })
	if err := cu.Function(0).Launch(cu.Dim3{}, cu.Dim3{}, 0, 0, nil); !errors.Is(err, cu.ERROR_NO_LIBRARY) {
		t.Errorf("Launch: %v", err)
	}
}

// After a failure another library can be opened, after success none.
func TestOpenTwice(t *testing.T) {
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library) {
		return
	}
	if cu.Open("/nowhere/libcuda.so.1") == nil {
		t.Error("opened a library that does not exist")
	}
	openFake(t)
	check(t, cu.Open(""))
	check(t, cu.Open(library))
	if cu.Open("/nowhere/libcuda.so.1") == nil {
		t.Error("opened a second library")
	}
}

func TestMissingFunctions(t *testing.T) {
	library := os.Getenv(fakeVariable)
	if library == "" {
		library = compile(t, "libmissing.so", "-DcuMemAlloc_v2=without_cuMemAlloc", "-DcuLaunchKernel=without_cuLaunchKernel")
	}
	if !inChild(t, fakeVariable+"="+library) {
		return
	}
	err := cu.Open(library)
	if err == nil || !strings.Contains(err.Error(), "it lacks cuLaunchKernel, cuMemAlloc_v2") {
		t.Errorf("Open: %v", err)
	}
	wantPanic(t, cu.ERROR_NO_LIBRARY, func() { cu.MemAlloc(1) })
}

func TestMissingNewerFunction(t *testing.T) {
	library := os.Getenv(fakeVariable)
	if library == "" {
		library = compile(t, "liboldfake.so", "-DcuGraphInstantiateWithFlags=without_cuGraphInstantiateWithFlags",
			"-DcuLaunchKernelEx=without_cuLaunchKernelEx")
	}
	if !inChild(t, fakeVariable+"="+library) {
		return
	}
	withContext(t)
	_, err := cu.Graph(0).Instantiate(0)
	if want := "cuGraphInstantiateWithFlags: ERROR_NO_FUNCTION: the CUDA driver is too old for this function"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := cu.Function(0).LaunchEx(cu.LaunchConfig{}, nil); !errors.Is(err, cu.ERROR_NO_FUNCTION) {
		t.Errorf("LaunchEx: %v", err)
	}
	if missing := cu.Missing(); !slices.Equal(missing, []string{"cuGraphInstantiateWithFlags", "cuLaunchKernelEx"}) {
		t.Errorf("Missing: %v", missing)
	}
	cu.MemAlloc(4).Free() // the rest works
}

func TestOldDriver(t *testing.T) {
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library, "FAKECUDA_VERSION=10020") {
		return
	}
	err := cu.Open(library)
	if want := "it supports CUDA 10.2, want 11.0 or newer: update the NVIDIA driver"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	wantPanic(t, cu.ERROR_NO_LIBRARY, func() { cu.Version() })
}

func TestNoDevice(t *testing.T) {
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library, "FAKECUDA_DEVICES=0") {
		return
	}
	check(t, cu.Open(library))
	err := cu.Try(func() { cu.Init(0) })
	if want := "CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	wantPanic(t, cu.ERROR_NOT_INITIALIZED, func() { cu.DeviceGetCount() })
}

// Every failing call gives the driver's result, and leaves the package usable.
func TestFailingCalls(t *testing.T) {
	failing := "cuMemAlloc_v2=2,cuStreamSynchronize=700,cuEventRecord=12345,cuLaunchKernel=719,cuStreamCreate=999"
	library := fakeLibrary(t)
	if !inChild(t, fakeVariable+"="+library, "FAKECUDA_FAIL="+failing) {
		return
	}
	withContext(t)
	for range 3 {
		wantPanic(t, cu.ERROR_OUT_OF_MEMORY, func() { cu.MemAlloc(4) })
		wantPanic(t, cu.ERROR_ILLEGAL_ADDRESS, func() { cu.StreamSynchronize(0) })
		wantPanic(t, cu.ERROR_LAUNCH_FAILED, func() { cu.LaunchKernel(0, 1, 1, 1, 1, 1, 1, 0, 0, nil) })
		wantPanic(t, cu.ERROR_UNKNOWN, func() { cu.StreamCreate() })
		err := cu.Event(0).Record(0)
		if want := "cuEventRecord: CUDA_ERROR_OF_THE_FUTURE: an error that this package does not know"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if cu.DeviceGetCount() != 2 {
		t.Error("DeviceGetCount")
	}
}

// A program in the style of 2017 finds the library by itself, and with the tag
// nocuda it is static and says what it lacks.
func TestExampleProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles two programs")
	}
	for _, c := range []struct{ tags, want string }{
		{"", "y[999] = 2998"},
		{"nocuda", "ERROR_NO_LIBRARY: cu: no CUDA driver: this program was built without CUDA"},
	} {
		library := fakeLibrary(t)
		program := filepath.Join(t.TempDir(), "example")
		build := exec.Command("go", "build", "-tags="+c.tags, "-o", program, "../example")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		run := exec.Command(program)
		run.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Dir(library))
		if out, _ := run.CombinedOutput(); !strings.Contains(string(out), c.want) {
			t.Errorf("tags %q: got %s, want %s", c.tags, out, c.want)
		}
		if dynamic := isDynamic(t, program); dynamic != (c.tags == "") {
			t.Errorf("tags %q: dynamically linked: %v", c.tags, dynamic)
		}
	}
}

func isDynamic(t *testing.T, program string) bool {
	f, err := elf.Open(program)
	check(t, err)
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return true
		}
	}
	return false
}
