package driver

import "strings"

// A scanner splits PTX text into words, strings and single characters.
type scanner struct {
	text string // what is left
	line int    // of its start
}

// next returns the next token, empty at the end of the text.
func (s *scanner) next() string {
	c := s.peek()
	n := 1
	switch {
	case c == 0:
		return ""
	case c == '"':
		n = len(s.text)
		if end := strings.IndexByte(s.text[1:], '"'); end >= 0 {
			n = end + 2
		}
	case isWord(c):
		for n < len(s.text) && isWord(s.text[n]) {
			n++
		}
	}
	return s.take(n)
}

// peek returns the first character behind blanks and comments, 0 at the end of
// the text.
func (s *scanner) peek() byte {
	for s.text != "" {
		switch {
		case strings.HasPrefix(s.text, "//"):
			s.takeTo("\n")
		case strings.HasPrefix(s.text, "/*"):
			s.takeTo("*/")
		case s.text[0] <= ' ':
			s.take(1)
		default:
			return s.text[0]
		}
	}
	return 0
}

// take removes n characters and returns them.
func (s *scanner) take(n int) string {
	t := s.text[:n]
	s.text = s.text[n:]
	s.line += strings.Count(t, "\n")
	return t
}

// takeTo removes all up to and with end, or to the end of the text.
func (s *scanner) takeTo(end string) {
	n := strings.Index(s.text, end)
	if n < 0 {
		s.take(len(s.text))
		return
	}
	s.take(n + len(end))
}

// isWord tells whether c is part of a name, a directive or a number.
func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '$' || c == '%' || c == '.'
}
