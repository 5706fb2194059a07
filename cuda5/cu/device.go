package cu

import "unsafe"

// A Device is a GPU, as returned by [DeviceGet].
type Device int

var (
	procDeviceGet          = need("cuDeviceGet")
	procDeviceGetCount     = need("cuDeviceGetCount")
	procDeviceGetName      = need("cuDeviceGetName")
	procDeviceGetAttribute = need("cuDeviceGetAttribute")
	procDeviceTotalMem     = need("cuDeviceTotalMem_v2")
	procDeviceGetUUID      = want("cuDeviceGetUuid_v2")
)

// DeviceGet returns a device, for ordinals from 0 to DeviceGetCount()-1.
func DeviceGet(ordinal int) Device {
	var dev int32
	must(procDeviceGet.call(uintptr(unsafe.Pointer(&dev)), uintptr(ordinal)))
	return Device(dev)
}

// DeviceGetCount returns the number of devices.
func DeviceGetCount() int {
	var count int32
	must(procDeviceGetCount.call(uintptr(unsafe.Pointer(&count))))
	return int(count)
}

// DeviceGetName returns the name of a device.
func DeviceGetName(dev Device) string {
	var name [256]byte
	must(procDeviceGetName.call(uintptr(unsafe.Pointer(&name)), uintptr(len(name)), uintptr(dev)))
	return goString(&name[0])
}

// Name returns the name of the device.
func (dev Device) Name() string { return DeviceGetName(dev) }

// DeviceGetAttribute returns an attribute of a device.
func DeviceGetAttribute(attrib DeviceAttribute, dev Device) int {
	var value int32
	must(procDeviceGetAttribute.call(uintptr(unsafe.Pointer(&value)), uintptr(attrib), uintptr(dev)))
	return int(value)
}

// Attribute returns an attribute of the device.
func (dev Device) Attribute(attrib DeviceAttribute) int { return DeviceGetAttribute(attrib, dev) }

// DeviceComputeCapability returns the compute capability of a device: 9, 0 for
// an H200.
func DeviceComputeCapability(device Device) (major, minor int) {
	return device.Attribute(COMPUTE_CAPABILITY_MAJOR), device.Attribute(COMPUTE_CAPABILITY_MINOR)
}

// ComputeCapability returns the compute capability of the device.
func (device Device) ComputeCapability() (major, minor int) { return DeviceComputeCapability(device) }

// DeviceTotalMem returns the size of a device's memory in bytes.
func DeviceTotalMem(device Device) int64 {
	var bytes uintptr
	must(procDeviceTotalMem.call(uintptr(unsafe.Pointer(&bytes)), uintptr(device)))
	return int64(bytes)
}

// TotalMem returns the size of the device's memory in bytes.
func (device Device) TotalMem() int64 { return DeviceTotalMem(device) }

// UUID returns the identifier of the device, which does not depend on the
// order of devices.
func (dev Device) UUID() (uuid [16]byte, err error) {
	err = procDeviceGetUUID.call(uintptr(unsafe.Pointer(&uuid)), uintptr(dev))
	return uuid, err
}

// A DevProp holds the most used attributes of a device.
type DevProp struct {
	MaxThreadsPerBlock  int
	MaxThreadsDim       [3]int // of a block
	MaxGridSize         [3]int
	SharedMemPerBlock   int // bytes
	TotalConstantMemory int // bytes
	SIMDWidth           int // threads of a warp
	MemPitch            int // bytes
	RegsPerBlock        int
	ClockRate           int // kHz
	TextureAlign        int // bytes
}

// DeviceGetProperties returns the properties of a device.
func DeviceGetProperties(dev Device) (prop DevProp) { return dev.Properties() }

// Properties returns the properties of the device.
func (dev Device) Properties() DevProp {
	get := dev.Attribute
	return DevProp{
		MaxThreadsPerBlock:  get(MAX_THREADS_PER_BLOCK),
		MaxThreadsDim:       [3]int{get(MAX_BLOCK_DIM_X), get(MAX_BLOCK_DIM_Y), get(MAX_BLOCK_DIM_Z)},
		MaxGridSize:         [3]int{get(MAX_GRID_DIM_X), get(MAX_GRID_DIM_Y), get(MAX_GRID_DIM_Z)},
		SharedMemPerBlock:   get(MAX_SHARED_MEMORY_PER_BLOCK),
		TotalConstantMemory: get(TOTAL_CONSTANT_MEMORY),
		SIMDWidth:           get(WARP_SIZE),
		MemPitch:            get(MAX_PITCH),
		RegsPerBlock:        get(MAX_REGISTERS_PER_BLOCK),
		ClockRate:           get(CLOCK_RATE),
		TextureAlign:        get(TEXTURE_ALIGNMENT),
	}
}
