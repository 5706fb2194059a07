package parquet

import (
	"encoding/binary"
	"fmt"
)

// A value is one of a column.
type value struct {
	bytes   []byte // nil: it is the integer
	integer int64
}

// The types of values that are read.
const (
	typeInt32 = 1
	typeInt64 = 2
	typeBytes = 6
)

// The encodings of values that are read.
const (
	encodingPlain           = 0
	encodingPlainDictionary = 2
	encodingRLEDictionary   = 8
)

// The kinds of pages.
const (
	kindData       = 0
	kindDictionary = 2
	kindDataV2     = 3
)

// column gives use the values of a column in the order of the rows.
func (f *File) column(path string, use func(row int, v value) error) error {
	index, err := f.find(path)
	if err != nil {
		return err
	}
	row := 0
	for _, group := range f.groups {
		columns, err1 := group.structs(groupColumns)
		rows, err2 := group.integer(groupRows)
		if err := first(err1, err2); err != nil {
			return err
		}
		if index >= len(columns) {
			return fmt.Errorf("a group of rows has %d columns, want %d", len(columns), len(f.leaves))
		}
		if rows < 0 || rows > int64(f.Rows-row) {
			return fmt.Errorf("a group claims %d rows, and there are %d left", rows, f.Rows-row)
		}
		c := chunk{file: f, meta: columns[index].inner(chunkMeta), optional: f.leaves[index].optional, row: row, rows: int(rows), use: use}
		if err := c.read(); err != nil {
			return fmt.Errorf("column %s: %w", path, err)
		}
		row += int(rows)
	}
	if row != f.Rows {
		return fmt.Errorf("column %s has %d values, want %d", path, row, f.Rows)
	}
	return nil
}

// A chunk is what a group of rows has of a column: pages, one after the other, the
// first of which may be a dictionary.
type chunk struct {
	file     *File
	meta     fields
	optional int
	row      int // of the next value
	rows     int // that are left
	use      func(row int, v value) error

	kind       int64
	dictionary []value
}

func (c *chunk) read() error {
	kind, err1 := c.meta.integer(metaType)
	begin, err2 := c.meta.integer(metaData)
	size, err3 := c.meta.integer(metaSize)
	if err := first(err1, err2, err3); err != nil {
		return err
	}
	if at := c.meta.or(metaDictionary, 0); at > 0 && at < begin {
		begin = at
	}
	n := int64(len(c.file.data))
	if begin < 0 || begin > n || size < 0 || size > n-begin {
		return fmt.Errorf("it lies at %d and has %d bytes, and the file has %d", begin, size, n)
	}
	c.kind = kind
	for data := c.file.data[begin : begin+size]; c.rows > 0; {
		used, err := c.page(data)
		if err != nil {
			return err
		}
		data = data[used:]
	}
	return nil
}

// page reads the first page of data and returns its length.
func (c *chunk) page(data []byte) (used int, err error) {
	header, used, err := decode(data)
	if err != nil {
		return 0, fmt.Errorf("the header of a page: %w", err)
	}
	size, err1 := header.integer(pageSize)
	raw, err2 := header.integer(pageRaw)
	kind, err3 := header.integer(pageType)
	if err := first(err1, err2, err3); err != nil {
		return 0, fmt.Errorf("the header of a page: %w", err)
	}
	data = data[used:]
	if size < 0 || size > int64(len(data)) || raw < 0 {
		return 0, fmt.Errorf("a page claims %d bytes, %d of them compressed, and %d are left", raw, size, len(data))
	}
	body := data[:size]
	switch kind {
	case kindDictionary:
		err = c.takeDictionary(header.inner(pageDictionary), body, raw)
	case kindData:
		err = c.takeData(header.inner(pageData), body, raw)
	case kindDataV2:
		err = c.takeDataV2(header.inner(pageDataV2), body, raw)
	default: // such as an index
	}
	return used + int(size), err
}

// takeDictionary keeps the values of a dictionary, plain ones.
func (c *chunk) takeDictionary(header fields, body []byte, raw int64) error {
	n, err := header.integer(dataValues)
	if err != nil {
		return fmt.Errorf("a dictionary: %w", err)
	}
	if body, err = c.inflate(body, raw); err != nil {
		return fmt.Errorf("a dictionary: %w", err)
	}
	if n < 0 || n > int64(len(body)) {
		return fmt.Errorf("a dictionary claims %d values in %d bytes", n, len(body))
	}
	c.dictionary = c.dictionary[:0]
	return c.plain(body, int(n), func(v value) error {
		c.dictionary = append(c.dictionary, v)
		return nil
	})
}

// takeData takes a page of version 1: all of it may be compressed, and the levels
// come with their length before the values.
func (c *chunk) takeData(header fields, body []byte, raw int64) (err error) {
	n, err1 := header.integer(dataValues)
	encoding, err2 := header.integer(dataEncoding)
	if err := first(err1, err2); err != nil {
		return fmt.Errorf("a page: %w", err)
	}
	if body, err = c.inflate(body, raw); err != nil {
		return fmt.Errorf("a page: %w", err)
	}
	if c.optional > 0 {
		if len(body) < 4 || int64(binary.LittleEndian.Uint32(body)) > int64(len(body)-4) {
			return fmt.Errorf("a page: its levels: %w", errCut)
		}
		size := 4 + int(binary.LittleEndian.Uint32(body))
		if err := c.allThere(body[4:size], n); err != nil {
			return err
		}
		body = body[size:]
	}
	return c.values(body, n, encoding)
}

// takeDataV2 takes a page of version 2: the levels are never compressed.
func (c *chunk) takeDataV2(header fields, body []byte, raw int64) (err error) {
	n, err1 := header.integer(v2Values)
	encoding, err2 := header.integer(v2Encoding)
	if err := first(err1, err2); err != nil {
		return fmt.Errorf("a page: %w", err)
	}
	levels := header.or(v2Repetition, 0) + header.or(v2Definition, 0)
	if header.or(v2Repetition, 0) != 0 || levels < 0 || levels > int64(len(body)) || levels > raw {
		return fmt.Errorf("a page has levels of %d bytes in %d", levels, len(body))
	}
	if nulls := header.or(v2Nulls, 0); nulls != 0 {
		return fmt.Errorf("it has %d nulls, want a value in each row", nulls)
	}
	if c.optional > 0 {
		if err := c.allThere(body[:levels], n); err != nil {
			return err
		}
	}
	body = body[levels:]
	if compressed, ok := header[v2Compressed].(bool); !ok || compressed {
		if body, err = c.inflate(body, raw-levels); err != nil {
			return fmt.Errorf("a page: %w", err)
		}
	}
	return c.values(body, n, encoding)
}

// allThere returns an error unless all n levels say that the value is there.
func (c *chunk) allThere(levels []byte, n int64) error {
	return hybrid(levels, bitsFor(c.optional), n, func(level uint64) error {
		if level != uint64(c.optional) {
			return fmt.Errorf("it has a null, want a value in each row")
		}
		return nil
	})
}

// values gives the n values of a page to use.
func (c *chunk) values(body []byte, n, encoding int64) error {
	if n < 0 || n > int64(c.rows) {
		return fmt.Errorf("a page claims %d values, and %d rows are left", n, c.rows)
	}
	give := func(v value) error {
		c.row, c.rows = c.row+1, c.rows-1
		return c.use(c.row-1, v)
	}
	switch encoding {
	case encodingPlain:
		return c.plain(body, int(n), give)
	case encodingPlainDictionary, encodingRLEDictionary:
		if len(body) == 0 {
			return fmt.Errorf("a page: %w", errCut)
		}
		return hybrid(body[1:], int(body[0]), n, func(i uint64) error {
			if i >= uint64(len(c.dictionary)) {
				return fmt.Errorf("a page refers to value %d of a dictionary of %d", i, len(c.dictionary))
			}
			return give(c.dictionary[i])
		})
	}
	return fmt.Errorf("a page has encoding %d, want plain ones (0) or such by a dictionary (2, 8)", encoding)
}
