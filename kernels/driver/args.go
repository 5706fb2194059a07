package driver

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A Param is the place of one argument in the packed bytes.
type Param struct {
	Name                string
	Offset, Size, Align int
}

// Layout places parameters of the given sizes and alignments one after the
// other, each at the next multiple of its alignment, and sets their offsets.
// It returns the total size, without padding at the end.
func Layout(params []Param) int {
	end := 0
	for i := range params {
		p := &params[i]
		p.Offset = (end + p.Align - 1) / p.Align * p.Align
		end = p.Offset + p.Size
	}
	return end
}

// ArgsSize returns the length that Launch wants of the arguments of k.
func ArgsSize(k Kernel) int {
	params := k.Params()
	if len(params) == 0 {
		return 0
	}
	last := params[len(params)-1]
	return last.Offset + last.Size
}

// Args packs the arguments of a launch in the order of the parameters. The
// zero Args is empty; Reset empties it again and keeps its memory, so that
// packing does not allocate.
type Args struct {
	buf   []byte
	sizes []int
}

// Reset empties a.
func (a *Args) Reset() *Args {
	a.buf, a.sizes = a.buf[:0], a.sizes[:0]
	return a
}

// grow appends size bytes at the next multiple of align and returns them.
func (a *Args) grow(size, align int) []byte {
	for len(a.buf)%align != 0 {
		a.buf = append(a.buf, 0)
	}
	at := len(a.buf)
	for range size {
		a.buf = append(a.buf, 0)
	}
	a.sizes = append(a.sizes, size)
	return a.buf[at:]
}

// Ptr appends a device address.
func (a *Args) Ptr(p Ptr) *Args { return a.Uint64(uint64(p)) }

// Int32 appends a 32-bit integer.
func (a *Args) Int32(v int32) *Args { return a.Uint32(uint32(v)) }

// Uint32 appends a 32-bit integer.
func (a *Args) Uint32(v uint32) *Args {
	binary.LittleEndian.PutUint32(a.grow(4, 4), v)
	return a
}

// Int64 appends a 64-bit integer.
func (a *Args) Int64(v int64) *Args { return a.Uint64(uint64(v)) }

// Uint64 appends a 64-bit integer.
func (a *Args) Uint64(v uint64) *Args {
	binary.LittleEndian.PutUint64(a.grow(8, 8), v)
	return a
}

// Float32 appends a 32-bit number.
func (a *Args) Float32(v float32) *Args { return a.Uint32(math.Float32bits(v)) }

// Float64 appends a 64-bit number.
func (a *Args) Float64(v float64) *Args { return a.Uint64(math.Float64bits(v)) }

// Struct appends the bytes of a structure with the given alignment.
func (a *Args) Struct(b []byte, align int) *Args {
	copy(a.grow(len(b), align), b)
	return a
}

// For returns the packed bytes for a launch of k. It is an error if the
// number of arguments, or the size or place of one of them, is not that of
// k's parameters: the one mistake that neither compiler can see.
func (a *Args) For(k Kernel) ([]byte, error) {
	params := k.Params()
	if len(a.sizes) != len(params) {
		return nil, fmt.Errorf("driver: %s: %d arguments, want %d", k.Name(), len(a.sizes), len(params))
	}
	end := 0
	for i, p := range params {
		if a.sizes[i] != p.Size {
			return nil, fmt.Errorf("driver: %s: argument %d (%s) has %d bytes, want %d", k.Name(), i, p.Name, a.sizes[i], p.Size)
		}
		end = p.Offset + p.Size
	}
	if len(a.buf) != end {
		return nil, fmt.Errorf("driver: %s: arguments have %d bytes, want %d: is a structure's alignment wrong?", k.Name(), len(a.buf), end)
	}
	return a.buf, nil
}
