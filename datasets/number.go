package datasets

import (
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// An element is the type of the numbers in an array of a file: how they are kept,
// u unsigned, i signed or f floating, and their bytes.
type element struct {
	kind  byte
	size  int
	order binary.ByteOrder
}

// numpyElement reads the way in which NumPy writes a type, such as |u1 or <i8.
func numpyElement(descr string) (element, error) {
	const longest = 3 // <u1
	var m []string
	if len(descr) <= longest {
		m = regexp.MustCompile(`^([<>|=]?)([uif])([1248])$`).FindStringSubmatch(descr)
	}
	if m == nil || m[2] == "f" && m[3] < "4" {
		return element{}, fmt.Errorf("its numbers are of type %.20q, want integers or floats of NumPy, such as |u1", descr)
	}
	e := element{kind: m[2][0], order: binary.LittleEndian}
	e.size, _ = strconv.Atoi(m[3])
	if m[1] == ">" {
		e.order = binary.BigEndian
	}
	return e, nil
}

func (e element) String() string { return fmt.Sprintf("%c%d", e.kind, e.size) }

// isByte reports whether the numbers are those of pixels.
func (e element) isByte() bool { return e.kind == 'u' && e.size == 1 }

// number returns the number that b [size] is.
func (e element) number(b []byte) float64 {
	var word uint64
	switch e.size {
	case 1:
		word = uint64(b[0])
	case 2:
		word = uint64(e.order.Uint16(b))
	case 4:
		word = uint64(e.order.Uint32(b))
	default:
		word = e.order.Uint64(b)
	}
	switch shift := 64 - 8*e.size; {
	case e.kind == 'i':
		return float64(int64(word<<shift) >> shift)
	case e.kind == 'f' && e.size == 4:
		return float64(math.Float32frombits(uint32(word)))
	case e.kind == 'f':
		return math.Float64frombits(word)
	}
	return float64(word)
}

// label turns number i of an array into a label below classes.
func label(v float64, i, classes int) (uint8, error) {
	if !(v >= 0 && v < float64(classes)) || v != math.Trunc(v) {
		return 0, fmt.Errorf("label %d is %v, want 0 to %d", i, v, classes-1)
	}
	return uint8(v), nil
}
