package cu

import "unsafe"

var procLaunchKernelEx = want("cuLaunchKernelEx")

// A LaunchConfig is how a kernel is launched by [Function.LaunchEx].
type LaunchConfig struct {
	Grid, Block    Dim3
	SharedMemBytes int
	Stream         Stream

	Cluster       Dim3 // blocks of a cluster; none if X is 0
	Serialization bool // start before the kernel ahead has ended: programmatic stream serialization
	Cooperative   bool // all blocks run at the same time
}

// launchConfig is a LaunchConfig as the driver reads it.
type launchConfig struct {
	grid, block [3]uint32
	shared      uint32
	stream      Stream
	attrs       *launchAttribute
	count       uint32
}

// launchAttribute is one of the driver's options of a launch.
type launchAttribute struct {
	id    int32
	_     int32
	value [16]uint32
}

// The numbers of the attributes.
const (
	attributeCooperative   = 2
	attributeCluster       = 4
	attributeSerialization = 6
)

// configure writes c into b and returns what to pass to the driver.
func (b *block) configure(c LaunchConfig) *launchConfig {
	b.config = launchConfig{c.Grid.words(), c.Block.words(), uint32(c.SharedMemBytes), c.Stream, &b.attrs[0], 0}
	add := func(id int32, value [3]uint32) {
		a := launchAttribute{id: id}
		copy(a.value[:], value[:])
		b.attrs[b.config.count] = a
		b.config.count++
	}
	if c.Cluster.X != 0 {
		add(attributeCluster, c.Cluster.words())
	}
	if c.Serialization {
		add(attributeSerialization, [3]uint32{1})
	}
	if c.Cooperative {
		add(attributeCooperative, [3]uint32{1})
	}
	return &b.config
}

func (d Dim3) words() [3]uint32 { return [3]uint32{uint32(d.X), uint32(d.Y), uint32(d.Z)} }

// LaunchEx is [Function.Launch] with more options. It needs CUDA 12.
func (f Function) LaunchEx(c LaunchConfig, args []byte) error {
	if len(args) > maxParams {
		return &Error{procLaunchKernelEx.name, ERROR_INVALID_VALUE}
	}
	b := getBlock()
	r := procLaunchKernelEx.fast(uintptr(unsafe.Pointer(b.configure(c))), uintptr(f), 0,
		uintptr(unsafe.Pointer(b.pack(args))), 0)
	putBlock(b)
	return procLaunchKernelEx.err(r)
}
