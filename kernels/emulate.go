package kernels

import "math"

// The devices cpu and ref multiply in their own precision. Opened for another
// Compute they emulate it: what a GPU stores in 16 bits, or rounds on its way to
// a multiplication, is rounded here, and lies in float32. That shows what a format
// does to a training. It is slower than float32, and sums are in another order
// than on a GPU.

// Emulates reports whether the device stands for one that computes in another
// way than it does itself.
func (d *Device) Emulates() bool { return d.gpu == nil && d.compute != ComputeFloat32 }

// EmulatesStorage reports whether the device stands for one that keeps
// activations in 16 bits: they lie in float32, and Cast makes numbers of that
// format of them.
func (d *Device) EmulatesStorage() bool {
	return d.gpu == nil && (d.compute == ComputeFloat16 || d.compute == ComputeBFloat16)
}

// emulatesFactors reports whether the device stands for one that rounds factors
// to TF32 and keeps them as they are in memory.
func (d *Device) emulatesFactors() bool { return d.gpu == nil && d.compute == ComputeTF32 }

// factors returns a and b as a product multiplies them: copies that are rounded,
// on a device that emulates TF32, where a GPU rounds. That depends on the lengths
// of the rows that it reads, 16 bytes at a time. The copies last until the next
// product.
func factors(a, b Buffer, rows ...int) (Buffer, Buffer) {
	d := a.dev
	if !d.emulatesFactors() || !inRuns(4, rows) {
		return a, b
	}
	for i, factor := range []Buffer{a, b} {
		if d.factors[i].n < factor.n {
			d.factors[i] = d.Alloc(Float32, factor.n)
		}
		Cast(d.factors[i].Slice(0, factor.n), factor)
	}
	return d.factors[0].Slice(0, a.n), d.factors[1].Slice(0, b.n)
}

// emulated is the format that Cast of a device without PTX rounds to.
func (d *Device) emulated() (f halfFormat, ok bool) {
	switch {
	case d.emulatesFactors():
		return halfFormat{10, -126}, true
	case d.EmulatesStorage() && d.compute == ComputeFloat16:
		return Float16.half()
	case d.EmulatesStorage():
		return BFloat16.half()
	}
	return halfFormat{}, false
}

// round rounds v to the nearest number of the format, to the even one of two,
// as encode does: what is too large becomes infinite.
func (f halfFormat) round(v float32) float32 {
	bits := math.Float32bits(v)
	exponent := int(bits>>23&0xff) - 127
	drop := 23 - f.fraction
	switch {
	case exponent == 128: // infinity or NaN
		return v
	case exponent < f.least && f.least > -126: // below the normal numbers of the format
		quantum := math.Ldexp(1, f.least-f.fraction)
		return float32(math.Copysign(math.RoundToEven(float64(v)/quantum)*quantum, float64(v)))
	}
	bits += 1<<(drop-1) - 1 + bits>>drop&1
	rounded := math.Float32frombits(bits >> drop << drop)
	if int(bits>>23&0xff)-127 > 1-f.least { // carried over the largest number
		return float32(math.Inf(1 - 2*int(bits>>31)))
	}
	return rounded
}

// castEmulated is Cast on a device without PTX.
func (f halfFormat) castEmulated(y, x []float32) {
	for i, v := range x {
		y[i] = f.round(v)
	}
}
