package datasets

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
)

// The types of data in a MAT-file of version 5 (MathWorks, "MAT-File Format").
const (
	matInt8       = 1
	matUint8      = 2
	matInt16      = 3
	matUint16     = 4
	matInt32      = 5
	matUint32     = 6
	matSingle     = 7
	matDouble     = 9
	matInt64      = 12
	matUint64     = 13
	matMatrix     = 14
	matCompressed = 15
)

// A matFile is a MAT-file that is read.
type matFile struct {
	order binary.ByteOrder
	left  int64 // bytes that the arrays may still have, unpacked
	use   func(a matArray) error
}

// A matTag begins an element: its type and the number of bytes behind it, or
// those bytes themselves, if there are 4 at most.
type matTag struct {
	kind  uint32
	size  int64
	small []byte
}

// readMAT hands the arrays of numbers in r to use, one after the other; what is
// something else is passed over. Each may be compressed or not. All arrays
// together may have most bytes.
func readMAT(r io.Reader, most int64, use func(a matArray) error) error {
	r = bufio.NewReaderSize(r, 1<<16)
	header := make([]byte, 128) // text, version and byte order
	if _, err := io.ReadFull(r, header); err != nil {
		return fmt.Errorf("in its header: %w", err)
	}
	f := &matFile{left: most, use: use}
	switch mark := string(header[126:]); mark {
	case "IM":
		f.order = binary.LittleEndian
	case "MI":
		f.order = binary.BigEndian
	default:
		return fmt.Errorf("its byte order is marked by %q, want IM or MI: is it a MAT-file of version 5?", mark)
	}
	for {
		tag, err := f.tag(r)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = f.element(r, tag)
		}
		if err != nil {
			return err
		}
	}
}

// tag reads a tag. It returns io.EOF if nothing is left.
func (f *matFile) tag(r io.Reader) (t matTag, err error) {
	b := make([]byte, 8)
	if _, err := io.ReadFull(r, b); err != nil {
		return t, err
	}
	first := f.order.Uint32(b)
	if size := first >> 16; size > 0 { // a small element: its bytes follow at once
		if size > 4 {
			return t, fmt.Errorf("a small element has %d bytes, want 4 at most", size)
		}
		return matTag{first & 0xffff, int64(size), b[4 : 4+size]}, nil
	}
	return matTag{first, int64(f.order.Uint32(b[4:])), nil}, nil
}

// element reads what is behind a tag of the file.
func (f *matFile) element(r io.Reader, tag matTag) (err error) {
	body := &io.LimitedReader{R: r, N: tag.size}
	switch {
	case tag.small == nil && tag.kind == matMatrix:
		err = f.matrix(body, tag.size)
	case tag.small == nil && tag.kind == matCompressed:
		err = f.compressed(body)
	default:
		err = fmt.Errorf("it has an element of type %d, want %d or %d, an array", tag.kind, matMatrix, matCompressed)
	}
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if body.N > 0 {
		return fmt.Errorf("the last array lacks %d of its %d bytes: %w", body.N, tag.size, io.ErrUnexpectedEOF)
	}
	return nil
}

// compressed reads an array that zlib has packed.
func (f *matFile) compressed(r io.Reader) error {
	z, err := zlib.NewReader(r)
	if err != nil {
		return unexpected(err)
	}
	tag, err := f.tag(z)
	if err != nil {
		return unexpected(err)
	}
	if tag.kind != matMatrix || tag.small != nil {
		return fmt.Errorf("it has a compressed element of type %d, want %d, an array", tag.kind, matMatrix)
	}
	if err := f.matrix(io.LimitReader(z, tag.size), tag.size); err != nil {
		return err
	}
	switch _, err := io.ReadFull(z, make([]byte, 1)); err { // which checks the checksum
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("a compressed array has more than its %d bytes", tag.size)
	default:
		return err
	}
}

// part reads an element that has most bytes at most, and what fills it up to a
// multiple of 8.
func (f *matFile) part(r io.Reader, kind uint32, most int64) ([]byte, error) {
	tag, err := f.tag(r)
	if err != nil {
		return nil, unexpected(err)
	}
	if tag.kind != kind || tag.size > most {
		return nil, fmt.Errorf("found type %d, %d bytes, want type %d, %d bytes at most", tag.kind, tag.size, kind, most)
	}
	if tag.small != nil {
		return tag.small, nil
	}
	b := make([]byte, (tag.size+7)/8*8)
	_, err = io.ReadFull(r, b)
	return b[:tag.size], unexpected(err)
}

// unexpected makes the end of a file an error.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// numbers returns the bytes behind a tag.
func (t matTag) numbers(r io.Reader) io.Reader {
	if t.small != nil {
		return bytes.NewReader(t.small)
	}
	return io.LimitReader(r, t.size)
}
