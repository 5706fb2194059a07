package ptxsim

import (
	"fmt"
	"strings"
)

// A tokenKind tells what a token is.
type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokName             // name or opcode with its modifiers: bar.sync, %tid.x, $L__BB0_1
	tokDot              // directive or type: .reg, .b32
	tokNumber           // 12, -1, 0x1f, 0f3F800000, 0d..., 1.5
	tokString           // "..."
	tokPunct            // one of , ; : { } [ ] ( ) < > + @ ! | = -
)

// A token is a piece of PTX text.
type token struct {
	kind tokenKind
	text string
	line int
}

// A syntaxError is raised by the lexer, the parser and the decoder and is
// turned into an error by Parse.
type syntaxError struct {
	line int
	msg  string
}

func (e syntaxError) Error() string { return fmt.Sprintf("ptx line %d: %s", e.line, e.msg) }

// failf raises a syntaxError.
func failf(line int, format string, args ...any) {
	panic(syntaxError{line, fmt.Sprintf(format, args...)})
}

// lex splits PTX text into tokens and drops comments.
func lex(text string) []token {
	var out []token
	line := 1
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r' || c == 0:
			i++
		case strings.HasPrefix(text[i:], "//"):
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case strings.HasPrefix(text[i:], "/*"):
			end := strings.Index(text[i:], "*/")
			if end < 0 {
				failf(line, "comment without end")
			}
			line += strings.Count(text[i:i+end], "\n")
			i += end + 2
		default:
			kind, n := lexOne(text[i:], line)
			out = append(out, token{kind, text[i : i+n], line})
			i += n
		}
	}
	return append(out, token{tokEOF, "end of text", line})
}

// lexOne returns the kind and the length of the token that s starts with.
func lexOne(s string, line int) (tokenKind, int) {
	c := s[0]
	switch {
	case isNameStart(c):
		return tokName, nameLen(s)
	case c == '.' && len(s) > 1 && isNameStart(s[1]):
		return tokDot, nameLen(s)
	case isDigit(c):
		return tokNumber, numberLen(s)
	case c == '"':
		end := strings.IndexByte(s[1:], '"')
		if end < 0 || strings.Contains(s[:end+1], "\n") {
			failf(line, "string without end")
		}
		return tokString, end + 2
	case strings.IndexByte(",;:{}[]()<>+@!|=-", c) >= 0:
		return tokPunct, 1
	}
	failf(line, "unexpected character %q", c)
	return tokEOF, 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$' || c == '%'
}

// nameLen returns the length of a name with its dotted modifiers, as in
// cp.async.cg.shared::cta.global.
func nameLen(s string) int {
	i := 1
	for i < len(s) {
		c := s[i]
		switch {
		case isNameStart(c) || isDigit(c):
			i++
		case c == '.' && i+1 < len(s) && (isNameStart(s[i+1]) || isDigit(s[i+1])):
			i += 2
		case c == ':' && i+2 < len(s) && s[i+1] == ':' && isNameStart(s[i+2]):
			i += 3
		default:
			return i
		}
	}
	return i
}

func numberLen(s string) int {
	i := 1
	for i < len(s) {
		c := s[i]
		exponent := (c == '+' || c == '-') && (s[i-1] == 'e' || s[i-1] == 'E') &&
			!strings.HasPrefix(s, "0x") && !strings.HasPrefix(s, "0f") && !strings.HasPrefix(s, "0d")
		if !isDigit(c) && !isNameStart(c) && c != '.' && !exponent {
			break
		}
		i++
	}
	return i
}
