package cu_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/barnex/cuda5/cu"
)

func TestContext(t *testing.T) {
	openFake(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if ctx := cu.CtxGetCurrent(); ctx != 0 {
		t.Fatalf("context %x is current", ctx)
	}
	wantPanic(t, cu.ERROR_INVALID_CONTEXT, func() { cu.MemAlloc(4) })
	a := cu.CtxCreate(cu.CTX_SCHED_YIELD|cu.CTX_MAP_HOST, 1)
	if cu.CtxGetCurrent() != a || cu.CtxGetDevice() != 1 || a.ApiVersion() == 0 {
		t.Error("the new context is not current")
	}
	b := cu.CtxCreate(0, 0)
	a.SetCurrent()
	if cu.CtxGetCurrent() != a {
		t.Error("SetCurrent")
	}
	check(t, cu.CtxPushCurrent(b))
	if cu.CtxGetCurrent() != b {
		t.Error("CtxPushCurrent")
	}
	if ctx, err := cu.CtxPopCurrent(); ctx != b || err != nil || cu.CtxGetCurrent() != a {
		t.Errorf("CtxPopCurrent: %x, %v", ctx, err)
	}
	b.EnablePeerAccess()
	b.DisablePeerAccess()
	if least, greatest, err := cu.CtxGetStreamPriorityRange(); least != 0 || greatest != -5 || err != nil {
		t.Errorf("priorities %d to %d, %v", least, greatest, err)
	}
	b.Destroy()
	if b != 0 {
		t.Error("Destroy leaves the context")
	}
	a.Destroy()
	wantPanic(t, cu.ERROR_INVALID_HANDLE, func() { cu.CtxDestroy(&a) })
	cu.CtxSetCurrent(0)
}

// A context is current to one OS thread: another goroutine must make it
// current to its own.
func TestContextOfThread(t *testing.T) {
	ctx := withContext(t)
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		wantPanic(t, cu.ERROR_INVALID_CONTEXT, func() { cu.MemAlloc(4) })
		ctx.SetCurrent()
		cu.MemAlloc(4).Free()
		cu.CtxSetCurrent(0)
	}()
	<-done
}

func TestOwnThread(t *testing.T) {
	openFake(t)
	check(t, cu.Device(0).PrimaryCtxSetFlags(cu.CTX_BLOCKING_SYNC))
	release, err := cu.OwnThread(0)
	check(t, err)
	cu.MemAlloc(4).Free()
	again, err := cu.Device(0).PrimaryCtxRetain()
	if err != nil || again != cu.CtxGetCurrent() {
		t.Errorf("PrimaryCtxRetain: %x, %v", again, err)
	}
	check(t, cu.Device(0).PrimaryCtxRelease())
	if flags, active, err := cu.Device(0).PrimaryCtxState(); flags != cu.CTX_BLOCKING_SYNC || !active || err != nil {
		t.Errorf("PrimaryCtxState: %d, %v, %v", flags, active, err)
	}
	check(t, release())
	if _, active, _ := cu.Device(0).PrimaryCtxState(); active || cu.CtxGetCurrent() != 0 {
		t.Error("release leaves the context")
	}
	if _, err := cu.OwnThread(7); !errors.Is(err, cu.ERROR_INVALID_DEVICE) {
		t.Errorf("device 7: %v", err)
	}
}
