package pickle

import (
	"errors"
	"fmt"
	"math/big"
)

// longestKey is how many bytes a key may have: a pickle can use one key again and
// again, and each time costs its length.
const longestKey = 1 << 16

// An Item is a key of a dict with its value.
type Item struct{ Key, Value any }

// A Dict is a dict of Python: its items in the order in which they came.
type Dict struct {
	Items []Item
	index map[any]int // of a key in Items
}

// bytesKey stands for a key of bytes, which Go cannot compare.
type bytesKey string

// bigKey stands for a key that is an integer of more than 64 bits.
type bigKey string

// Get returns the value of the key that is the str key, or failing that the bytes
// of it: pickles that Python 2 wrote are read either way.
func (d *Dict) Get(key string) (value any, ok bool) {
	if i, ok := d.index[key]; ok {
		return d.Items[i].Value, true
	}
	if i, ok := d.index[bytesKey(key)]; ok {
		return d.Items[i].Value, true
	}
	return nil, false
}

// Set sets the value of a key: a str, bytes, number, bool or None.
func (d *Dict) Set(key, value any) error {
	k, err := comparable(key)
	if err != nil {
		return err
	}
	if i, ok := d.index[k]; ok {
		d.Items[i].Value = value
		return nil
	}
	if d.index == nil {
		d.index = map[any]int{}
	}
	d.index[k] = len(d.Items)
	d.Items = append(d.Items, Item{key, value})
	return nil
}

// comparable turns a key into one that Go can compare.
func comparable(key any) (any, error) {
	switch key := key.(type) {
	case nil, bool, int64, float64:
		return key, nil
	case string:
		return key, short(len(key))
	case []byte:
		return bytesKey(key), short(len(key))
	case *big.Int:
		return bigKey(key.Bytes()), short(len(key.Bytes()))
	}
	return nil, fmt.Errorf("a key of a dict is of type %s, want str, bytes, a number, bool or None", kind(key))
}

func short(n int) error {
	if n > longestKey {
		return fmt.Errorf("a key of a dict has %d bytes, want %d at most", n, longestKey)
	}
	return nil
}

// setPairs sets the keys and values that pairs has in turn.
func (d *Dict) setPairs(pairs []any) error {
	if len(pairs)%2 != 0 {
		return errors.New("a key of a dict has no value")
	}
	for i := 0; i < len(pairs); i += 2 {
		if err := d.Set(pairs[i], pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// Build forgets the attributes of a dict.
func (d *Dict) Build(any) error { return nil }

// OrderedDict is the Callable of collections.OrderedDict, whose items come later.
func OrderedDict(args []any) (any, error) {
	if len(args) != 0 {
		return nil, fmt.Errorf("OrderedDict has %d arguments, want none", len(args))
	}
	return new(Dict), nil
}

// kind is the type that a value has in Python.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []byte:
		return "bytes"
	case Tuple:
		return "tuple"
	case *List:
		return "list"
	case *Dict:
		return "dict"
	case *Global:
		return v.Module + "." + v.Name
	}
	return fmt.Sprintf("%T", v)
}
