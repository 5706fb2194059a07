//go:build !linux || (!amd64 && !arm64) || nocuda

package cu

import (
	"errors"
	"runtime"
)

const included = false

func dlopen(string) (uintptr, error) {
	return 0, errors.New("this program was built without CUDA, for " + runtime.GOOS + "/" + runtime.GOARCH +
		"; it needs Linux on amd64 or arm64 and no build tag nocuda")
}

func dlsym(uintptr, string) (uintptr, error) { return 0, errors.New("no library") }

func syscallN(uintptr, ...uintptr) uintptr { panic("cu: no library") } // unreachable
