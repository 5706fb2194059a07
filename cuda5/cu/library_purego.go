//go:build linux && (amd64 || arm64) && !nocuda

package cu

import "github.com/ebitengine/purego"

const included = true

func dlopen(path string) (uintptr, error) {
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
