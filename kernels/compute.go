package kernels

// A Compute is how a device multiplies in convolutions and linear layers, and
// in what it keeps activations.
type Compute uint8

const (
	// ComputeFloat32 multiplies what is stored.
	ComputeFloat32 Compute = iota

	// ComputeTF32 rounds both factors to TF32, 10 bits behind the point, and
	// adds their products in float32, on tensor cores. The devices cpu and ref
	// emulate it. Products with operands that do not start, or whose rows do not
	// start, at multiples of 16 bytes are computed in float32.
	ComputeTF32

	// ComputeFloat16 and ComputeBFloat16 keep activations and their gradients in
	// 16 bits, multiply them with weights rounded to the same format, on tensor
	// cores, and add the products in float32. Weights, their gradients, statistics
	// and everything that minimizers keep stay float32. The devices cpu and ref
	// emulate them.
	ComputeFloat16
	ComputeBFloat16

	// ComputeBest is TF32 on a device that runs PTX and float32 elsewhere: how
	// PyTorch multiplies in convolutions if it is not told otherwise.
	ComputeBest
)

func (c Compute) String() string { return [...]string{"float32", "tf32", "fp16", "bf16", "best"}[c] }

// Activations is the element type of activations and of their gradients.
func (d *Device) Activations() Dtype {
	switch {
	case d.gpu != nil && d.compute == ComputeFloat16:
		return Float16
	case d.gpu != nil && d.compute == ComputeBFloat16:
		return BFloat16
	}
	return d.precision
}

// Compute is how the device multiplies.
func (d *Device) Compute() Compute { return d.compute }
