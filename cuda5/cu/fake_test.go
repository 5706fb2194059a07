package cu_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/barnex/cuda5/cu"
)

// The variables by which a test tells its child process what to do.
const (
	childVariable = "CUDA5_TEST_CHILD"
	fakeVariable  = "CUDA5_TEST_FAKE" // the path of the fake library, compiled by the parent
)

var temporary string // removed after the tests

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "cuda5"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(temporary)
	os.Exit(code)
}

// compile compiles the fake driver library of testdata/fakecuda, with
// definitions for the preprocessor, and returns its path. Without a C compiler
// the test is skipped.
func compile(t testing.TB, name string, definitions ...string) string {
	t.Helper()
	if !cu.Included() {
		t.Skip("built without CUDA")
	}
	var compiler string
	for _, cc := range []string{"cc", "gcc", "clang"} {
		if path, err := exec.LookPath(cc); err == nil {
			compiler = path
			break
		}
	}
	if compiler == "" {
		t.Skip("no C compiler (cc, gcc or clang) for the fake driver library")
	}
	sources, err := filepath.Glob("testdata/fakecuda/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatal("no testdata/fakecuda: ", err)
	}
	library := filepath.Join(temporary, name)
	args := append([]string{"-O1", "-Wall", "-shared", "-fPIC", "-o", library}, definitions...)
	if out, err := exec.Command(compiler, append(append(args, sources...), "-lpthread")...).CombinedOutput(); err != nil {
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
		fakeOnce.path = compile(t, "libcuda.so.1") // under the real name: a program finds it by LD_LIBRARY_PATH
	}
	return fakeOnce.path
}

// openFake opens and initializes the fake driver library.
func openFake(t testing.TB) {
	t.Helper()
	check(t, cu.Open(fakeLibrary(t)))
	check(t, cu.Try(func() { cu.Init(0) }))
}

// withContext opens the fake driver library and makes a new context current to
// the test, which stays on its OS thread.
func withContext(t testing.TB) cu.Context {
	t.Helper()
	openFake(t)
	runtime.LockOSThread()
	ctx := cu.CtxCreate(cu.CTX_SCHED_AUTO, cu.DeviceGet(0))
	t.Cleanup(func() {
		cu.CtxDestroy(&ctx)
		runtime.UnlockOSThread()
	})
	return ctx
}

// inChild runs the test again, in a process of its own with the given
// environment, because a process opens one driver library. It reports whether
// it is that process; in the parent it fails or skips as the child did.
func inChild(t *testing.T, environment ...string) bool {
	t.Helper()
	if os.Getenv(childVariable) != "" {
		return true
	}
	command := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v")
	command.Env = append(append(os.Environ(), childVariable+"=1"), environment...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%s", err, out)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("%s", out)
	}
	return false
}

// ptx returns the text of a module with one kernel for each declaration, like
// "dump(.param .u64 dst, .param .f32 x)", with empty bodies: the fake library
// knows what kernels do by their names.
func ptx(kernels ...string) string {
	text := ".version 7.0\n.target sm_80\n.address_size 64\n"
	for _, k := range kernels {
		text += fmt.Sprintf(".visible .entry %s\n{\n\tret;\n}\n", k)
	}
	return text
}

const (
	incrementKernel = "increment(.param .u64 p)"
	axpyKernel      = "axpy(.param .u64 y, .param .u64 x, .param .f32 a, .param .u32 n)"
)

// load returns the first kernel of a module.
func load(t testing.TB, declaration string) cu.Function {
	t.Helper()
	m, _, err := cu.ModuleLoadDataEx(ptx(declaration))
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(declaration, "(")
	return m.GetFunction(name)
}

// check stops a test at an error.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantPanic checks that f panics with a Result.
func wantPanic(t testing.TB, want cu.Result, f func()) {
	t.Helper()
	if err := cu.Try(f); err != error(want) {
		t.Errorf("got %v, want a panic with %v", err, want)
	}
}
