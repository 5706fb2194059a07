package checkpoint

import (
	"encoding/binary"
	"math"

	"github.com/x448/float16"
)

// numbers are the elements of the given type, little-endian, as float64.
func numbers(raw []byte, dtype Dtype) []float64 {
	size := int(dtype.size())
	values := make([]float64, len(raw)/size)
	for i := range values {
		values[i] = number(raw[i*size:], dtype)
	}
	return values
}

// number is the first element of raw.
func number(raw []byte, dtype Dtype) float64 {
	le := binary.LittleEndian
	switch dtype {
	case F32:
		return float64(math.Float32frombits(le.Uint32(raw)))
	case F64:
		return math.Float64frombits(le.Uint64(raw))
	case F16:
		return float64(float16.Frombits(le.Uint16(raw)).Float32())
	case BF16: // the upper half of a float32
		return float64(math.Float32frombits(uint32(le.Uint16(raw)) << 16))
	case I8:
		return float64(int8(raw[0]))
	case I16:
		return float64(int16(le.Uint16(raw)))
	case I32:
		return float64(int32(le.Uint32(raw)))
	case I64:
		return float64(int64(le.Uint64(raw)))
	}
	return float64(raw[0]) // U8, Bool
}
