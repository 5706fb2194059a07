package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The descriptions in a file are structs of Thrift in its compact protocol: their
// fields have numbers, which say what they are.
type fields map[int]any // bool, int64, float64, []byte, []any or fields

// The numbers of the fields that are read, of the structs FileMetaData,
// SchemaElement, RowGroup, ColumnChunk, ColumnMetaData, PageHeader and the headers
// of the kinds of pages.
const (
	fileSchema, fileRows, fileGroups = 2, 3, 4

	elementRepetition, elementName, elementChildren = 3, 4, 5

	groupColumns, groupRows = 1, 3

	chunkMeta = 3

	metaType, metaCodec, metaValues, metaSize, metaData, metaDictionary = 1, 4, 5, 7, 9, 11

	pageType, pageRaw, pageSize, pageData, pageDictionary, pageDataV2 = 1, 2, 3, 5, 7, 8

	dataValues, dataEncoding = 1, 2

	v2Values, v2Nulls, v2Encoding, v2Definition, v2Repetition, v2Compressed = 1, 2, 4, 5, 6, 7
)

// How often a value of a schema's element comes.
const (
	required   = 0
	isOptional = 1
	isRepeated = 2
)

var errCut = errors.New("it is cut off")

// A reader reads values of Thrift.
type reader struct {
	data []byte
	at   int
}

// decode reads a struct and returns how many bytes it took.
func decode(data []byte) (fields, int, error) {
	r := &reader{data: data}
	f, err := r.fields(0)
	return f, r.at, err
}

func (r *reader) byte() (byte, error) {
	if r.at == len(r.data) {
		return 0, errCut
	}
	r.at++
	return r.data[r.at-1], nil
}

func (r *reader) unsigned() (uint64, error) {
	v, n := binary.Uvarint(r.data[r.at:])
	if n <= 0 {
		return 0, errCut
	}
	r.at += n
	return v, nil
}

// signed reads a zigzag number.
func (r *reader) signed() (int64, error) {
	v, n := binary.Varint(r.data[r.at:])
	if n <= 0 {
		return 0, errCut
	}
	r.at += n
	return v, nil
}

// take returns the next n bytes.
func (r *reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.data)-r.at) {
		return nil, errCut
	}
	b := r.data[r.at : r.at+int(n)]
	r.at += int(n)
	return b, nil
}

// fields reads a struct: each field has a byte with its type and by how much its
// number is larger than the last one, 0 if that follows.
func (r *reader) fields(depth int) (fields, error) {
	const deepest = 32
	if depth > deepest {
		return nil, fmt.Errorf("its structs are nested more than %d times", deepest)
	}
	f, number := fields{}, 0
	for {
		head, err := r.byte()
		if err != nil || head == 0 {
			return f, err
		}
		number += int(head >> 4)
		if head>>4 == 0 {
			n, err := r.signed()
			if err != nil {
				return nil, err
			}
			number = int(int16(n))
		}
		if f[number], err = r.value(head&15, depth+1); err != nil {
			return nil, err
		}
	}
}

// value reads a value of the given type.
func (r *reader) value(kind byte, depth int) (any, error) {
	switch kind {
	case 1, 2:
		return kind == 1, nil
	case 3:
		b, err := r.byte()
		return int64(int8(b)), err
	case 4, 5, 6:
		return r.signed()
	case 7:
		b, err := r.take(8)
		if err != nil {
			return nil, err
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
	case 8:
		n, err := r.unsigned()
		if err != nil {
			return nil, err
		}
		return r.take(n)
	case 9, 10:
		return r.list(depth)
	case 12:
		return r.fields(depth)
	}
	return nil, fmt.Errorf("it has a value of type %d", kind)
}

// list reads a list or a set. Each of its values takes a byte at least.
func (r *reader) list(depth int) (list []any, err error) {
	head, err := r.byte()
	if err != nil {
		return nil, err
	}
	n, kind := uint64(head>>4), head&15
	if n == 15 {
		if n, err = r.unsigned(); err != nil {
			return nil, err
		}
	}
	if n > uint64(len(r.data)-r.at) {
		return nil, errCut
	}
	for range n {
		var v any
		if kind <= 2 { // in a list a bool has a byte
			var b byte
			b, err = r.byte()
			v = b == 1
		} else {
			v, err = r.value(kind, depth+1)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// integer is the integer of a field that must be there.
func (f fields) integer(number int) (int64, error) {
	v, ok := f[number].(int64)
	if !ok {
		return 0, fmt.Errorf("field %d is %T, want an integer", number, f[number])
	}
	return v, nil
}

// or is the integer of a field, or a default.
func (f fields) or(number int, otherwise int64) int64 {
	if v, ok := f[number].(int64); ok {
		return v
	}
	return otherwise
}

func (f fields) text(number int) string {
	b, _ := f[number].([]byte)
	return string(b)
}

// inner is the struct of a field; nil if there is none.
func (f fields) inner(number int) fields {
	v, _ := f[number].(fields)
	return v
}

// structs is the list of structs of a field that must be there.
func (f fields) structs(number int) (all []fields, err error) {
	list, ok := f[number].([]any)
	if !ok {
		return nil, fmt.Errorf("field %d is %T, want a list", number, f[number])
	}
	for _, v := range list {
		s, ok := v.(fields)
		if !ok {
			return nil, fmt.Errorf("field %d has a %T, want structs", number, v)
		}
		all = append(all, s)
	}
	return all, nil
}
