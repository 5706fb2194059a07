package checkpoint

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// container is a file with the given header and n bytes of elements.
func container(header string, n int) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), make([]byte, n)...)
}

func decode(data []byte) (Header, []int64, error) {
	return decodeHeader(bytes.NewReader(data), int64(len(data)))
}

func TestHeader(t *testing.T) {
	// In any order, with room for more keys, padding and a tensor of nothing.
	h, starts, err := decode(container(`{"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11],"more":1},`+
		`"none":{"dtype":"F64","shape":[0,7],"data_offsets":[8,8]},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}  `, 11))
	if err != nil || len(h.Tensors) != 3 || h.Tensors[0].Name != "b" || starts[0]-starts[2] != 8 || starts[1] != starts[0] {
		t.Errorf("%v %v %v", h, starts, err)
	}
	if h, _, err := decode(container("{}", 0)); err != nil || len(h.Tensors) != 0 {
		t.Errorf("an empty file: %v %v", h, err)
	}
}

func TestHostileHeaders(t *testing.T) {
	one := func(dtype, shape, offsets string) []byte {
		return container(`{"a":{"dtype":`+dtype+`,"shape":`+shape+`,"data_offsets":`+offsets+`}}`, 8)
	}
	two := func(first, second string) []byte {
		return container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":`+first+`},"b":{"dtype":"F32","shape":[1],"data_offsets":`+second+`}}`, 8)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty file":           {nil, "found 0 bytes, want a safetensors file"},
		"seven bytes":          {make([]byte, 7), "found 7 bytes"},
		"no header":            {make([]byte, 8), "want {"},
		"endless header":       {binary.LittleEndian.AppendUint64(nil, math.MaxUint64), "found a header of 18446744073709551615 bytes in a file of 8, want at most 0"},
		"header past the end":  {container("{}", 0)[:9], "found a header of 2 bytes in a file of 9, want at most 1"},
		"pickle":               {container("PK\x03\x04 no header at all", 0), `begins with "PK\x03\x04 no he", want {`},
		"not JSON":             {container("{nonsense}", 0), "header: invalid character"},
		"array":                {container("[]", 0), "want {"},
		"cut off":              {container(`{"a":`, 0), "header"},
		"cut off before brace": {container(`{"__metadata__":{}`, 0), "header: "},
		"two objects":          {container("{}{}", 0), `found "{}" behind the header`},
		"number as tensor":     {container(`{"a":1}`, 0), `header, "a": json: cannot unmarshal number`},
		"number in metadata":   {container(`{"__metadata__":{"a":1}}`, 0), `header, "__metadata__": json`},
		"same name twice":      {container(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0), `found "a" twice`},
		"deep":                 {container(`{"a":`+strings.Repeat("[", 20000), 0), `header, "a"`},
		"unknown type":         {one(`"F8_E4M3"`, `[8]`, `[0,8]`), `tensor "a": found type "F8_E4M3", want one of F16, BF16, F32, F64, I8,`},
		"no type":              {container(`{"a":{"shape":[8],"data_offsets":[0,8]}}`, 8), `found type ""`},
		"no shape":             {container(`{"a":{"dtype":"U8","data_offsets":[0,8]}}`, 8), "found 0 dimensions, want a shape"},
		"many dimensions":      {one(`"U8"`, `[8`+strings.Repeat(",1", 16)+`]`, `[0,8]`), "found 17 dimensions, want a shape of at most 16"},
		"no offsets":           {container(`{"a":{"dtype":"U8","shape":[8]}}`, 8), "found 0 offsets, want 2"},
		"three offsets":        {one(`"U8"`, `[8]`, `[0,8,8]`), "found 3 offsets, want 2"},
		"negative size":        {one(`"F32"`, `[-1,-2]`, `[0,8]`), "found shape [-1 -2], want one that fits"},
		"overflow":             {one(`"F32"`, `[4294967296,4294967296]`, `[0,8]`), "found shape [4294967296 4294967296], want one that fits"},
		"overflow of int":      {one(`"F32"`, `[99999999999999999999]`, `[0,8]`), "cannot unmarshal number"},
		"fraction":             {one(`"F32"`, `[1.5]`, `[0,8]`), "cannot unmarshal number"},
		"wrong size":           {one(`"F32"`, `[3]`, `[0,8]`), "found bytes 0 to 8, want 12 for F32 [3]"},
		"backwards":            {one(`"U8"`, `[0]`, `[0,-9223372036854775808]`), "found bytes 0 to -9223372036854775808, want 0"},
		"before the beginning": {one(`"F32"`, `[2]`, `[-8,0]`), "found its elements at -8, want them at 0"},
		"past the end":         {one(`"F64"`, `[2]`, `[0,16]`), "found 8 bytes of elements, want 16"},
		"far past the end":     {one(`"U8"`, `[9223372036854775807]`, `[0,9223372036854775807]`), "found 8 bytes of elements"},
		"too little":           {one(`"U8"`, `[4]`, `[0,4]`), "found 8 bytes of elements, want 4"},
		"gap":                  {two(`[0,4]`, `[5,9]`), "found its elements at 5, want them at 4"},
		"overlap":              {two(`[0,4]`, `[2,6]`), "found its elements at 2, want them at 4"},
		"same place":           {two(`[0,4]`, `[0,4]`), "found its elements at 0, want them at 4"},
	} {
		_, _, err := decode(c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
			t.Errorf("%s: error %v, want one line with %s", name, err, c.want)
		}
	}
}

func TestNamesTheFormatCannotHoldPanic(t *testing.T) {
	for name, tensors := range map[string][]Info{
		"twice":    {{"a", F32, []int{1}}, {"a", F32, []int{1}}},
		"reserved": {{"__metadata__", F32, []int{1}}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			Header{Tensors: tensors}.encode()
		}()
	}
}

// Whatever a file holds, reading it does not panic, and a tensor that is
// returned lies inside.
func FuzzHeader(f *testing.F) {
	f.Add(container(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"k":"v"}}`, 8))
	f.Add(container("{}", 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, starts, err := decode(data)
		if err != nil {
			return
		}
		for i, info := range h.Tensors {
			if n, err := info.bytes(); err != nil || starts[i] < 8 || starts[i]+n > int64(len(data)) {
				t.Errorf("tensor %q, %v, at %d of %d bytes, %v", info.Name, info, starts[i], len(data), err)
			}
		}
	})
}
