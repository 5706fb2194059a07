//go:build nocuda || !((linux && (amd64 || arm64)) || (windows && amd64))

package cu

import (
	"errors"
	"runtime"
)

const included = false

var libraryNames = []string{"none"}

func dlopen(string) (uintptr, error) {
	return 0, errors.New("this program was built without CUDA, for " + runtime.GOOS + "/" + runtime.GOARCH +
		"; it needs Linux on amd64 or arm64, or Windows on amd64, and no build tag nocuda")
}

func dlsym(uintptr, string) (uintptr, error) { return 0, errors.New("no library") }

func syscallN(uintptr, ...uintptr) uintptr { panic("cu: no library") } // unreachable
