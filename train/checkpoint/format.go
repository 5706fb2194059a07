package checkpoint

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Dtype is the type of a tensor's elements in a file.
type Dtype string

// The types that are read and written.
const (
	F16  Dtype = "F16"
	BF16 Dtype = "BF16"
	F32  Dtype = "F32"
	F64  Dtype = "F64"
	I8   Dtype = "I8"
	I16  Dtype = "I16"
	I32  Dtype = "I32"
	I64  Dtype = "I64"
	U8   Dtype = "U8"
	Bool Dtype = "BOOL"
)

// size is the number of bytes of an element, 0 for a type that is not known.
func (t Dtype) size() int64 {
	switch t {
	case U8, I8, Bool:
		return 1
	case F16, BF16, I16:
		return 2
	case F32, I32:
		return 4
	case F64, I64:
		return 8
	}
	return 0
}

func (t Dtype) isFloat() bool { return t == F16 || t == BF16 || t == F32 || t == F64 }

// Info is what a file says about a tensor.
type Info struct {
	Name  string
	Dtype Dtype
	Shape []int
}

// String is the type and the shape.
func (i Info) String() string { return fmt.Sprintf("%s %v", i.Dtype, i.Shape) }

// maxRank keeps an error about a shape short.
const maxRank = 16

// bytes is the size of the elements, or an error if that is absurd.
func (i Info) bytes() (int64, error) {
	n := i.Dtype.size()
	if n == 0 {
		return 0, fmt.Errorf("found type %.20q, want one of F16, BF16, F32, F64, I8, I16, I32, I64, U8, BOOL", string(i.Dtype))
	}
	if i.Shape == nil || len(i.Shape) > maxRank {
		return 0, fmt.Errorf("found %d dimensions, want a shape of at most %d", len(i.Shape), maxRank)
	}
	for _, s := range i.Shape {
		if s < 0 || s > 0 && n > math.MaxInt64/int64(s) {
			return 0, fmt.Errorf("found shape %v, want one that fits into memory", i.Shape)
		}
		n *= int64(s)
	}
	return n, nil
}

// elements is the number of elements of a tensor of which bytes says no error.
func (i Info) elements() int64 {
	n, _ := i.bytes()
	return n / i.Dtype.size()
}

// Header is what a file says about itself.
type Header struct {
	Metadata map[string]string
	Tensors  []Info
}

// Parameters is how many numbers the tensors have, those of batch
// normalisation's running statistics and counters left out.
func (h Header) Parameters() (n int64) {
	for _, t := range h.Tensors {
		last := t.Name[strings.LastIndexByte(t.Name, '.')+1:]
		if !slices.Contains([]string{"running_mean", "running_var", "num_batches_tracked"}, last) {
			n += t.elements()
		}
	}
	return n
}
