package cuda

import (
	"errors"
	"fmt"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// work is the last launch, for the error of a device that is lost.
type work struct {
	kernel      string
	grid, block driver.Dim3
	launches    int // in a graph, of which kernel is the last; 0: not a graph
}

// String says what was launched last.
func (w work) String() string {
	switch {
	case w.launches > 0:
		return fmt.Sprintf("the last launch was a graph of %d kernels that ends with %s", w.launches, w.kernel)
	case w.kernel != "":
		return fmt.Sprintf("the last launch was %s, grid %v, block %v", w.kernel, w.grid, w.block)
	}
	return "nothing was launched"
}

// check turns the failure of a call into an error of the driver. A failure
// after which the context is of no use makes the device lost.
func (d *Device) check(what string, err error) error {
	if err == nil {
		return nil
	}
	var r cu.Result
	if errors.As(err, &r) && fatal(r) {
		d.stop = driver.Lost{Device: d.name, Err: fmt.Errorf("%w, found by %s; %v; start the program again", err, what, d.last)}
		return d.stop
	}
	return d.errorf("%s: %w", what, err)
}

// try is check for a function of cu that panics.
func (d *Device) try(what string, f func()) error { return d.check(what, cu.Try(f)) }

// hang makes the device lost because it got nothing done.
func (d *Device) hang(what string) error {
	d.hung = true
	d.stop = driver.Lost{Device: d.name, Err: fmt.Errorf("no answer for %v: the GPU hangs or was lost, found by %s; %v; does nvidia-smi still list it?",
		d.config.Timeout, what, d.last)}
	return d.stop
}

// Results that cu does not name: they came with CUDA 12.8.
const (
	errorContained        cu.Result = 226 // an error of the hardware or of another GPU
	errorTensorMemoryLeak cu.Result = 721
)

// fatal tells whether after r every call on the context fails.
func fatal(r cu.Result) bool {
	switch r {
	case cu.ERROR_ILLEGAL_ADDRESS, cu.ERROR_MISALIGNED_ADDRESS, cu.ERROR_INVALID_ADDRESS_SPACE, // a kernel's mistakes
		cu.ERROR_ILLEGAL_INSTRUCTION, cu.ERROR_INVALID_PC, cu.ERROR_HARDWARE_STACK_ERROR, cu.ERROR_ASSERT,
		cu.ERROR_LAUNCH_FAILED, cu.ERROR_LAUNCH_TIMEOUT, errorTensorMemoryLeak:
		return true
	case cu.ERROR_ECC_UNCORRECTABLE, cu.ERROR_NVLINK_UNCORRECTABLE, errorContained, cu.ERROR_EXTERNAL_DEVICE, // the hardware's
		cu.ERROR_DEVICE_UNAVAILABLE, cu.ERROR_CONTEXT_IS_DESTROYED, cu.ERROR_DEINITIALIZED, cu.ERROR_NO_DEVICE, cu.ERROR_UNKNOWN:
		return true
	}
	return false
}
