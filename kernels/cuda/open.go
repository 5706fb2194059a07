package cuda

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// What a device must offer.
const (
	minVersion    = 11040 // CUDA 11.4: flags of graphs
	rankVersion   = 11070 // CUDA 11.7: priorities of their kernels
	minCapability = 80    // 8.0: cp.async, bf16
)

// Config holds the options of a Device. The zero Config is a good one.
type Config struct {
	Library string        // path of the driver library; empty: that of the system
	Timeout time.Duration // without progress, until a GPU counts as lost; 0: 60 s
	Wait    bool          // wait after every launch: slow, but the error of a kernel then names the right one
}

// Open opens GPU number ordinal, counted from 0 in the order of the driver, for
// the calling goroutine. The error is a driver.Unavailable.
func Open(ordinal int, c Config) (*Device, error) {
	d := newDevice(fmt.Sprintf("cuda:%d", ordinal), c)
	if err := d.open(ordinal); err != nil {
		absent := errors.Is(err, cu.ErrNoDriver) || errors.Is(err, cu.ERROR_NO_DEVICE)
		return nil, driver.Unavailable{Device: d.name, Absent: absent, Err: err}
	}
	return d, nil
}

// open finds the GPU, makes its context current to the calling thread and
// creates the stream that the zero driver.Stream stands for: CUDA's default
// stream cannot be captured. Its blocks come before those of other streams.
func (d *Device) open(ordinal int) error {
	if err := openLibrary(d.config.Library); err != nil {
		return err
	}
	dev, err := find(ordinal)
	if err != nil {
		return err
	}
	var current cu.Context
	err = cu.Try(func() { d.info, current, d.ranks = newInfo(dev), cu.CtxGetCurrent(), cu.Version() >= rankVersion })
	if err != nil {
		return err
	}
	if current != 0 {
		return errors.New("this thread has a device already: open each one in a goroutine of its own")
	}
	if have := 10*d.info.Major + d.info.Minor; have < minCapability {
		return fmt.Errorf("%s has compute capability %d.%d, want %d.%d or newer: use another GPU or the device cpu",
			d.info.Name, d.info.Major, d.info.Minor, minCapability/10, minCapability%10)
	}
	if d.release, err = cu.OwnThread(dev); err != nil {
		return fmt.Errorf("no context on %s: %w", d.info.Name, err)
	}
	_, first, err := cu.CtxGetStreamPriorityRange()
	var main cu.Stream
	if err == nil {
		main, err = cu.StreamCreateWithPriority(cu.STREAM_NON_BLOCKING, first)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("no stream on %s: %w", d.info.Name, err), d.release())
	}
	d.queues[0] = &queue{stream: main}
	return nil
}

// openLibrary opens and checks the driver library.
func openLibrary(path string) error {
	if err := cu.Open(path); err != nil {
		if cu.Included() {
			return fmt.Errorf("%w; install NVIDIA's driver or use the device cpu", err)
		}
		return err
	}
	var version int
	if err := cu.Try(func() { version = cu.Version() }); err != nil {
		return err
	}
	if version < minVersion {
		return fmt.Errorf("the driver supports CUDA %s, want %s or newer: update NVIDIA's driver", versionString(version), versionString(minVersion))
	}
	if lacks := missing(); len(lacks) > 0 {
		return fmt.Errorf("the driver lacks %s: is NVIDIA's driver completely installed?", strings.Join(lacks, ", "))
	}
	if err := cu.Try(func() { cu.Init(0) }); err != nil {
		return fmt.Errorf("%w; does nvidia-smi list a GPU, and CUDA_VISIBLE_DEVICES not hide it?", err)
	}
	return nil
}

// missing returns the functions, of those this package needs and some drivers
// lack, that the library does not have.
func missing() []string {
	needed := []string{
		"cuCtxGetStreamPriorityRange", "cuCtxPopCurrent_v2", "cuCtxPushCurrent_v2", "cuDevicePrimaryCtxRelease_v2", "cuDevicePrimaryCtxRetain",
		"cuEventCreate", "cuEventDestroy_v2", "cuEventElapsedTime", "cuEventQuery", "cuEventRecord", "cuFuncSetAttribute",
		"cuGraphDestroy", "cuGraphExecDestroy", "cuGraphInstantiateWithFlags", "cuGraphLaunch", "cuGraphUpload",
		"cuStreamBeginCapture_v2", "cuStreamCreateWithPriority", "cuStreamEndCapture", "cuStreamWaitEvent",
	}
	return slices.DeleteFunc(cu.Missing(), func(name string) bool { return !slices.Contains(needed, name) })
}

// find returns the device with a number.
func find(ordinal int) (dev cu.Device, err error) {
	var count int
	if err := cu.Try(func() { count = cu.DeviceGetCount() }); err != nil {
		return 0, err
	}
	if ordinal < 0 || ordinal >= count {
		there := fmt.Sprintf("there are %d devices, 0 to %d", count, count-1)
		if count == 1 {
			there = "there is 1 device, 0"
		}
		return 0, fmt.Errorf("%s: nvidia-smi lists them, CUDA_VISIBLE_DEVICES can hide some", there)
	}
	err = cu.Try(func() { dev = cu.DeviceGet(ordinal) })
	return dev, err
}

// versionString returns 12.4 for 12040.
func versionString(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }
