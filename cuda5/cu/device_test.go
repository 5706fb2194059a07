package cu_test

import (
	"testing"

	"github.com/barnex/cuda5/cu"
)

func TestDevice(t *testing.T) {
	openFake(t)
	if v := cu.Version(); v != 12080 {
		t.Errorf("Version: %d", v)
	}
	if n := cu.DeviceGetCount(); n != 2 {
		t.Fatalf("DeviceGetCount: %d", n)
	}
	dev := cu.DeviceGet(1)
	if dev.Name() != "Fake GPU 1" {
		t.Errorf("Name: %q", dev.Name())
	}
	if major, minor := dev.ComputeCapability(); major != 9 || minor != 0 {
		t.Errorf("ComputeCapability: %d.%d", major, minor)
	}
	if n := dev.TotalMem(); n != 8<<30 {
		t.Errorf("TotalMem: %d", n)
	}
	if n := dev.Attribute(cu.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN); n != 232448 {
		t.Errorf("Attribute: %d", n)
	}
	want := cu.DevProp{MaxThreadsPerBlock: 1024, MaxThreadsDim: [3]int{1024, 1024, 64}, MaxGridSize: [3]int{2147483647, 65535, 65535},
		SharedMemPerBlock: 49152, TotalConstantMemory: 65536, SIMDWidth: 32, MemPitch: 2147483647, RegsPerBlock: 65536,
		ClockRate: 1980000, TextureAlign: 512}
	if got := dev.Properties(); got != want {
		t.Errorf("Properties: got %+v, want %+v", got, want)
	}
	uuid, err := dev.UUID()
	check(t, err)
	if uuid[0] != 16 || uuid[15] != 31 {
		t.Errorf("UUID: %x", uuid)
	}
	wantPanic(t, cu.ERROR_INVALID_DEVICE, func() { cu.DeviceGet(2) })
	wantPanic(t, cu.ERROR_INVALID_DEVICE, func() { cu.DeviceGet(-1) })
	wantPanic(t, cu.ERROR_INVALID_DEVICE, func() { cu.Device(7).Name() })
	wantPanic(t, cu.ERROR_INVALID_VALUE, func() { dev.Attribute(1000) })
	if !dev.CanAccessPeer(0) || dev.CanAccessPeer(dev) {
		t.Error("CanAccessPeer")
	}
}
