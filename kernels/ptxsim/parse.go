package ptxsim

import (
	"math"
	"strconv"
	"strings"
)

// A parser turns tokens into a unit.
type parser struct {
	unit   *unit
	toks   []token
	at     int
	entry  *entry
	scopes []map[string]operand
	file   int // of the last .loc
	src    int
}

// parse reads PTX text. It raises a syntaxError.
func parse(text string) *unit {
	u := &unit{files: map[int]string{}, vars: map[string]*variable{}, lines: strings.Split(text, "\n")}
	p := &parser{unit: u, toks: lex(text)}
	for p.peek().kind != tokEOF {
		p.topLevel()
	}
	return u
}

func (p *parser) peek() token { return p.toks[p.at] }

func (p *parser) next() token {
	t := p.toks[p.at]
	if t.kind != tokEOF {
		p.at++
	}
	return t
}

// is tells whether the next token is text, and takes it if so.
func (p *parser) is(text string) bool {
	if p.peek().text == text && p.peek().kind != tokString {
		p.next()
		return true
	}
	return false
}

func (p *parser) want(text string) {
	if t := p.next(); t.text != text {
		failf(t.line, "got %q, want %q", t.text, text)
	}
}

func (p *parser) name() string {
	t := p.next()
	if t.kind != tokName {
		failf(t.line, "got %q, want a name", t.text)
	}
	return t.text
}

func (p *parser) integer() int {
	negative := p.is("-")
	t := p.next()
	v, _, ok := parseNumber(t.text)
	if t.kind != tokNumber || !ok {
		failf(t.line, "got %q, want an integer", t.text)
	}
	if negative {
		return -int(v)
	}
	return int(v)
}

// topLevel reads one directive outside a kernel.
func (p *parser) topLevel() {
	t := p.next()
	switch t.text {
	case ".version":
		p.unit.version = p.next().text
	case ".target":
		p.unit.target = p.next().text
		for p.is(",") {
			p.next()
		}
	case ".address_size":
		if n := p.integer(); n != 64 {
			failf(t.line, "address size %d, want 64", n)
		}
	case ".file":
		p.fileDirective()
	case ".visible", ".weak", ".common":
	case ".extern":
		if p.peek().text == ".func" {
			failf(t.line, "call of a function that is not in the text: %s", p.unit.trimmed(t.line))
		}
		p.variable(true)
	case ".global", ".const", ".shared":
		p.at--
		p.variable(false)
	case ".entry":
		p.parseEntry(t.line)
	case ".section":
		p.skipBlock()
	case ".func":
		failf(t.line, "functions are not supported: inline them")
	default:
		failf(t.line, "unexpected %q", t.text)
	}
}

func (p *parser) fileDirective() {
	n := p.integer()
	t := p.next()
	p.unit.files[n] = strings.Trim(t.text, `"`)
	for p.is(",") {
		p.integer()
	}
}

// skipBlock skips a debug section.
func (p *parser) skipBlock() {
	for depth := 0; p.peek().kind != tokEOF; {
		switch p.next().text {
		case "{":
			depth++
		case "}":
			depth--
			if depth == 0 {
				return
			}
		}
	}
}

// variable reads the declaration of a variable that is not a register.
func (p *parser) variable(extern bool) {
	line := p.peek().line
	v := &variable{space: p.next().text[1:], align: 1, extern: extern}
	p.declaration(v, line)
	if p.is("=") {
		v.init = p.initialiser(v, line)
	}
	p.want(";")
	if p.entry == nil {
		p.unit.vars[v.name] = v
		p.unit.order = append(p.unit.order, v)
		return
	}
	switch v.space {
	case "shared":
		p.entry.sharedSize = alignUp(p.entry.sharedSize, v.align)
		v.offset = p.entry.sharedSize
		p.entry.sharedSize += v.size
	case "local":
		p.entry.localSize = alignUp(p.entry.localSize, v.align)
		v.offset = p.entry.localSize
		p.entry.localSize += v.size
	default:
		failf(line, "variable in state space %q inside a kernel", v.space)
	}
	p.entry.locals[v.name] = v
}

// declaration reads .align n .type name[n], and the attributes of a pointer
// parameter.
func (p *parser) declaration(v *variable, line int) {
	elem, aligned := 0, false
	for p.peek().kind == tokDot {
		switch t := p.next(); t.text {
		case ".align":
			v.align, aligned = p.integer(), true
		case ".ptr":
			for p.peek().kind == tokDot { // .global .align 4: of what it points to
				if p.next().text == ".align" {
					p.integer()
				}
			}
		case ".v2", ".v4":
			elem = -int(t.text[2] - '0')
		default:
			n, ok := widths[t.text[1:]]
			if !ok {
				failf(t.line, "unknown type %s", t.text)
			}
			if elem < 0 {
				n *= -elem
			}
			elem = n
		}
	}
	v.name, v.size = p.name(), elem
	for p.is("[") {
		if p.is("]") {
			v.size = 0
			continue
		}
		v.size *= p.integer()
		p.want("]")
	}
	if !aligned {
		v.align = max(elem, 1)
	}
	if elem <= 0 {
		failf(line, "variable %s has no type", v.name)
	}
}

// initialiser reads numbers in braces, or one.
func (p *parser) initialiser(v *variable, line int) []byte {
	var numbers []operand
	if p.is("{") {
		for !p.is("}") {
			numbers = append(numbers, p.operand())
			p.is(",")
		}
	} else {
		numbers = append(numbers, p.operand())
	}
	elem := min(v.align, 8)
	if strings.Contains(p.unit.trimmed(line), ".b8") {
		elem = 1
	} else if len(numbers) > 0 && v.size%len(numbers) == 0 {
		elem = v.size / len(numbers)
	}
	out := make([]byte, v.size)
	for i, n := range numbers {
		if n.kind != opdImm || (i+1)*elem > len(out) || elem > 8 {
			failf(line, "cannot initialise %s", v.name)
		}
		for j := range elem {
			out[i*elem+j] = byte(n.imm >> (8 * j))
		}
	}
	return out
}

// parseNumber reads an integer or the bits of a number; float is 'f' or 'd'
// for the latter.
func parseNumber(s string) (bits uint64, float byte, ok bool) {
	if len(s) > 2 && s[0] == '0' && strings.IndexByte("fFdD", s[1]) >= 0 {
		v, err := strconv.ParseUint(s[2:], 16, 64)
		return v, s[1] | 0x20, err == nil && (s[1]|0x20 == 'd' && len(s) == 18 || len(s) == 10)
	}
	if v, err := strconv.ParseUint(strings.TrimSuffix(s, "U"), 0, 64); err == nil {
		return v, 0, true
	}
	v, err := strconv.ParseFloat(s, 64)
	return math.Float64bits(v), 'd', err == nil
}
