package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// mostDigits is how many digits a number in text may have, as in Python: more
// take too long to read.
const mostDigits = 4300

// integer reads an integer; the 00 and 01 of protocol 0 are false and true.
func (m *machine) integer(op byte) (any, error) {
	switch op {
	case opInt, opLong:
		line, err := m.line()
		if err != nil {
			return nil, err
		}
		if op == opInt && (line == "00" || line == "01") {
			return line == "01", nil
		}
		return number(strings.TrimSuffix(line, "L"))
	case opLong1, opLong4:
		b, err := m.counted(widthOf(op))
		return twosComplement(b), err
	}
	v, err := m.unsigned(widthOf(op))
	if op == opBinInt {
		return int64(int32(v)), err
	}
	return int64(v), err
}

// number reads a decimal number of any size.
func number(text string) (any, error) {
	v, err := decimal(text)
	if err == nil {
		return v, nil
	}
	if len(text) > mostDigits {
		return nil, fmt.Errorf("a number has %d digits, want %d at most", len(text), mostDigits)
	}
	if large, ok := new(big.Int).SetString(text, 10); ok {
		return large, nil
	}
	return nil, err
}

// decimal reads a decimal number of 64 bits.
func decimal(text string) (int64, error) {
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no whole number", text)
	}
	return v, nil
}

// twosComplement is the number with these bytes, least byte first.
func twosComplement(b []byte) any {
	negative := len(b) > 0 && b[len(b)-1] >= 0x80
	if len(b) <= 8 {
		var word [8]byte
		if negative {
			word = [8]byte{255, 255, 255, 255, 255, 255, 255, 255}
		}
		copy(word[:], b)
		return int64(binary.LittleEndian.Uint64(word[:]))
	}
	b = slices.Clone(b)
	slices.Reverse(b)
	v := new(big.Int).SetBytes(b)
	if negative {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if v.IsInt64() {
		return v.Int64()
	}
	return v
}

// float reads a float.
func (m *machine) float(op byte) (float64, error) {
	if op == opBinFloat {
		b, err := m.take(8)
		if err != nil {
			return 0, err
		}
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	}
	line, err := m.line()
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(line, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%.40q is no number", line)
	}
	return v, nil
}

// text reads a str; that of Python 2 may have any bytes.
func (m *machine) text(op byte) (string, error) {
	switch op {
	case opString, opUnicode:
		line, err := m.line()
		if err != nil {
			return "", err
		}
		if op == opString {
			return unquote(line)
		}
		return unescape(line)
	}
	b, err := m.counted(widthOf(op))
	if python3 := op != opBinString && op != opShortBinString; err == nil && python3 && !utf8.Valid(b) {
		err = errors.New("a str is no UTF-8")
	}
	return string(b), err
}

// unquote reads a str as Python 2 prints it.
func unquote(line string) (string, error) {
	n := len(line)
	if n < 2 || line[0] != line[n-1] || line[0] != '\'' && line[0] != '"' {
		return "", fmt.Errorf("%.40q is no quoted str", line)
	}
	quote, rest := line[0], line[1:n-1]
	b := make([]byte, 0, len(rest))
	for rest != "" {
		if other := `'"`[1-strings.IndexByte(`'"`, quote)]; rest[0] == other || rest[0] >= utf8.RuneSelf {
			b, rest = append(b, rest[0]), rest[1:] // Go wants the other quote bare too, and no runes
			continue
		}
		c, _, tail, err := strconv.UnquoteChar(rest, quote)
		if err != nil || c > 255 {
			return "", fmt.Errorf("%.40q has an escape that no str has", line)
		}
		b, rest = append(b, byte(c)), tail
	}
	return string(b), nil
}

// unescape reads a unicode of protocol 0: Latin-1 with \uXXXX and \UXXXXXXXX.
func unescape(line string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		size := 0
		if i+1 < len(line) && line[i] == '\\' {
			size = map[byte]int{'u': 4, 'U': 8}[line[i+1]]
		}
		if size == 0 {
			b.WriteRune(rune(line[i]))
			continue
		}
		if i+2+size > len(line) {
			return "", fmt.Errorf("%.40q ends in an escape", line)
		}
		c, err := strconv.ParseUint(line[i+2:i+2+size], 16, 32)
		if err != nil || !utf8.ValidRune(rune(c)) {
			return "", fmt.Errorf("%.40q has an escape that is no character", line)
		}
		b.WriteRune(rune(c))
		i += 1 + size
	}
	return b.String(), nil
}
