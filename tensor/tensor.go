// Package tensor gives arrays on a device a shape: constructors, views and
// the operations of a network, which check shapes, take their result from an
// arena and call package kernels. Gradients are the business of package
// autograd.
//
// Images are [n, h, w, c], convolution weights [oc, kh, kw, ic], weights of
// linear layers [out, in]. Operations whose name ends in Add add to their
// first argument.
package tensor

import (
	"fmt"
	"slices"

	"lbsam/kernels"
)

// A Tensor is an array on a device with a shape. Neither field changes after
// construction; the numbers do.
type Tensor struct {
	Shape []int
	Data  kernels.Buffer
}

// Size is the number of elements of a tensor of the given shape.
func Size(shape []int) int {
	n := 1
	for _, s := range shape {
		if s < 0 {
			panic(fmt.Sprintf("tensor: negative size in shape %v", shape))
		}
		n *= s
	}
	return n
}

// New returns a tensor of zeros that lives as long as the program uses it, in
// the device's precision.
func New(d *kernels.Device, shape ...int) *Tensor {
	return NewOf(d, d.Precision(), shape...)
}

// NewOf is New with the type of the elements.
func NewOf(d *kernels.Device, t kernels.Dtype, shape ...int) *Tensor {
	return &Tensor{slices.Clone(shape), d.Alloc(t, Size(shape))}
}

// From returns a tensor with the given values, rounded to the device's
// precision.
func From(d *kernels.Device, values []float64, shape ...int) *Tensor {
	t := New(d, shape...)
	t.SetFloats(values)
	return t
}

// Temp returns a tensor of undefined contents whose memory belongs to a, for
// activations or their gradients.
func Temp(a *kernels.Arena, shape ...int) *Tensor {
	return TempOf(a, a.Device().Activations(), shape...)
}

// TempExact is Temp in the device's precision.
func TempExact(a *kernels.Arena, shape ...int) *Tensor {
	return TempOf(a, a.Device().Precision(), shape...)
}

// TempOf is Temp with the type of the elements.
func TempOf(a *kernels.Arena, t kernels.Dtype, shape ...int) *Tensor {
	return &Tensor{slices.Clone(shape), a.Alloc(t, Size(shape))}
}

// Free gives the memory of a tensor from Temp back.
func (t *Tensor) Free(a *kernels.Arena) { a.Free(t.Data) }

// View is the same memory in another shape.
func (t *Tensor) View(shape ...int) *Tensor {
	if Size(shape) != t.Len() {
		panic(fmt.Sprintf("tensor: View of %v as %v", t.Shape, shape))
	}
	return &Tensor{slices.Clone(shape), t.Data}
}

// Part is a view of the elements from offset on, in the given shape.
func (t *Tensor) Part(offset int, shape ...int) *Tensor {
	return &Tensor{slices.Clone(shape), t.Data.Slice(offset, offset+Size(shape))}
}

// Rows is a view of the rows lo to hi of the first dimension: a batch of images,
// or its labels.
func (t *Tensor) Rows(lo, hi int) *Tensor {
	if len(t.Shape) == 0 || lo < 0 || hi < lo || hi > t.Shape[0] {
		panic(fmt.Sprintf("tensor: Rows %d to %d of %v", lo, hi, t.Shape))
	}
	row := Size(t.Shape[1:])
	return t.Part(lo*row, append([]int{hi - lo}, t.Shape[1:]...)...)
}

// Len is the number of elements.
func (t *Tensor) Len() int { return t.Data.Len() }

// Device is the device on which the tensor lives.
func (t *Tensor) Device() *kernels.Device { return t.Data.Device() }

// Floats returns a copy of the elements. It waits for the device.
func (t *Tensor) Floats() []float64 { return kernels.Floats(t.Data) }

// SetFloats sets the elements, rounded to the tensor's precision.
func (t *Tensor) SetFloats(values []float64) { kernels.UploadFloats(t.Data, values) }

// Zero sets the elements to 0.
func (t *Tensor) Zero() { kernels.Zero(t.Data) }

// Fill sets the elements to v.
func (t *Tensor) Fill(v float64) { kernels.Fill(t.Data, v) }

// Copy copies src into dst, of the same size.
func Copy(dst, src *Tensor) { kernels.Copy(dst.Data, src.Data) }

// String shows the shape and the first elements. It waits for the device.
func (t *Tensor) String() string {
	const shown = 8
	if dt := t.Data.Dtype(); dt != kernels.Float32 && dt != kernels.Float64 {
		return fmt.Sprintf("%v%v", dt, t.Shape)
	}
	values := kernels.Floats(t.Data.Slice(0, min(shown, t.Len())))
	dots := ""
	if t.Len() > shown {
		dots = " ..."
	}
	return fmt.Sprintf("%v%v %.5g%s", t.Data.Dtype(), t.Shape, values, dots)
}

// mustShape panics unless t has the wanted shape.
func mustShape(op, name string, t *Tensor, want ...int) {
	if !slices.Equal(t.Shape, want) {
		panic(fmt.Sprintf("tensor: %s: %s is %v, want %v", op, name, t.Shape, want))
	}
}

// mustRank panics unless t has as many dimensions as the names in like.
func mustRank(op, name string, t *Tensor, like string, rank int) {
	if len(t.Shape) != rank {
		panic(fmt.Sprintf("tensor: %s: %s is %v, want %s", op, name, t.Shape, like))
	}
}
