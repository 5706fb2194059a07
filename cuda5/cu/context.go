package cu

import "unsafe"

// A Context holds the allocations, modules and streams of a program on a
// device. One context is current to an OS thread.
type Context uintptr

// The flags of [CtxCreate] and [Device.PrimaryCtxSetFlags].
const (
	CTX_SCHED_AUTO         = 0x00 // spin, or yield where there are more contexts than processors
	CTX_SCHED_SPIN         = 0x01 // spin while waiting for the device
	CTX_SCHED_YIELD        = 0x02 // give other threads the processor while waiting
	CTX_BLOCKING_SYNC      = 0x04 // block while waiting
	CTX_MAP_HOST           = 0x08 // allow mapped host memory; always on since CUDA 3.2
	CTX_LMEM_RESIZE_TO_MAX = 0x10 // never shrink the memory for spilled registers
)

var (
	procCtxCreate                 = need("cuCtxCreate_v2")
	procCtxDestroy                = need("cuCtxDestroy_v2")
	procCtxGetAPIVersion          = need("cuCtxGetApiVersion")
	procCtxGetCurrent             = need("cuCtxGetCurrent")
	procCtxGetDevice              = need("cuCtxGetDevice")
	procCtxSetCurrent             = need("cuCtxSetCurrent")
	procCtxSynchronize            = need("cuCtxSynchronize")
	procCtxPushCurrent            = want("cuCtxPushCurrent_v2")
	procCtxPopCurrent             = want("cuCtxPopCurrent_v2")
	procCtxGetStreamPriorityRange = want("cuCtxGetStreamPriorityRange")
)

// CtxCreate creates a context on a device and makes it current to the calling
// OS thread.
func CtxCreate(flags uint, dev Device) Context {
	var ctx Context
	must(procCtxCreate.call(uintptr(unsafe.Pointer(&ctx)), uintptr(flags), uintptr(dev)))
	return ctx
}

// CtxDestroy destroys a context and sets it to 0.
func CtxDestroy(ctx *Context) {
	must(procCtxDestroy.call(uintptr(*ctx)))
	*ctx = 0
}

// Destroy destroys the context and sets it to 0.
func (ctx *Context) Destroy() { CtxDestroy(ctx) }

// CtxGetApiVersion returns the version of the programming interface with which
// a context was made.
func CtxGetApiVersion(ctx Context) (version int) {
	var v uint32
	must(procCtxGetAPIVersion.call(uintptr(ctx), uintptr(unsafe.Pointer(&v))))
	return int(v)
}

// ApiVersion returns the version of the programming interface with which the
// context was made.
func (ctx Context) ApiVersion() (version int) { return CtxGetApiVersion(ctx) }

// CtxGetCurrent returns the context that is current to the calling OS thread,
// or 0.
func CtxGetCurrent() Context {
	var ctx Context
	must(procCtxGetCurrent.call(uintptr(unsafe.Pointer(&ctx))))
	return ctx
}

// CtxGetDevice returns the device of the current context.
func CtxGetDevice() Device {
	var dev int32
	must(procCtxGetDevice.call(uintptr(unsafe.Pointer(&dev))))
	return Device(dev)
}

// CtxSetCurrent makes a context current to the calling OS thread.
func CtxSetCurrent(ctx Context) { must(procCtxSetCurrent.call(uintptr(ctx))) }

// SetCurrent makes the context current to the calling OS thread.
func (ctx Context) SetCurrent() { CtxSetCurrent(ctx) }

// CtxSynchronize waits until the current context has done all its work. It
// panics with the error of a kernel that failed.
func CtxSynchronize() { must(procCtxSynchronize.call()) }

// CtxPushCurrent makes a context current to the calling OS thread until
// [CtxPopCurrent] brings back the one before.
func CtxPushCurrent(ctx Context) error { return procCtxPushCurrent.call(uintptr(ctx)) }

// CtxPopCurrent undoes [CtxPushCurrent] and returns the context that was
// current.
func CtxPopCurrent() (Context, error) {
	var ctx Context
	err := procCtxPopCurrent.call(uintptr(unsafe.Pointer(&ctx)))
	return ctx, err
}

// CtxGetStreamPriorityRange returns the priorities that streams can have. The
// greatest priority is the smallest number.
func CtxGetStreamPriorityRange() (least, greatest int, err error) {
	var l, g int32
	err = procCtxGetStreamPriorityRange.call(uintptr(unsafe.Pointer(&l)), uintptr(unsafe.Pointer(&g)))
	return int(l), int(g), err
}
