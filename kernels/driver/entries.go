package driver

import (
	"fmt"
	"strconv"
	"strings"
)

// An Entry is the header of a kernel in PTX text.
type Entry struct {
	Name   string
	Params []Param // with offsets, as Layout sets them
}

// Entries returns the headers of all kernels of a PTX text, in their order.
// It reads nothing else of the text.
func Entries(ptx string) ([]Entry, error) {
	var list []Entry
	s := &scanner{text: ptx, line: 1}
	for t := s.next(); t != ""; t = s.next() {
		if t != ".entry" {
			continue
		}
		e, err := s.entry()
		if err != nil {
			return nil, fmt.Errorf("driver: ptx line %d: %w", s.line, err)
		}
		list = append(list, e)
	}
	return list, nil
}

// entry reads a name and a list of parameters.
func (s *scanner) entry() (Entry, error) {
	e := Entry{Name: s.next()}
	if e.Name == "" || !isWord(e.Name[0]) || e.Name[0] == '.' {
		return e, fmt.Errorf("%q is no name of a kernel", e.Name)
	}
	t := s.next()
	if t == "{" || t[:min(len(t), 1)] == "." { // without parameters the list may be missing
		return e, nil
	}
	if t != "(" {
		return e, fmt.Errorf("got %q after .entry %s, want (", t, e.Name)
	}
	for t = s.next(); t != ")"; t = s.next() {
		if t == "," {
			continue
		}
		if t != ".param" {
			return e, fmt.Errorf("got %q in the parameters of %s, want .param", t, e.Name)
		}
		p, err := s.param()
		if err != nil {
			return e, fmt.Errorf("parameter %d of %s: %w", len(e.Params), e.Name, err)
		}
		e.Params = append(e.Params, p)
	}
	Layout(e.Params)
	return e, nil
}

// param reads [.align n] .type [.ptr .space .align n] name[count]. The
// alignment behind .ptr is that of what the parameter points to.
func (s *scanner) param() (Param, error) {
	var p Param
	vector, pointer := 1, false
	t := s.next()
	for ; strings.HasPrefix(t, "."); t = s.next() {
		switch t {
		case ".align":
			n, err := s.integer()
			if err != nil {
				return p, err
			}
			if !pointer {
				p.Align = n
			}
		case ".ptr":
			pointer = true
		case ".v2", ".v4":
			vector = int(t[2] - '0')
		case ".global", ".shared", ".local", ".const", ".param":
		default:
			if p.Size = width(t); p.Size == 0 {
				return p, fmt.Errorf("unknown type %s", t)
			}
		}
	}
	if p.Size == 0 || t == "" || !isWord(t[0]) {
		return p, fmt.Errorf("got %q, want a type and a name", t)
	}
	p.Name, p.Size = t, p.Size*vector
	if p.Align == 0 {
		p.Align = p.Size
	}
	for s.peek() == '[' {
		s.next()
		n, err := s.integer()
		if err != nil {
			return p, err
		}
		p.Size *= n
		if t := s.next(); t != "]" {
			return p, fmt.Errorf("got %q, want ]", t)
		}
	}
	return p, nil
}

// integer reads a positive integer.
func (s *scanner) integer() (int, error) {
	t := s.next()
	n, err := strconv.ParseUint(t, 0, 31)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("got %q, want a positive integer", t)
	}
	return int(n), nil
}

// width returns the size in bytes of a type like .u64, 0 if it is none.
func width(typ string) int {
	switch typ {
	case ".b8", ".u8", ".s8":
		return 1
	case ".b16", ".u16", ".s16", ".f16", ".bf16":
		return 2
	case ".b32", ".u32", ".s32", ".f32", ".f16x2", ".bf16x2":
		return 4
	case ".b64", ".u64", ".s64", ".f64":
		return 8
	case ".b128":
		return 16
	}
	return 0
}
