package cu

import "unsafe"

var (
	procDeviceCanAccessPeer  = need("cuDeviceCanAccessPeer")
	procCtxEnablePeerAccess  = need("cuCtxEnablePeerAccess")
	procCtxDisablePeerAccess = need("cuCtxDisablePeerAccess")
)

// DeviceCanAccessPeer reports whether kernels on dev can use the memory of
// peer.
func DeviceCanAccessPeer(dev, peer Device) bool {
	var can int32
	must(procDeviceCanAccessPeer.call(uintptr(unsafe.Pointer(&can)), uintptr(dev), uintptr(peer)))
	return can != 0
}

// CanAccessPeer reports whether kernels on dev can use the memory of peer.
func (dev Device) CanAccessPeer(peer Device) bool { return DeviceCanAccessPeer(dev, peer) }

// CtxEnablePeerAccess lets kernels of the current context use the memory of
// peer.
func CtxEnablePeerAccess(peer Context) { must(procCtxEnablePeerAccess.call(uintptr(peer), 0)) }

// EnablePeerAccess lets kernels of the current context use the memory of peer.
func (peer Context) EnablePeerAccess() { CtxEnablePeerAccess(peer) }

// CtxDisablePeerAccess undoes [CtxEnablePeerAccess].
func CtxDisablePeerAccess(peer Context) { must(procCtxDisablePeerAccess.call(uintptr(peer))) }

// DisablePeerAccess undoes [Context.EnablePeerAccess].
func (peer Context) DisablePeerAccess() { CtxDisablePeerAccess(peer) }
