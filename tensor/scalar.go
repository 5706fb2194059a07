package tensor

import "lbsam/kernels"

// A Scalar is one number in device memory: a loss, a norm, a learning rate.
// A training step passes it on without looking; Read waits for the device.
type Scalar struct{ *Tensor }

// NewScalar returns a scalar with the value v.
func NewScalar(d *kernels.Device, v float64) Scalar {
	s := Scalar{New(d, 1)}
	s.Set(v)
	return s
}

// Set changes the value.
func (s Scalar) Set(v float64) { s.Fill(v) }

// Read returns the value. It waits for the device: reports and tests may call
// it, a training step may not.
func (s Scalar) Read() float64 { return s.Floats()[0] }
