package cu

import (
	"errors"
	"runtime"
	"unsafe"
)

var (
	procPrimaryCtxRetain   = want("cuDevicePrimaryCtxRetain")
	procPrimaryCtxRelease  = want("cuDevicePrimaryCtxRelease_v2")
	procPrimaryCtxSetFlags = want("cuDevicePrimaryCtxSetFlags_v2")
	procPrimaryCtxGetState = want("cuDevicePrimaryCtxGetState")
)

// OwnThread locks the calling goroutine to its OS thread, retains the primary
// context of dev and makes it current to the thread. That goroutine is then
// the one that uses the device: no context is current to the threads of
// others. The same goroutine calls release, which undoes all three.
func OwnThread(dev Device) (release func() error, err error) {
	runtime.LockOSThread()
	ctx, err := dev.PrimaryCtxRetain()
	if err == nil {
		if err = CtxPushCurrent(ctx); err == nil {
			return func() error {
				_, err := CtxPopCurrent()
				err = errors.Join(err, dev.PrimaryCtxRelease())
				runtime.UnlockOSThread()
				return err
			}, nil
		}
		err = errors.Join(err, dev.PrimaryCtxRelease())
	}
	runtime.UnlockOSThread()
	return nil, err
}

// PrimaryCtxRetain returns the primary context of the device, the one that
// libraries share, and counts one user more. It does not make it current.
func (dev Device) PrimaryCtxRetain() (Context, error) {
	var ctx Context
	err := procPrimaryCtxRetain.call(uintptr(unsafe.Pointer(&ctx)), uintptr(dev))
	return ctx, err
}

// PrimaryCtxRelease undoes [Device.PrimaryCtxRetain]. The last release
// destroys the context.
func (dev Device) PrimaryCtxRelease() error { return procPrimaryCtxRelease.call(uintptr(dev)) }

// PrimaryCtxSetFlags sets the flags of the device's primary context, such as
// [CTX_BLOCKING_SYNC].
func (dev Device) PrimaryCtxSetFlags(flags uint) error {
	return procPrimaryCtxSetFlags.call(uintptr(dev), uintptr(flags))
}

// PrimaryCtxState returns the flags of the device's primary context, and
// whether it exists.
func (dev Device) PrimaryCtxState() (flags uint, active bool, err error) {
	var f uint32
	var a int32
	err = procPrimaryCtxGetState.call(uintptr(dev), uintptr(unsafe.Pointer(&f)), uintptr(unsafe.Pointer(&a)))
	return uint(f), a != 0, err
}
