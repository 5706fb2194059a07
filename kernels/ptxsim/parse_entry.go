package ptxsim

import (
	"strconv"
	"strings"
)

// parseEntry reads a kernel after .entry.
func (p *parser) parseEntry(line int) {
	e := &entry{name: p.name(), line: line, labels: map[string]int{}, locals: map[string]*variable{}}
	p.entry = e
	if p.is("(") {
		for !p.is(")") {
			p.want(".param")
			v := &variable{space: "param", align: 1}
			p.declaration(v, line)
			e.params = append(e.params, v)
			e.locals[v.name] = v
			p.is(",")
		}
	}
	for p.peek().kind == tokDot {
		p.entryDirective()
	}
	p.want("{")
	p.block()
	p.entry = nil
	p.unit.entries = append(p.unit.entries, e)
}

// entryDirective reads .maxntid and its like.
func (p *parser) entryDirective() {
	t := p.next()
	switch t.text {
	case ".maxntid", ".reqntid":
		p.entry.maxThreads = p.integer()
		for p.is(",") {
			p.entry.maxThreads *= p.integer()
		}
		p.entry.reqThreads = t.text == ".reqntid"
	case ".minnctapersm", ".maxnreg", ".maxclusterrank":
		p.integer()
	case ".pragma":
		p.next()
		p.is(";")
	default:
		failf(t.line, "unknown directive %s of a kernel", t.text)
	}
}

// block reads statements up to the closing brace.
func (p *parser) block() {
	p.scopes = append(p.scopes, map[string]operand{})
	for !p.is("}") {
		p.statement()
	}
	p.scopes = p.scopes[:len(p.scopes)-1]
}

func (p *parser) statement() {
	t := p.peek()
	switch {
	case t.text == "{":
		p.next()
		p.block()
	case t.text == ";":
		p.next()
	case t.text == ".reg":
		p.next()
		p.registers()
	case t.text == ".shared" || t.text == ".local":
		p.variable(false)
	case t.text == ".loc":
		p.next()
		p.loc()
	case t.text == ".pragma":
		p.next()
		p.next()
		p.want(";")
	case t.kind == tokName && p.toks[p.at+1].text == ":":
		if _, ok := p.entry.labels[t.text]; ok {
			failf(t.line, "label %s twice", t.text)
		}
		p.entry.labels[t.text] = len(p.entry.body)
		p.at += 2
	case t.kind == tokName || t.text == "@":
		p.instruction()
	default:
		failf(t.line, "unexpected %q in a kernel", t.text)
	}
}

// loc reads .loc file line column and what may follow it.
func (p *parser) loc() {
	p.file = p.integer()
	p.src = p.integer()
	p.integer()
	if p.is(",") {
		for p.peek().line == p.toks[p.at-1].line { // function_name, inlined_at
			p.next()
		}
	}
}

// registers reads .reg .b32 %r<10>, %a;
func (p *parser) registers() {
	t := p.next()
	c := classNone
	if t.kind == tokDot {
		c = classOf(t.text[1:])
	}
	if c == classNone {
		failf(t.line, "register type %q", t.text)
	}
	for {
		name, count := p.name(), -1
		if p.is("<") {
			count = p.integer()
			p.want(">")
		}
		if count < 0 {
			p.register(name, c, t)
		}
		for i := range max(count, 0) {
			p.register(name+strconv.Itoa(i), c, t)
		}
		if !p.is(",") {
			break
		}
	}
	p.want(";")
}

func (p *parser) register(name string, c class, typ token) {
	e := p.entry
	r := reg{c, int32(e.nregs[c])}
	e.nregs[c]++
	e.regNames[c] = append(e.regNames[c], name)
	p.scopes[len(p.scopes)-1][name] = operand{kind: opdReg, reg: r, name: name, width: widths[typ.text[1:]]}
}

// instruction reads one instruction up to its semicolon.
func (p *parser) instruction() {
	s := statement{line: p.peek().line, file: p.file, src: p.src}
	if p.is("@") {
		negated := p.is("!")
		o := p.operand()
		if o.kind != opdReg || o.reg.class != classPred {
			failf(s.line, "guard %s is not a predicate", o.name)
		}
		o.neg = negated
		s.pred = &o
		s.line = p.peek().line
	}
	s.op = p.name()
	s.parts = strings.Split(s.op, ".")
	for !p.is(";") {
		if p.peek().kind == tokEOF || p.peek().text == "}" {
			failf(s.line, "instruction %s without semicolon", s.op)
		}
		s.args = append(s.args, p.operand())
		if p.peek().text != ";" {
			p.want(",")
		}
	}
	s.text = p.unit.trimmed(s.line)
	p.entry.body = append(p.entry.body, s)
}

// operand reads one operand.
func (p *parser) operand() operand {
	t := p.next()
	switch {
	case t.text == "!":
		o := p.operand()
		o.neg = true
		return o
	case t.text == "[":
		return p.memory()
	case t.text == "{":
		o := operand{kind: opdVec}
		for !p.is("}") {
			o.list = append(o.list, p.operand())
			p.is(",")
		}
		return o
	case t.text == "-" || t.text == "+":
		o := p.operand()
		if o.kind != opdImm {
			failf(t.line, "sign before %q", o.name)
		}
		if t.text == "-" && o.float != 0 {
			o.imm ^= 1 << 63
		} else if t.text == "-" {
			o.imm = -o.imm
		}
		return o
	case t.kind == tokNumber:
		v, float, ok := parseNumber(t.text)
		if !ok {
			failf(t.line, "bad number %q", t.text)
		}
		return operand{kind: opdImm, imm: v, float: float, name: t.text}
	case t.kind == tokName:
		return p.named(t)
	}
	failf(t.line, "unexpected %q in an instruction", t.text)
	return operand{}
}

// memory reads an address after its opening bracket.
func (p *parser) memory() operand {
	o := operand{kind: opdMem}
	base := p.operand()
	o.base, o.reg, o.name, o.width = base.kind, base.reg, base.name, base.width
	if base.kind == opdImm || base.kind == opdSym {
		o.imm = base.imm
	}
	if p.peek().text == "+" || p.peek().text == "-" {
		sign := p.next().text
		off := uint64(p.integer())
		if sign == "-" {
			off = -off
		}
		o.imm += off
	}
	p.want("]")
	return o
}

// named reads a register, a special register, a symbol with an offset, or a
// pair of registers.
func (p *parser) named(t token) operand {
	o := operand{kind: opdSym, name: t.text}
	if t.text == "_" {
		o.kind = opdSink
	}
	found := false
	for i := len(p.scopes) - 1; i >= 0 && !found; i-- {
		if r, ok := p.scopes[i][t.text]; ok {
			o, found = r, true
		}
	}
	if !found && t.text[0] == '%' {
		o.kind = opdSpecial
	}
	if p.is("|") {
		second := p.operand()
		return operand{kind: opdPair, list: []operand{o, second}}
	}
	return o
}
