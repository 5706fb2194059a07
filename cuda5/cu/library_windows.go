//go:build amd64 && !nocuda

package cu

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const included = true

// libraryNames is the path of the driver library, so that none is taken from the
// folder where the program was started.
var libraryNames = []string{filepath.Join(os.Getenv("SystemRoot"), "System32", "nvcuda.dll")}

func dlopen(path string) (uintptr, error) {
	h, err := syscall.LoadLibrary(path)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return uintptr(h), nil
}

func dlsym(library uintptr, name string) (uintptr, error) {
	return syscall.GetProcAddress(syscall.Handle(library), name)
}

// syscallN calls the C function at an address. It does not allocate if args is
// a slice of a block.
//
//go:uintptrescapes
func syscallN(address uintptr, args ...uintptr) uintptr {
	r, _, _ := syscall.SyscallN(address, args...)
	return r
}
