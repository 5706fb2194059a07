package kernels

import (
	"fmt"
	"unsafe"

	"lbsam/kernels/driver"
)

// A Dtype is the type of a buffer's elements.
type Dtype uint8

const (
	Float32 Dtype = iota
	Float64
	Int32
	Uint8
	Float16  // activations and their gradients,
	BFloat16 // on devices that run PTX
)

func (t Dtype) String() string {
	return [...]string{"float32", "float64", "int32", "uint8", "float16", "bfloat16"}[t]
}

// Size is the number of bytes of one element.
func (t Dtype) Size() int { return [...]int{4, 8, 4, 1, 2, 2}[t] }

// Float is what the reference loops compute in.
type Float interface{ float32 | float64 }

// Element is what a buffer may hold.
type Element interface {
	float32 | float64 | int32 | uint8
}

// lineBytes is the alignment of every allocation, in bytes: a cache line and an AVX-512 vector.
const lineBytes = 64

// A Buffer is an array in the memory of a device. The zero Buffer stands for
// an absent operand, such as the bias of a convolution without one.
type Buffer struct {
	dev   *Device
	host  unsafe.Pointer // of ref and cpu
	ptr   driver.Ptr     // of a device with memory of its own
	n     int
	dtype Dtype
}

// Alloc returns a zeroed buffer of n elements that starts on a multiple of 64
// bytes.
func (d *Device) Alloc(t Dtype, n int) Buffer {
	if n < 0 {
		panic(fmt.Sprintf("kernels: Alloc of %d elements", n))
	}
	b := Buffer{dev: d, dtype: t, n: n}
	if d.gpu != nil {
		b.ptr = d.gpu.alloc(n * t.Size()) // which may fail
		d.allocated.Add(int64(n * t.Size()))
		return b
	}
	d.allocated.Add(int64(n * t.Size()))
	b.host = d.allocHost(n * t.Size())
	return b
}

// Release gives the memory of a buffer from Alloc, not of a view, back to a
// device with memory of its own. Elsewhere the garbage collector does it.
func Release(b Buffer) {
	if b.dev.gpu != nil {
		b.dev.gpu.must("releasing memory", b.dev.gpu.drv.Free(b.ptr))
		b.dev.allocated.Add(-int64(b.n * b.dtype.Size()))
	}
}

// Len is the number of elements.
func (b Buffer) Len() int { return b.n }

// Dtype is the type of the elements.
func (b Buffer) Dtype() Dtype { return b.dtype }

// Device is the device that owns the memory; nil for the zero Buffer.
func (b Buffer) Device() *Device { return b.dev }

// IsNil reports whether b is the zero Buffer: an absent operand.
func (b Buffer) IsNil() bool { return b.dev == nil }

// Slice is the view of elements lo to hi.
func (b Buffer) Slice(lo, hi int) Buffer {
	if lo < 0 || hi < lo || hi > b.n {
		panic(fmt.Sprintf("kernels: Slice [%d:%d] of a buffer of %d elements", lo, hi, b.n))
	}
	switch {
	case b.IsNil() || lo == b.n: // one past the end would belong to another allocation
	case b.dev.gpu != nil:
		b.ptr += driver.Ptr(lo * b.dtype.Size())
	default:
		b.host = unsafe.Add(b.host, lo*b.dtype.Size())
	}
	b.n = hi - lo
	return b
}

// view is the buffer's memory as a slice of T, nil for an absent operand.
func view[T Element](b Buffer) []T {
	if b.IsNil() {
		return nil
	}
	if want := dtypeOf[T](); b.dtype != want {
		panic(fmt.Sprintf("kernels: a buffer of %v where %v is wanted", b.dtype, want))
	}
	if b.dev.gpu != nil {
		panic(fmt.Sprintf("kernels: a loop of the host on memory of device %s", b.dev.name))
	}
	return unsafe.Slice((*T)(b.host), b.n)
}

// raw is the bytes of x.
func raw[T Element](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*dtypeOf[T]().Size())
}

func f32(b Buffer) []float32 { return view[float32](b) }
func f64(b Buffer) []float64 { return view[float64](b) }
func i32(b Buffer) []int32   { return view[int32](b) }
func u8(b Buffer) []uint8    { return view[uint8](b) }

func dtypeOf[T Element]() Dtype {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int32:
		return Int32
	default:
		return Uint8
	}
}

// Upload copies src into b, which has the same type and length.
func Upload[T Element](b Buffer, src []T) {
	mustMatch("Upload", dtypeOf[T](), len(src), b)
	switch {
	case len(src) == 0:
	case b.dev.gpu != nil:
		b.dev.gpu.must("Upload", b.dev.gpu.drv.CopyIn(0, b.ptr, raw(src)))
	default:
		copy(view[T](b), src)
	}
}

// Download copies b into dst, which has the same type and length. It waits
// until the device has done all its work.
func Download[T Element](dst []T, b Buffer) {
	mustMatch("Download", dtypeOf[T](), len(dst), b)
	switch {
	case len(dst) == 0:
	case b.dev.gpu != nil:
		b.dev.gpu.join()
		b.dev.gpu.must("Download", b.dev.gpu.drv.CopyOut(0, raw(dst), b.ptr))
	default:
		copy(dst, view[T](b))
	}
}

// UploadFloats rounds src to the precision of b and copies it into b.
func UploadFloats(b Buffer, src []float64) {
	if f, ok := b.dtype.half(); ok {
		f.upload(b, src)
		return
	}
	if b.dtype == Float64 {
		Upload(b, src)
		return
	}
	rounded := make([]float32, len(src))
	for i, v := range src {
		rounded[i] = float32(v)
	}
	Upload(b, rounded)
}

// Floats returns a copy of b, of any floating-point type, in float64.
func Floats(b Buffer) []float64 {
	if f, ok := b.dtype.half(); ok {
		return f.download(b)
	}
	dst := make([]float64, b.n)
	if b.dtype == Float64 {
		Download(dst, b)
		return dst
	}
	values := make([]float32, b.n)
	Download(values, b)
	for i, v := range values {
		dst[i] = float64(v)
	}
	return dst
}

// mustMatch panics unless every buffer has n elements of type t and lives on
// one device. Absent operands pass.
func mustMatch(op string, t Dtype, n int, buffers ...Buffer) {
	for i, b := range buffers {
		if !b.IsNil() && (b.n != n || b.dtype != t) {
			panic(fmt.Sprintf("kernels: %s: argument %d has %d elements of %v, want %d of %v", op, i, b.n, b.dtype, n, t))
		}
	}
	mustShare(op, buffers...)
}

// mustShare panics unless every buffer lives on one device. Absent operands
// pass.
func mustShare(op string, buffers ...Buffer) {
	var dev *Device
	for _, b := range buffers {
		switch {
		case b.IsNil() || b.dev == dev:
		case dev == nil:
			dev = b.dev
		default:
			panic(fmt.Sprintf("kernels: %s: arguments live on two devices, %s and %s", op, dev.name, b.dev.name))
		}
	}
}
