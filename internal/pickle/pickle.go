// Package pickle reads Python's pickles, protocols 0 to 5, without running
// anything: a pickle is a program that may call any function of Python, and here
// it may call those alone that the caller allows.
//
// Values become
//
//	None, bool     nil, bool
//	int            int64, or *big.Int where that is too small
//	float          float64
//	str            string; so does the str of Python 2, its bytes as they are
//	bytes          []byte; bytearray too
//	tuple, list    Tuple, *List
//	dict           *Dict
//	set, frozenset *List
//	a class or function   *Global
//
// Lists and dicts may contain themselves, and one value may be reached on many
// ways: whoever walks them bounds depth and number of steps.
package pickle

import (
	"fmt"
	"io"
)

// A Tuple is a tuple of Python.
type Tuple []any

// A List is a list of Python.
type List struct{ Items []any }

// A Callable is what stands in for a class or a function of Python. A pickle may
// call it as often as it has bytes, with the same arguments: its result must not
// need more than a fixed amount of memory.
type Callable func(args []any) (any, error)

// A Find returns what stands in for a global of Python; ok is false for one that
// is not allowed.
type Find func(module, name string) (c Callable, ok bool)

// A Global is a class or a function that a pickle names.
type Global struct {
	Module, Name string
	Call         Callable // nil: it may be named, but not called
}

// A Builder is an object that takes the state that a pickle has for it; objects
// made by a Callable are such where a pickle sets their state. A Dict takes any,
// which it forgets: those are attributes, as of the OrderedDict of PyTorch.
type Builder interface{ Build(state any) error }

// A Decoder reads pickles.
type Decoder struct {
	Find Find // nil: no global is allowed

	// Persistent returns the object with a persistent id, such as the storage of
	// a tensor; nil: there are none.
	Persistent func(id any) (any, error)
}

// Decode reads a pickle that makes up the whole of r.
func Decode(r io.Reader, find Find) (any, error) {
	return Decoder{Find: find}.Decode(r)
}

// Decode reads a pickle that makes up the whole of r.
func (d Decoder) Decode(r io.Reader) (any, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("pickle: after %d bytes: %w", len(data), err)
	}
	return d.Bytes(data)
}

// Bytes reads a pickle that makes up the whole of data. The values keep it: their
// bytes are parts of it. The memory that they need is bounded by a multiple of
// len(data).
func (d Decoder) Bytes(data []byte) (any, error) {
	m := &machine{Decoder: d, data: data, memo: map[int64]any{}, budget: len(data)}
	for {
		at := m.at
		op, err := m.take(1)
		if err == nil && op[0] == opStop {
			return m.result()
		}
		if err == nil {
			err = m.step(op[0])
		}
		if err != nil {
			return nil, fmt.Errorf("pickle: at byte %d of %d: %w", at, len(data), err)
		}
	}
}

// result is the value at the end.
func (m *machine) result() (any, error) {
	switch left := len(m.data) - m.at; {
	case len(m.stack) != 1 || len(m.marks) != 0:
		return nil, fmt.Errorf("pickle: at its end are %d values and %d marks, want one value", len(m.stack), len(m.marks))
	case left > 0:
		return nil, fmt.Errorf("pickle: ends at byte %d of %d", m.at, len(m.data))
	}
	return m.stack[0], nil
}
