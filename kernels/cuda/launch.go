package cuda

import (
	"fmt"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// Launch puts a kernel into a stream. What goes wrong on the GPU is the error
// of a later call.
func (d *Device) Launch(s driver.Stream, dk driver.Kernel, grid, block driver.Dim3, shared int, args []byte) error {
	q, err := d.on("Launch", s)
	if err != nil {
		return err
	}
	k, ok := dk.(*kernel)
	if !ok || k.dev != d {
		return d.errorf("Launch: %s is a kernel of another driver", dk.Name())
	}
	if len(args) != k.size {
		return d.errorf("Launch of %s: %d bytes of arguments, want %d for %d parameters", k.Name(), len(args), k.size, len(k.Params()))
	}
	if shared > k.dynamic {
		if err := d.raise(k, shared); err != nil {
			return err
		}
	}
	if c := d.capture; c != nil {
		c.last = work{kernel: k.Name(), launches: c.last.launches + 1}
	} else {
		d.last = work{kernel: k.Name(), grid: grid, block: block}
	}
	if err := k.fn.Launch(cuDim(grid), cuDim(block), shared, q.stream, args); err != nil {
		return d.check(fmt.Sprintf("Launch of %s, grid %v, block %v, %d bytes of shared memory", k.Name(), grid, block, shared), err)
	}
	return d.given("Launch", q, 1)
}

// raise lets launches of k ask for so much dynamic shared memory.
func (d *Device) raise(k *kernel, shared int) error {
	if shared > d.info.Shared-k.static {
		return d.errorf("Launch of %s: %d bytes of dynamic and %d of static shared memory, at most %d are possible",
			k.Name(), shared, k.static, d.info.Shared)
	}
	if err := k.fn.SetAttribute(cu.FUNC_A_MAX_DYNAMIC_SHARED_SIZE_BYTES, shared); err != nil {
		return d.check("Launch of "+k.Name(), err)
	}
	k.dynamic = shared
	return nil
}

func cuDim(n driver.Dim3) cu.Dim3 { return cu.Dim3{X: int(n.X), Y: int(n.Y), Z: int(n.Z)} }
