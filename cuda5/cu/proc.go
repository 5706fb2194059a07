package cu

import (
	"sync/atomic"
	"unsafe"
)

// A proc is a function of the driver library. Its name includes the version,
// which fixes the types of its arguments.
type proc struct {
	name    string
	needed  bool
	address atomic.Uintptr // 0 before the first call
}

// procs are all functions of the driver that this package calls.
var procs []*proc

// need declares a function without which the library cannot be used.
func need(name string) *proc {
	p := &proc{name: name, needed: true}
	procs = append(procs, p)
	return p
}

// want declares a function that some drivers lack: calling it there is an
// error.
func want(name string) *proc {
	p := &proc{name: name}
	procs = append(procs, p)
	return p
}

// find looks the function up.
func (p *proc) find() (uintptr, Result) {
	if address := p.address.Load(); address != 0 {
		return address, SUCCESS
	}
	library, ok := handle()
	if !ok {
		return 0, ERROR_NO_LIBRARY
	}
	address, err := dlsym(library, p.name)
	if err != nil {
		return 0, ERROR_NO_FUNCTION
	}
	p.address.Store(address)
	return address, SUCCESS
}

// result calls the function. A pointer argument is converted to uintptr in the
// call expression and nowhere else: then the compiler keeps what it points to
// on the heap and alive. Go pointers inside that memory must be pinned.
//
//go:uintptrescapes
func (p *proc) result(args ...uintptr) Result {
	address, r := p.find()
	if r != SUCCESS {
		return r
	}
	return Result(int32(syscallN(address, args...))) // the upper half of the register is undefined
}

// call is result with an error.
//
//go:uintptrescapes
func (p *proc) call(args ...uintptr) error { return p.err(p.result(args...)) }

// err returns what the function returned as an error.
func (p *proc) err(r Result) error {
	if r != SUCCESS {
		return &Error{p.name, r}
	}
	return nil
}

// fast is result without allocation, for calls that are made often.
//
//go:uintptrescapes
func (p *proc) fast(a, b, c, d, e uintptr) Result {
	address, r := p.find()
	if r != SUCCESS {
		return r
	}
	k := getBlock()
	k.args = [11]uintptr{a, b, c, d, e}
	r = Result(int32(syscallN(address, k.args[:5]...)))
	putBlock(k)
	return r
}

// cstring returns s with a NUL byte at the end.
func cstring(s string) *byte { return unsafe.SliceData(append([]byte(s), 0)) }

// goString returns the string that ends before a NUL byte.
func goString(p *byte) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(p, n))
}
