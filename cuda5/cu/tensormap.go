package cu

import "unsafe"

// A TensorMap describes an array to the bulk tensor copies of compute
// capability 9.0. As an argument of a kernel it is aligned to 64 bytes: see
// [AlignArgs].
type TensorMap [128]byte

// A TensorMapType is the type of an array's elements.
type TensorMapType int

// The types of elements.
const (
	TENSOR_MAP_UINT8    TensorMapType = 0
	TENSOR_MAP_INT32    TensorMapType = 3
	TENSOR_MAP_FLOAT16  TensorMapType = 6
	TENSOR_MAP_FLOAT32  TensorMapType = 7
	TENSOR_MAP_BFLOAT16 TensorMapType = 9
	TENSOR_MAP_TFLOAT32 TensorMapType = 11
)

// A Tiled is an array of 1 to 5 dimensions, innermost first, and the box of it
// that a copy moves.
type Tiled struct {
	Type           TensorMapType
	Address        DevicePtr // a multiple of 16
	Dim            []uint64  // elements
	Strides        []uint64  // bytes, without the innermost dimension; multiples of 16
	Box            []uint32  // elements
	ElementStrides []uint32  // all 1 if nil
	Interleave     int       // 0: none, 1: 16 bytes, 2: 32 bytes
	Swizzle        int       // 0: none, 1: 32 bytes, 2: 64 bytes, 3: 128 bytes
	L2Promotion    int       // 0: none, 1: 64 bytes, 2: 128 bytes, 3: 256 bytes
	FillNaN        bool      // outside the array, instead of 0
}

var procTensorMapEncodeTiled = want("cuTensorMapEncodeTiled")

// TensorMapEncodeTiled returns the description of t. It needs CUDA 12.
func TensorMapEncodeTiled(t Tiled) (TensorMap, error) {
	rank := len(t.Dim)
	if t.ElementStrides == nil {
		t.ElementStrides = []uint32{1, 1, 1, 1, 1}[:min(rank, 5)]
	}
	if rank < 1 || rank > 5 || len(t.Strides) != rank-1 || len(t.Box) != rank || len(t.ElementStrides) != rank {
		return TensorMap{}, &Error{procTensorMapEncodeTiled.name, ERROR_INVALID_VALUE}
	}
	var fill uintptr
	if t.FillNaN {
		fill = 1
	}
	buffer := new([2 * 128]byte) // holds an aligned map
	offset := -uintptr(unsafe.Pointer(buffer)) % 64
	err := procTensorMapEncodeTiled.call(uintptr(unsafe.Pointer(&buffer[offset])), uintptr(t.Type), uintptr(rank), uintptr(t.Address),
		uintptr(unsafe.Pointer(&t.Dim[0])), uintptr(unsafe.Pointer(unsafe.SliceData(t.Strides))),
		uintptr(unsafe.Pointer(&t.Box[0])), uintptr(unsafe.Pointer(&t.ElementStrides[0])),
		uintptr(t.Interleave), uintptr(t.Swizzle), uintptr(t.L2Promotion), fill)
	return TensorMap(buffer[offset:]), err
}
