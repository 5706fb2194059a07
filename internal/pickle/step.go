package pickle

import "fmt"

// newest is the last protocol that is known.
const newest = 5

// step runs one operation.
func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		return m.proto()
	case opFrame: // how much to read at once: all of it is there
		_, err := m.take(8)
		return err
	case opReadOnlyBuffer:
		return nil

	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opPop:
		if n := len(m.marks); n > 0 && m.marks[n-1] == len(m.stack) {
			m.marks = m.marks[:n-1]
			return nil
		}
		_, err := m.pop1()
		return err
	case opPopMark:
		_, err := m.popMark()
		return err
	case opDup:
		return m.pushed(m.top())
	case opPut, opBinPut, opLongBinPut, opGet, opBinGet, opLongBinGet, opMemoize:
		return m.remember(op)

	case opNone:
		return m.push(nil)
	case opNewTrue, opNewFalse:
		return m.push(op == opNewTrue)
	case opInt, opLong, opBinInt, opBinInt1, opBinInt2, opLong1, opLong4:
		return m.pushed(m.integer(op))
	case opFloat, opBinFloat:
		return m.pushed(m.float(op))
	case opString, opBinString, opShortBinString, opUnicode, opBinUnicode, opShortBinUnicode, opBinUnicode8:
		return m.pushed(m.text(op))
	case opBinBytes, opShortBinBytes, opBinBytes8, opByteArray8:
		return m.pushed(m.counted(widthOf(op)))

	case opEmptyTuple, opTuple1, opTuple2, opTuple3, opTuple:
		return m.makeTuple(op)
	case opEmptyList, opEmptySet:
		return m.push(new(List))
	case opEmptyDict:
		return m.push(new(Dict))
	case opList, opFrozenSet, opDict, opAppend, opAppends, opAddItems, opSetItem, opSetItems:
		return m.fill(op)

	case opGlobal, opStackGlobal:
		return m.pushed(m.global(op))
	case opReduce, opNewObj, opNewObjEx, opObj, opInst:
		return m.pushed(m.call(op))
	case opBuild:
		return m.build()
	case opPersID, opBinPersID:
		return m.pushed(m.persistent(op))
	}
	return fmt.Errorf("there is no operation %#02x, or none that is allowed", op)
}

// pushed pushes a value that came without an error.
func (m *machine) pushed(v any, err error) error {
	if err != nil {
		return err
	}
	return m.push(v)
}

// proto checks the protocol.
func (m *machine) proto() error {
	v, err := m.unsigned(1)
	if err == nil && v > newest {
		err = fmt.Errorf("protocol %d, want %d at most", v, newest)
	}
	return err
}

// remember puts values into the memo and gets them out of it.
func (m *machine) remember(op byte) error {
	at, err := m.place(op)
	if err != nil {
		return err
	}
	if op == opGet || op == opBinGet || op == opLongBinGet {
		return m.get(at)
	}
	return m.put(at)
}

// place is where in the memo.
func (m *machine) place(op byte) (int64, error) {
	switch op {
	case opMemoize:
		return int64(len(m.memo)), nil
	case opPut, opGet:
		line, err := m.line()
		if err != nil {
			return 0, err
		}
		return decimal(line)
	}
	at, err := m.unsigned(widthOf(op))
	return int64(at), err
}

// makeTuple makes a tuple of the last values.
func (m *machine) makeTuple(op byte) error {
	switch op {
	case opEmptyTuple:
		return m.push(Tuple(nil))
	case opTuple:
		values, err := m.popMark()
		if err != nil {
			return err
		}
		return m.push(append(Tuple(nil), values...))
	}
	return m.tuple(int(op-opTuple1) + 1)
}

// fill makes lists and dicts of the last values, or adds those to one.
func (m *machine) fill(op byte) error {
	var values []any
	var err error
	switch op {
	case opAppend:
		values, err = m.pop(1)
	case opSetItem:
		values, err = m.pop(2)
	default:
		values, err = m.popMark()
	}
	if err != nil {
		return err
	}
	switch op {
	case opAppend, opAppends, opAddItems:
		return m.appendTo(values)
	case opSetItem, opSetItems:
		return m.setIn(values)
	case opDict:
		d := new(Dict)
		if err := d.setPairs(values); err != nil {
			return err
		}
		return m.push(d)
	}
	return m.push(&List{append([]any(nil), values...)})
}

// widthOf is the number of bytes of the number behind an operation.
func widthOf(op byte) uint64 {
	switch op {
	case opBinInt2:
		return 2
	case opBinInt, opBinString, opBinUnicode, opBinBytes, opLongBinPut, opLongBinGet, opLong4:
		return 4
	case opBinUnicode8, opBinBytes8, opByteArray8:
		return 8
	}
	return 1
}
