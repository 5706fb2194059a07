package pickle

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"
)

// plain turns lists and dicts into slices, so that values can be compared.
func plain(v any) any {
	switch v := v.(type) {
	case *List:
		return map[string]any{"list": each(v.Items)}
	case Tuple:
		return map[string]any{"tuple": each(v)}
	case *Dict:
		var items []any
		for _, item := range v.Items {
			items = append(items, [2]any{plain(item.Key), plain(item.Value)})
		}
		return map[string]any{"dict": items}
	case *Global:
		return v.String()
	}
	return v
}

func each(values []any) (all []any) {
	for _, v := range values {
		all = append(all, plain(v))
	}
	return all
}

func list(values ...any) *List { return &List{values} }

func dict(t *testing.T, pairs ...any) *Dict {
	d := new(Dict)
	if err := d.setPairs(pairs); err != nil {
		t.Fatal(err)
	}
	return d
}

// ordered allows collections.OrderedDict.
func ordered(module, name string) (Callable, bool) {
	return OrderedDict, module == "collections" && name == "OrderedDict"
}

func power(shift uint) *big.Int { return new(big.Int).Lsh(big.NewInt(1), shift) }

// written is the value of testdata/make.py.
func written(t *testing.T) *Dict {
	var all [256]byte
	var many []any
	for i := range all {
		all[i] = byte(i)
	}
	for i := range 2000 {
		many = append(many, int64(i))
	}
	below := new(big.Int).Neg(new(big.Int).Add(power(63), big.NewInt(1)))
	return dict(t,
		"none", nil,
		"bools", Tuple{true, false},
		"ints", list(int64(0), int64(1), int64(-1), int64(255), int64(256), int64(65535), int64(65536), int64(math.MinInt32),
			int64(1<<31), int64(math.MaxInt64), int64(math.MinInt64), power(63), below, power(200), new(big.Int).Neg(power(200))),
		"floats", list(0.0, -0.5, 1e300, math.Inf(1)),
		"text", list("", "plain", "téxt 世😀", "two\nlines\\u0041"),
		"bytes", list([]byte{}, []byte("plain"), all[:], []byte("array")),
		"tuples", list(Tuple(nil), Tuple{int64(1)}, Tuple{int64(1), int64(2)}, Tuple{int64(1), int64(2), int64(3)},
			Tuple{int64(1), int64(2), int64(3), int64(4)}),
		"shared", list(list(int64(1), int64(2)), list(int64(1), int64(2))),
		"ordered", dict(t, "b", int64(1), "a", int64(2)),
		"class", &Global{"collections", "OrderedDict", nil},
		int64(3), "int key",
		[]byte("raw"), "bytes key",
		"long", strings.Repeat("x", 300),
		"many", list(many...))
}

// The files were written by python3 testdata/make.py, Python 3.11.
func TestFilesOfPython(t *testing.T) {
	want := plain(written(t))
	for protocol := range newest + 1 {
		data, err := os.ReadFile(fmt.Sprintf("testdata/protocol%d.pickle", protocol))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(bytes.NewReader(data), ordered)
		if err != nil {
			t.Errorf("protocol %d: %v", protocol, err)
			continue
		}
		if got := plain(got); !reflect.DeepEqual(got, want) {
			t.Errorf("protocol %d: got %v\nwant %v", protocol, got, want)
		}
		pair, _ := got.(*Dict).Get("shared")
		if two := pair.(*List).Items; two[0] != two[1] {
			t.Errorf("protocol %d: one list has become two", protocol)
		}
	}
	data, err := os.ReadFile("testdata/set.pickle")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(bytes.NewReader(data), nil)
	if want := list(list(int64(7)), list(int64(8))); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("sets: %v, %v", got, err)
	}
}

// A cut file is an error wherever it is cut, and so is one that goes on.
func TestCutFiles(t *testing.T) {
	for protocol := range newest + 1 {
		data, err := os.ReadFile(fmt.Sprintf("testdata/protocol%d.pickle", protocol))
		if err != nil {
			t.Fatal(err)
		}
		for n := range data {
			if n > 800 && n < len(data)-200 { // the middle is like the rest
				continue
			}
			if _, err := (Decoder{Find: ordered}).Bytes(data[:n]); err == nil {
				t.Fatalf("protocol %d: %d bytes of %d are no error", protocol, n, len(data))
			}
		}
		_, err = Decoder{Find: ordered}.Bytes(append(data, '.'))
		wantError(t, err, fmt.Sprintf("ends at byte %d of %d", len(data), len(data)+1))
	}
}

func wantError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) || !strings.HasPrefix(err.Error(), "pickle: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with %q", err, part)
	}
}

// Pickles of protocol 2 as Python 2 wrote them: a str is bytes.
func TestPython2(t *testing.T) {
	got, err := Decoder{}.Bytes([]byte("\x80\x02}q\x00(U\x04dataq\x01T\x03\x00\x00\x00\xff\x00\x80q\x02U\x06labelsq\x03]q\x04(K\x06K\x09eu."))
	if err != nil {
		t.Fatal(err)
	}
	want := dict(t, "data", "\xff\x00\x80", "labels", list(int64(6), int64(9)))
	if !reflect.DeepEqual(plain(got), plain(want)) {
		t.Errorf("got %v, want %v", plain(got), plain(want))
	}
	got, err = Decoder{}.Bytes([]byte(`(lp0` + "\n" + `S'it\'s \x80 "'` + "\n" + `aS"a\\\"'` + "\xe9\"\n" + "aI01\naL12L\naF2.5\na."))
	if err != nil {
		t.Fatal(err)
	}
	if want := list("it's \x80 \"", "a\\\"'\xe9", true, int64(12), 2.5); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got.(*List).Items, want.Items)
	}
}

func TestGet(t *testing.T) {
	d := dict(t, []byte("data"), int64(1), "labels", int64(2), []byte("labels"), int64(3))
	for key, want := range map[string]any{"data": int64(1), "labels": int64(2)} {
		if got, ok := d.Get(key); !ok || got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	if v, ok := d.Get("nothing"); ok {
		t.Errorf("nothing is %v", v)
	}
	d.Set("labels", int64(4))
	if got, _ := d.Get("labels"); got != int64(4) || len(d.Items) != 3 {
		t.Errorf("a key that is set twice: %v", d.Items)
	}
}
