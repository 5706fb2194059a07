package kernels

import "fmt"

// A Fault is what a function of this package panics with when the device
// failed, and not its caller: memory is used up, a kernel did something
// forbidden, the GPU is gone. Nothing on the device can be relied on after it.
type Fault struct {
	Device string
	Doing  string // the kernel, or what else was under way
	Err    error  // of the driver
}

func (f *Fault) Error() string { return fmt.Sprintf("%s: %s: %v", f.Device, f.Doing, f.Err) }

// Unwrap returns the error of the driver.
func (f *Fault) Unwrap() error { return f.Err }

// Recover turns the panic of a Fault into an error: whoever drives a device
// defers it where the work begins, since functions that compute return none.
// Other panics pass.
//
//	defer kernels.Recover(&err)
func Recover(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Fault:
		*err = r
	default:
		panic(r)
	}
}
