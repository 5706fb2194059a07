//go:build linux && (amd64 || arm64) && !nocuda

package cu

import (
	"runtime"

	"github.com/ebitengine/purego"
)

const included = true

// libraryNames are the names of the driver library, in the order of trying.
// The last two are where containers often have it, and where Windows Subsystem
// for Linux keeps it.
var libraryNames = []string{"libcuda.so.1", "libcuda.so", "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"}

// dlopen stays on one OS thread, because C keeps the text of an error per
// thread and purego asks for it in a second call.
func dlopen(path string) (uintptr, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func dlsym(library uintptr, name string) (uintptr, error) { return purego.Dlsym(library, name) }

// syscallN calls the C function at an address. It does not allocate if args is
// a slice of a block.
//
//go:uintptrescapes
func syscallN(address uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(address, args...)
	return r
}
