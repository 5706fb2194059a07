package datasets

import (
	"fmt"
	"io"
)

// A matArray is an array of numbers in a MAT-file.
type matArray struct {
	name string
	dims []int
	element
	data io.Reader // the numbers, column by column: the first index is the fastest
}

// matrix reads an array of size bytes: flags, dimensions, name, numbers.
func (f *matFile) matrix(r io.Reader, size int64) error {
	if f.left -= size; f.left < 0 {
		return fmt.Errorf("%w: its arrays have %d bytes more than expected", errTooLong, -f.left)
	}
	const mostDims, mostName = 16, 256
	flags, err := f.part(r, matUint32, 8)
	if err != nil || len(flags) != 8 {
		return fmt.Errorf("the flags of an array, %d bytes of 8: %w", len(flags), err)
	}
	if word := f.order.Uint32(flags); !isNumbers(word) {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	var a matArray
	dims, err := f.part(r, matInt32, 4*mostDims)
	if err != nil {
		return fmt.Errorf("the dimensions of an array: %w", err)
	}
	for i := 0; i+4 <= len(dims); i += 4 {
		a.dims = append(a.dims, int(int32(f.order.Uint32(dims[i:]))))
	}
	name, err := f.part(r, matInt8, mostName)
	if err != nil {
		return fmt.Errorf("the name of an array: %w", err)
	}
	a.name = string(name)
	tag, err := f.tag(r)
	if err == nil {
		a.element, err = f.elementOf(tag.kind)
	}
	if err != nil {
		return fmt.Errorf("array %q: %w", a.name, unexpected(err))
	}
	a.data = tag.numbers(r)
	if err := f.use(a); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r) // what fills it up to a multiple of 8
	return err
}

// isNumbers reports whether the flags are those of an array of real numbers, and
// not of a text, a struct, a sparse or a complex array.
func isNumbers(flags uint32) bool {
	const first, last, complex = 6, 15, 0x800
	class := flags & 0xff
	return class >= first && class <= last && flags&complex == 0
}

// elementOf is the element with a type of MAT-files.
func (f *matFile) elementOf(kind uint32) (element, error) {
	e, ok := map[uint32]element{
		matInt8: {'i', 1, f.order}, matUint8: {'u', 1, f.order}, matInt16: {'i', 2, f.order}, matUint16: {'u', 2, f.order},
		matInt32: {'i', 4, f.order}, matUint32: {'u', 4, f.order}, matInt64: {'i', 8, f.order}, matUint64: {'u', 8, f.order},
		matSingle: {'f', 4, f.order}, matDouble: {'f', 8, f.order},
	}[kind]
	if !ok {
		return e, fmt.Errorf("its numbers are of type %d, which is none", kind)
	}
	return e, nil
}
