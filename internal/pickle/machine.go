package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// A machine runs one pickle: a program for a stack.
type machine struct {
	Decoder
	data   []byte
	at     int // of the next byte of data
	stack  []any
	marks  []int // heights of the stack at which lists of values begin
	memo   map[int64]any
	budget int // bytes that bytes written as text may still make
}

// take returns the next n bytes.
func (m *machine) take(n uint64) ([]byte, error) {
	if left := len(m.data) - m.at; n > uint64(left) {
		return nil, fmt.Errorf("%d bytes are left of %d: it is cut", left, n)
	}
	b := m.data[m.at : m.at+int(n) : m.at+int(n)]
	m.at += int(n)
	return b, nil
}

// line returns the bytes before the next line end.
func (m *machine) line() (string, error) {
	n := bytes.IndexByte(m.data[m.at:], '\n')
	if n < 0 {
		return "", errors.New("a line does not end: it is cut")
	}
	line := string(m.data[m.at : m.at+n])
	m.at += n + 1
	return line, nil
}

// unsigned returns the next size bytes as a number, least byte first.
func (m *machine) unsigned(size uint64) (uint64, error) {
	b, err := m.take(size)
	var word [8]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:]), err
}

// counted returns the bytes behind their number, which has size bytes.
func (m *machine) counted(size uint64) ([]byte, error) {
	n, err := m.unsigned(size)
	if err != nil {
		return nil, err
	}
	return m.take(n)
}

func (m *machine) push(v any) error {
	m.stack = append(m.stack, v)
	return nil
}

// pop takes the last n values, none of them before the last mark. The result is
// good until the next push.
func (m *machine) pop(n int) ([]any, error) {
	floor := 0
	if len(m.marks) > 0 {
		floor = m.marks[len(m.marks)-1]
	}
	cut := len(m.stack) - n
	if cut < floor {
		return nil, fmt.Errorf("there are %d values, want %d", len(m.stack)-floor, n)
	}
	values := m.stack[cut:]
	m.stack = m.stack[:cut]
	return values, nil
}

// pop1 takes the last value.
func (m *machine) pop1() (any, error) {
	v, err := m.pop(1)
	if err != nil {
		return nil, err
	}
	return v[0], nil
}

// popMark takes the values behind the last mark, which are good until the next
// push, and the mark.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("there is no mark")
	}
	cut := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	values := m.stack[cut:]
	m.stack = m.stack[:cut]
	return values, nil
}

// top returns the last value and leaves it.
func (m *machine) top() (any, error) {
	v, err := m.pop1()
	if err == nil {
		m.stack = m.stack[:len(m.stack)+1]
	}
	return v, err
}

// put remembers the last value.
func (m *machine) put(at int64) error {
	v, err := m.top()
	if err == nil && at < 0 {
		err = fmt.Errorf("the memo has no place %d", at)
	}
	if err == nil {
		m.memo[at] = v
	}
	return err
}

// get pushes what was remembered.
func (m *machine) get(at int64) error {
	v, ok := m.memo[at]
	if !ok {
		return fmt.Errorf("the memo has nothing at %d", at)
	}
	return m.push(v)
}

// tuple makes a tuple of the last n values.
func (m *machine) tuple(n int) error {
	values, err := m.pop(n)
	if err != nil {
		return err
	}
	return m.push(append(Tuple(nil), values...))
}

// appendTo appends values to the list that is the last value.
func (m *machine) appendTo(values []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	list, ok := v.(*List)
	if !ok {
		return fmt.Errorf("it appends to a %s, want a list", kind(v))
	}
	list.Items = append(list.Items, values...)
	return nil
}

// setIn sets keys and values of the dict that is the last value.
func (m *machine) setIn(pairs []any) error {
	v, err := m.top()
	if err != nil {
		return err
	}
	d, ok := v.(*Dict)
	if !ok {
		return fmt.Errorf("it sets items of a %s, want a dict", kind(v))
	}
	return d.setPairs(pairs)
}
