package cuda

import (
	"fmt"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// Info describes a GPU, for reports.
type Info struct {
	Name         string
	Major, Minor int    // compute capability
	SMs          int    // multiprocessors
	Memory       int64  // bytes
	L2           int    // bytes of the second-level cache
	Shared       int    // bytes of shared memory that a block can have
	Clock        int    // MHz, the highest of the processors
	MemoryClock  int    // MHz, the highest
	BusWidth     int    // bits of the memory's bus
	CUDA         string // the newest version that the driver supports, as "12.4"
}

// String returns the facts that decide speed, in one line.
func (i Info) String() string {
	return fmt.Sprintf("%s, compute capability %d.%d, %d SMs at %d MHz, %s, driver for CUDA %s",
		i.Name, i.Major, i.Minor, i.SMs, i.Clock, driver.Size(i.Memory), i.CUDA)
}

// newInfo asks the driver. It panics with a cu.Result.
func newInfo(dev cu.Device) Info {
	major, minor := dev.ComputeCapability()
	return Info{
		Name: dev.Name(), Major: major, Minor: minor,
		SMs:         dev.Attribute(cu.MULTIPROCESSOR_COUNT),
		Memory:      dev.TotalMem(),
		L2:          dev.Attribute(cu.L2_CACHE_SIZE),
		Shared:      dev.Attribute(cu.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
		Clock:       dev.Attribute(cu.CLOCK_RATE) / 1000,
		MemoryClock: dev.Attribute(cu.MEMORY_CLOCK_RATE) / 1000,
		BusWidth:    dev.Attribute(cu.GLOBAL_MEMORY_BUS_WIDTH),
		CUDA:        versionString(cu.Version()),
	}
}
