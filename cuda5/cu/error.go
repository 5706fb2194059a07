package cu

// An Error is the failure of a function of the driver. Use errors.Is to
// compare it with a Result.
type Error struct {
	Call   string // the driver's name, cuMemAlloc_v2
	Result Result
}

// Error returns the function's name, and the result's name and description.
func (e *Error) Error() string { return e.Call + ": " + e.Result.Error() }

// Unwrap returns the Result.
func (e *Error) Unwrap() error { return e.Result }

// Try calls f and returns the Result that it panicked with, or nil: it is the
// way to use the compatible part of the package without panics. Panics with
// other values pass.
func Try(f func()) (err error) {
	defer recoverResult(&err)
	f()
	return nil
}

// recoverResult stores a Result that its caller panicked with.
func recoverResult(err *error) {
	switch r := recover().(type) {
	case nil:
	case Result:
		*err = r
	default:
		panic(r)
	}
}

// must panics with the Result of a call that failed.
func must(err error) {
	if err != nil {
		panic(err.(*Error).Result)
	}
}

// mustResult is must for a call that returned its Result.
func mustResult(r Result) {
	if r != SUCCESS {
		panic(r)
	}
}
