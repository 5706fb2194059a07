// Package parquet reads columns of Parquet files, as pyarrow writes tables of
// images: byte arrays and integers, plain or by a dictionary, without repetition
// and without nulls, compressed by Snappy, gzip, Zstandard or not at all.
//
// The libraries for Parquet read everything that the format has, which would make
// the program a third larger. The format is described in
// https://github.com/apache/parquet-format, version 2.11.
package parquet

import (
	"encoding/binary"
	"fmt"
	"strings"
)

const (
	magic      = "PAR1"
	mostFooter = 4 << 20 // bytes; those of real files have some thousand
)

// A File is a Parquet file in memory.
type File struct {
	Rows int

	data   []byte
	leaves []leaf
	groups []fields // of rows
}

// A leaf is a column.
type leaf struct {
	path     string // with dots
	optional int    // how many of it and of what it lies in may be null
	repeated bool
}

// Open reads the description of a file's columns. The data are not copied.
func Open(data []byte) (*File, error) {
	const tail = 8 // the length of the footer, and the magic
	if len(data) < len(magic)+tail || string(data[:4]) != magic || string(data[len(data)-4:]) != magic {
		return nil, fmt.Errorf("it is no complete Parquet file: want %s at its begin and its end", magic)
	}
	size := int64(binary.LittleEndian.Uint32(data[len(data)-tail:]))
	end := int64(len(data) - tail)
	if size > min(end-int64(len(magic)), mostFooter) {
		return nil, fmt.Errorf("its footer has %d bytes, want %d at most", size, min(end-int64(len(magic)), mostFooter))
	}
	footer, _, err := decode(data[end-size : end])
	if err != nil {
		return nil, fmt.Errorf("its footer: %w", err)
	}
	f := &File{data: data[:end-size]}
	schema, err1 := footer.structs(fileSchema)
	rows, err2 := footer.integer(fileRows)
	groups, err3 := footer.structs(fileGroups)
	if err := first(err1, err2, err3); err != nil {
		return nil, fmt.Errorf("its footer: %w", err)
	}
	if rows < 0 || rows > int64(len(data))*8 { // a value of a column takes a bit at least, mostly
		return nil, fmt.Errorf("it claims %d rows in %d bytes", rows, len(data))
	}
	f.Rows, f.groups = int(rows), groups
	if len(schema) == 0 {
		return nil, fmt.Errorf("it has no schema")
	}
	rest, err := f.walk(schema, "", 0, false, 0)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("its schema has %d elements too many", len(rest))
	}
	return f, err
}

// walk takes the first element of a schema and all below it, and returns what
// follows. The root has no name in paths.
func (f *File) walk(schema []fields, above string, optional int, repeated bool, depth int) ([]fields, error) {
	const deepest = 16
	if len(schema) == 0 || depth > deepest {
		return nil, fmt.Errorf("its schema is cut off, or nested more than %d times", deepest)
	}
	e := schema[0]
	schema = schema[1:]
	children := e.or(elementChildren, 0)
	path := above
	if depth > 0 {
		path += e.text(elementName)
		optional += btoi(e.or(elementRepetition, required) == isOptional)
		repeated = repeated || e.or(elementRepetition, required) == isRepeated
	}
	if children == 0 {
		f.leaves = append(f.leaves, leaf{path, optional, repeated})
		return schema, nil
	}
	if depth > 0 {
		path += "."
	}
	for range children {
		var err error
		if schema, err = f.walk(schema, path, optional, repeated, depth+1); err != nil {
			return nil, err
		}
	}
	return schema, nil
}

// Columns are the paths of the columns, with dots.
func (f *File) Columns() (paths []string) {
	for _, l := range f.leaves {
		paths = append(paths, l.path)
	}
	return paths
}

// Bytes gives use the values of a column of byte arrays, row by row. They may be
// kept, and must not be changed.
func (f *File) Bytes(path string, use func(row int, value []byte) error) error {
	return f.column(path, func(row int, v value) error {
		if v.bytes == nil {
			return fmt.Errorf("column %s has integers, want byte arrays", path)
		}
		return use(row, v.bytes)
	})
}

// Integers gives use the values of a column of integers, row by row.
func (f *File) Integers(path string, use func(row int, value int64) error) error {
	return f.column(path, func(row int, v value) error {
		if v.bytes != nil {
			return fmt.Errorf("column %s has byte arrays, want integers", path)
		}
		return use(row, v.integer)
	})
}

// find returns the index of a column.
func (f *File) find(path string) (int, error) {
	for i, l := range f.leaves {
		if l.path != path {
			continue
		}
		if l.repeated {
			return 0, fmt.Errorf("column %s is repeated, want one value per row", path)
		}
		return i, nil
	}
	return 0, fmt.Errorf("it has no column %s: found %.200s", path, strings.Join(f.Columns(), ", "))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// first is the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
