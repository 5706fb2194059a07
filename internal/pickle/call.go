package pickle

import (
	"errors"
	"fmt"
	"strings"
)

// global reads the name of a global and returns what it is.
func (m *machine) global(op byte) (*Global, error) {
	if op != opStackGlobal {
		module, err := m.line()
		if err != nil {
			return nil, err
		}
		name, err := m.line()
		if err != nil {
			return nil, err
		}
		return m.find(module, name)
	}
	words, err := m.pop(2)
	if err != nil {
		return nil, err
	}
	module, ok1 := words[0].(string)
	name, ok2 := words[1].(string)
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("the name of a global is of types %s and %s, want two str", kind(words[0]), kind(words[1]))
	}
	return m.find(module, name)
}

// find returns a global that is allowed. Those of bytes, with which Python 3
// writes them in protocols 0 to 2, always are.
func (m *machine) find(module, name string) (*Global, error) {
	switch module + "." + name {
	case "_codecs.encode", "__builtin__.bytes", "builtins.bytes", "__builtin__.bytearray", "builtins.bytearray":
		return &Global{module, name, m.encode}, nil
	}
	if m.Find != nil {
		if c, ok := m.Find(module, name); ok {
			return &Global{module, name, c}, nil
		}
	}
	return nil, fmt.Errorf("it names %.100q, which is not allowed", module+"."+name)
}

// encode is _codecs.encode, bytes and bytearray: the bytes of a text in Latin-1,
// or none.
func (m *machine) encode(args []any) (any, error) {
	if len(args) == 0 {
		return []byte{}, nil
	}
	if b, ok := args[0].([]byte); ok && len(args) == 1 {
		return b, nil
	}
	text, ok := args[0].(string)
	codec, named := args[len(args)-1].(string)
	if !ok || !named || len(args) != 2 || codec != "latin1" && codec != "latin-1" {
		return nil, errors.New("bytes are written in another way than as text in Latin-1")
	}
	if m.budget -= len(text); m.budget < 0 { // one text, again and again
		return nil, errors.New("its bytes would be longer than it is itself")
	}
	b := make([]byte, 0, len(text))
	for _, c := range text {
		if c > 255 {
			return nil, fmt.Errorf("text has the character %q, want those of Latin-1", c)
		}
		b = append(b, byte(c))
	}
	return b, nil
}

// call calls what the operation says and returns the result.
func (m *machine) call(op byte) (any, error) {
	what, args, err := m.callee(op)
	if err != nil {
		return nil, err
	}
	g, ok := what.(*Global)
	if !ok {
		return nil, fmt.Errorf("it calls a %s", kind(what))
	}
	if g.Call == nil {
		return nil, fmt.Errorf("it calls %s.%s, which may only be named", g.Module, g.Name)
	}
	v, err := g.Call(args)
	if err != nil {
		return nil, fmt.Errorf("%s.%s: %w", g.Module, g.Name, err)
	}
	return v, nil
}

// callee returns what is called, and with which arguments.
func (m *machine) callee(op byte) (what any, args []any, err error) {
	var values []any
	switch op {
	case opInst:
		what, err = m.global(opGlobal)
		if err != nil {
			return nil, nil, err
		}
		values, err = m.popMark()
		return what, append([]any(nil), values...), err
	case opObj:
		values, err = m.popMark()
		if err == nil && len(values) == 0 {
			err = errors.New("there is nothing to call")
		}
		if err != nil {
			return nil, nil, err
		}
		return values[0], append([]any(nil), values[1:]...), nil
	case opNewObjEx:
		named, err := m.pop1()
		if err != nil {
			return nil, nil, err
		}
		if d, ok := named.(*Dict); !ok || len(d.Items) > 0 {
			return nil, nil, errors.New("it calls with arguments that have names")
		}
	}
	if values, err = m.pop(2); err != nil {
		return nil, nil, err
	}
	args, ok := values[1].(Tuple)
	if !ok {
		return nil, nil, fmt.Errorf("arguments are a %s, want a tuple", kind(values[1]))
	}
	return values[0], args, nil
}

// build sets the state of the last object but one.
func (m *machine) build() error {
	state, err := m.pop1()
	if err != nil {
		return err
	}
	v, err := m.top()
	if err != nil {
		return err
	}
	b, ok := v.(Builder)
	if !ok {
		return fmt.Errorf("it sets the state of a %s", kind(v))
	}
	return b.Build(state)
}

// persistent returns the object with a persistent id.
func (m *machine) persistent(op byte) (v any, err error) {
	var id any
	if op == opPersID {
		id, err = m.line()
	} else {
		id, err = m.pop1()
	}
	if err != nil {
		return nil, err
	}
	if m.Persistent == nil {
		return nil, errors.New("it has persistent ids")
	}
	v, err = m.Persistent(id)
	if err != nil {
		return nil, fmt.Errorf("persistent id: %w", err)
	}
	return v, nil
}

// String is the name, as Python has it.
func (g *Global) String() string { return strings.Join([]string{g.Module, g.Name}, ".") }
