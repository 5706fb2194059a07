package kernels

// activationType is the type that activations beside x have: that of x where
// the device keeps activations in it, else the device's precision.
func activationType(x Buffer) Dtype {
	if x.dtype == x.dev.Activations() {
		return x.dtype
	}
	return x.dev.precision
}

// suffix is what the names of kernels for activations of type t end with.
func (t Dtype) suffix() string {
	return map[Dtype]string{Float16: "_f16", BFloat16: "_bf16"}[t]
}

// wide is how many elements have 16 bytes.
func (t Dtype) wide() int { return 16 / t.Size() }
