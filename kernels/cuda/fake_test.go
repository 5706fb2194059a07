package cuda_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/cuda"
	"lbsam/kernels/driver"
)

// The variables by which a test tells its child process what to do.
const (
	childVariable = "LBSAM_TEST_CHILD"
	fakeVariable  = "LBSAM_TEST_FAKE" // the path of the fake library, compiled by the parent
)

const sources = "../../cuda5/cu/testdata/fakecuda/*.c"

var temporary string // removed after the tests

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "lbsam-cuda"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(temporary)
	os.Exit(code)
}

// compile compiles the fake driver library of cuda5, with definitions for the
// preprocessor, and returns its path. Without a C compiler the test is skipped.
func compile(t testing.TB, name string, definitions ...string) string {
	t.Helper()
	if !cu.Included() {
		t.Skip("built without CUDA")
	}
	compiler := ""
	for _, cc := range []string{"cc", "gcc", "clang"} {
		if path, err := exec.LookPath(cc); err == nil && compiler == "" {
			compiler = path
		}
	}
	if compiler == "" {
		t.Skip("no C compiler (cc, gcc or clang) for the fake driver library")
	}
	files, err := filepath.Glob(sources)
	if err != nil || len(files) == 0 {
		t.Fatal("no ", sources, ": ", err)
	}
	library := filepath.Join(temporary, name)
	args := append([]string{"-Wall", "-shared", "-fPIC", "-o", library}, definitions...)
	if out, err := exec.Command(compiler, append(append(args, files...), "-lpthread")...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, out)
	}
	return library
}

var fakeOnce struct {
	sync.Mutex
	path string
}

// fakeLibrary returns the path of the fake driver library.
func fakeLibrary(t testing.TB) string {
	fakeOnce.Lock()
	defer fakeOnce.Unlock()
	if fakeOnce.path == "" {
		fakeOnce.path = os.Getenv(fakeVariable)
	}
	if fakeOnce.path == "" {
		fakeOnce.path = compile(t, "libcuda.so.1")
	}
	return fakeOnce.path
}

// inChild runs the test again, in a process of its own with the given
// environment, because a process opens one driver library. It reports whether
// it is that process; in the parent it fails or skips as the child did.
func inChild(t *testing.T, environment ...string) bool {
	t.Helper()
	if isChild() {
		return true
	}
	command := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v")
	command.Env = append(append(os.Environ(), childVariable+"=1"), environment...)
	out, err := command.CombinedOutput()
	switch {
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	case bytes.Contains(out, []byte("--- SKIP")):
		t.Skipf("%s", out)
	case !bytes.Contains(out, []byte("--- PASS: "+t.Name())):
		t.Fatalf("the child did not run the test\n%s", out)
	}
	t.Logf("%s", out)
	return false
}

// isChild tells whether this process was started by inChild.
func isChild() bool { return os.Getenv(childVariable) != "" }

// open opens device 0 of the fake library until the end of the test.
func open(t testing.TB, c cuda.Config) *cuda.Device {
	t.Helper()
	c.Library = fakeLibrary(t)
	d, err := cuda.Open(0, c)
	check(t, err)
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// The kernels that the fake library can run: see its launch.c.
const (
	dumpKernel      = "dump(.param .u64 dst, .param .u8 a, .param .f32 b, .param .u64 c, .param .align 4 .b8 d[12])"
	axpyKernel      = "axpy(.param .u64 y, .param .u64 x, .param .f32 a, .param .u32 n)"
	incrementKernel = "increment(.param .u64 p)"
	pauseKernel     = "pause(.param .u32 ms)"
	crashKernel     = "crash(.param .u32 result)"
	hangKernel      = "hang()"
)

// kernelOf loads a module with one kernel.
func kernelOf(t testing.TB, d *cuda.Device, declaration string) driver.Kernel {
	t.Helper()
	m, err := d.Load(".version 7.0\n.target sm_80\n.address_size 64\n.visible .entry " + declaration + "\n{\n\tret;\n}\n")
	check(t, err)
	name, _, _ := strings.Cut(declaration, "(")
	k, err := m.Kernel(name)
	check(t, err)
	return k
}

var one = driver.Dim3{X: 1, Y: 1, Z: 1}

// counter returns a launch of the increment kernel, and the address of the word
// that it increments, which is 0 now.
func counter(t testing.TB, d *cuda.Device) (func(driver.Stream) error, driver.Ptr) {
	t.Helper()
	k, p := kernelOf(t, d, incrementKernel), alloc(t, d, 4)
	check(t, d.Fill32(0, p, 0, 1))
	check(t, d.Sync(0))
	args, err := new(driver.Args).Ptr(p).For(k)
	check(t, err)
	return func(s driver.Stream) error { return d.Launch(s, k, one, one, 0, args) }, p
}

func alloc(t testing.TB, d *cuda.Device, bytes int) driver.Ptr {
	t.Helper()
	p, err := d.Alloc(bytes)
	check(t, err)
	return p
}

// word returns the first byte of a word.
func word(t testing.TB, d *cuda.Device, p driver.Ptr) int {
	t.Helper()
	var b [4]byte
	check(t, d.CopyOut(0, b[:], p))
	return int(b[0])
}

// check stops a test at an error.
func check(t testing.TB, errs ...error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("call %d: %v", i, err)
		}
	}
}

// wantError checks that err is one line that contains a text.
func wantError(t testing.TB, what string, err error, want string) {
	t.Helper()
	if text := fmt.Sprint(err); err == nil || !strings.Contains(text, want) || strings.Contains(text, "\n") {
		t.Errorf("%s: got %q, want %q in one line", what, text, want)
	}
}

// within fails a test that takes longer.
func within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	begin := time.Now()
	f()
	if took := time.Since(begin); took > limit {
		t.Errorf("took %v, want %v at most", took, limit)
	}
}
