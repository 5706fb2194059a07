package cu

import "unsafe"

var (
	procInit             = need("cuInit")
	procDriverGetVersion = need("cuDriverGetVersion")
)

// Init initializes the driver. It comes before every other function except
// [Open], [Version] and [Try]. Flags must be 0. It panics with
// [ERROR_NO_LIBRARY] where there is no driver, and with [ERROR_NO_DEVICE]
// where there is no GPU.
func Init(flags int) { must(procInit.call(uintptr(flags))) }

// Version returns the version of CUDA that the driver supports, like 12040 for
// CUDA 12.4.
func Version() int {
	var version int32
	must(procDriverGetVersion.call(uintptr(unsafe.Pointer(&version))))
	return int(version)
}
