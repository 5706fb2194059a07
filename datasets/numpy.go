package datasets

import (
	"fmt"
	"math"

	"lbsam/internal/pickle"
)

// An ndarray is an array of NumPy from a pickle, row by row.
type ndarray struct {
	shape   []int
	element element
	data    []byte
	text    string // the data of a pickle of Python 2
}

// bytes returns the data.
func (a *ndarray) bytes() []byte {
	if a.data == nil {
		return []byte(a.text)
	}
	return a.data
}

// A dtype is the type of such an array.
type dtype struct{ element }

// numpy allows what pickles of arrays name.
func numpy(module, name string) (pickle.Callable, bool) {
	switch module + "." + name {
	case "numpy.ndarray":
		return nil, true
	case "numpy.dtype":
		return newDtype, true
	case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
		return func([]any) (any, error) { return new(ndarray), nil }, true
	case "numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer":
		return fromBuffer, true
	}
	return nil, false
}

// newDtype takes the name of a type, such as u1; what else a type has comes as its
// state.
func newDtype(args []any) (any, error) {
	if len(args) == 0 {
		return nil, errArray("a type without a name")
	}
	name, ok := text(args[0])
	if !ok {
		return nil, errArray("a type without a name")
	}
	e, err := numpyElement(name)
	return &dtype{e}, err
}

// Build takes (version, byte order, ...).
func (d *dtype) Build(state any) error {
	fields, ok := state.(pickle.Tuple)
	if !ok || len(fields) < 2 {
		return errArray("the state of a type")
	}
	order, ok := text(fields[1])
	if !ok || len(order) != 1 {
		return errArray("a byte order")
	}
	e, err := numpyElement(fmt.Sprintf("%s%c%d", order, d.kind, d.size))
	d.element = e
	return err
}

// Build takes (version, shape, type, whether column by column, bytes).
func (a *ndarray) Build(state any) error {
	fields, ok := state.(pickle.Tuple)
	if !ok || len(fields) != 5 {
		return errArray("the state of an array")
	}
	if columns, ok := fields[3].(bool); !ok || columns {
		return errArray("an order that is not row by row")
	}
	return a.set(fields[1], fields[2], fields[4])
}

// fromBuffer takes (bytes, type, shape, order), as protocol 5 has it.
func fromBuffer(args []any) (any, error) {
	if len(args) != 4 || args[3] != "C" {
		return nil, errArray("an order that is not row by row")
	}
	a := new(ndarray)
	return a, a.set(args[2], args[1], args[0])
}

// set sets all that an array has, without a copy: a pickle may do so again and
// again. The bytes must be those of its shape.
func (a *ndarray) set(shape, kind, data any) error {
	const mostDims = 32
	dims, ok1 := shape.(pickle.Tuple)
	d, ok2 := kind.(*dtype)
	bytes, ok3 := data.([]byte)
	text, ok4 := data.(string)
	if !ok1 || !ok2 || !ok3 && !ok4 || len(dims) > mostDims {
		return errArray("an array without shape, type or bytes")
	}
	size := int64(d.size)
	var sides []int
	for _, v := range dims {
		n, ok := v.(int64)
		if !ok || n < 0 || n > math.MaxInt32 || n > 0 && size > math.MaxInt64/n {
			return errArray("a shape")
		}
		size *= n
		sides = append(sides, int(n))
	}
	if n := len(bytes) + len(text); size != int64(n) {
		return fmt.Errorf("an array of %v of type %v has %d bytes, want %d", sides, d.element, n, size)
	}
	a.shape, a.element, a.data, a.text = sides, d.element, bytes, text
	return nil
}

// text returns a str or bytes.
func text(v any) (string, bool) {
	if b, ok := v.([]byte); ok {
		return string(b), true
	}
	s, ok := v.(string)
	return s, ok
}

func errArray(what string) error {
	return fmt.Errorf("NumPy has %s that cannot be read: want an array of uint8 or integers, row by row", what)
}
