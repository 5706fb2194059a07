package kernels

// A Compute is how a device multiplies in convolutions and linear layers, the
// operands and results of which are float32.
type Compute uint8

const (
	// ComputeFloat32 multiplies what is stored.
	ComputeFloat32 Compute = iota

	// ComputeTF32 rounds both factors to TF32, 10 bits behind the point, and
	// adds their products in float32, on tensor cores. It needs a device that
	// runs PTX. Products with operands that do not start, or whose rows do not
	// start, at multiples of 16 bytes are computed in float32.
	ComputeTF32

	// ComputeBest is TF32 on a device that runs PTX and float32 elsewhere: how
	// PyTorch multiplies in convolutions if it is not told otherwise.
	ComputeBest
)

func (c Compute) String() string { return [...]string{"float32", "tf32", "best"}[c] }

// Compute is how the device multiplies.
func (d *Device) Compute() Compute { return d.compute }
