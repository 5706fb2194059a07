package pickle

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// An object takes a state and remembers it.
type object struct{ state any }

func (o *object) Build(state any) error {
	if state == nil {
		return errors.New("no state")
	}
	o.state = state
	return nil
}

// globals are those of the tests: m.f makes an object, m.T is only a name.
func globals(module, name string) (Callable, bool) {
	switch module + "." + name {
	case "m.f":
		return func(args []any) (any, error) {
			if len(args) > 0 {
				return nil, fmt.Errorf("%d arguments", len(args))
			}
			return new(object), nil
		}, true
	case "m.T":
		return nil, true
	}
	return nil, false
}

func TestObjects(t *testing.T) {
	for name, pickle := range map[string]string{
		"reduce":       "cm\nf\n)RK\x05b.",
		"newobj":       "cm\nf\n)\x81K\x05b.",
		"newobj_ex":    "cm\nf\n)}\x92K\x05b.",
		"obj":          "(cm\nf\noK\x05b.",
		"inst":         "(im\nf\nK\x05b.",
		"stack_global": "\x8c\x01m\x8c\x01f\x93)RK\x05b.",
	} {
		v, err := Decoder{Find: globals}.Bytes([]byte(pickle))
		if o, ok := v.(*object); err != nil || !ok || o.state != int64(5) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

func TestPersistentIDs(t *testing.T) {
	d := Decoder{Find: globals, Persistent: func(id any) (any, error) {
		if id, ok := id.(Tuple); ok {
			return id[0].(*Global).String(), nil
		}
		return nil, fmt.Errorf("no object %v", id)
	}}
	if v, err := d.Bytes([]byte("cm\nT\n\x85Q.")); err != nil || v != "m.T" {
		t.Errorf("%v, %v", v, err)
	}
	_, err := d.Bytes([]byte("Psomething\n."))
	wantError(t, err, "persistent id: no object something")
	_, err = Decoder{}.Bytes([]byte("Psomething\n."))
	wantError(t, err, "persistent ids")
}

// Each pickle is wrong in its own way, and the error says how.
func TestWrongPickles(t *testing.T) {
	for pickle, part := range map[string]string{
		"":                                       "0 bytes are left of 1: it is cut",
		"cos\nsystem\n(S'ls'\ntR.":               `"os.system", which is not allowed`,
		"\x8c\x02os\x8c\x06system\x93.":          `"os.system", which is not allowed`,
		"K\x01K\x02\x93.":                        "of types int and int, want two str",
		"(ios\nsystem\n.":                        `"os.system"`,
		"\x80\x06N.":                             "protocol 6, want 5 at most",
		"\x82\x01.":                              "no operation 0x82",
		"\x97.":                                  "no operation 0x97",
		"z":                                      "no operation 0x7a",
		".":                                      "0 values and 0 marks",
		"NN.":                                    "2 values",
		"(N.":                                    "1 marks",
		"0.":                                     "there are 0 values, want 1",
		"N(0.N":                                  "ends at byte",
		"N(\x85.":                                "there are 0 values, want 1", // nothing behind the mark
		"1.":                                     "no mark",
		"t.":                                     "no mark",
		"h\x00.":                                 "nothing at 0",
		"g-1\n.":                                 "nothing at -1",
		"Np-1\n.":                                "no place -1",
		"q\x00.":                                 "there are 0 values",
		"NK\x01a.":                               "appends to a None, want a list",
		"NNNs.":                                  "items of a None, want a dict",
		"}](s.":                                  "there are 0 values, want 2",
		"}]Ns.":                                  "type list, want str",
		"}(NNNu.":                                "has no value",
		"NN(b.":                                  "there are 0 values",
		"NNb.":                                   "state of a None",
		"cm\nf\n)RNb.":                           "no state",
		"cm\nf\nNR.":                             "arguments are a None, want a tuple",
		"N)R.":                                   "calls a None",
		"cm\nT\n)R.":                             "m.T, which may only be named",
		"cm\nf\nN\x85R.":                         "m.f: 1 arguments",
		"cm\nf\n)}NNs\x92.":                      "arguments that have names",
		"(o.":                                    "nothing to call",
		"Ihello\n.":                              `"hello" is no whole number`,
		"Fhello\n.":                              `"hello" is no number`,
		"I12":                                    "a line does not end",
		"L" + strings.Repeat("9", 5000) + "L\n.": "5000 digits, want 4300 at most",
		"Shello\n.":                              "no quoted str",
		"S'\n.":                                  "no quoted str",
		`S'\q'` + "\n.":                          "an escape that no str has",
		`V\u12` + "\n.":                          "ends in an escape",
		`V\ud800` + "\n.":                        "no character",
		"X\x01\x00\x00\x00\xff.":                 "no UTF-8",
		"X\xff\xff\xff\xffabc.":                  "4 bytes are left of 4294967295: it is cut",
		"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.":  "1 bytes are left of 18446744073709551615",
		"c_codecs\nencode\nV\\u0100\nVlatin1\n\x86R.":               "want those of Latin-1",
		"c_codecs\nencode\nVa\nVutf7\n\x86R.":                       "in another way",
		"}X\x01\x00\x01\x00" + strings.Repeat("k", 1<<16+1) + "Ns.": "a key of a dict has 65537 bytes, want 65536 at most",
	} {
		_, err := Decoder{Find: globals}.Bytes([]byte(pickle))
		wantError(t, err, part)
	}
}

// Small pickles that ask for much get an error or little, and fast.
func TestBombs(t *testing.T) {
	text := "c_codecs\nencode\nq\x01X\x00\x00\x01\x00" + strings.Repeat("x", 1<<16) + "Vlatin1\n\x86q\x02R0]("
	for name, pickle := range map[string]string{
		"a text encoded again and again": text + strings.Repeat("h\x01h\x02R", 100_000) + "e.",
		"doubled tuples":                 "N" + strings.Repeat("2\x86", 100_000) + ".",
		"a list in itself":               "]q\x00h\x00a.",
		"deep lists":                     strings.Repeat("]", 200_000) + strings.Repeat("a", 199_999) + ".",
		"a far place in the memo":        "Nr\xff\xff\xff\xff.",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decoder{}.Bytes([]byte(pickle))
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
			t.Errorf("%s: %d bytes need %d MB", name, len(pickle), used>>20)
		}
		if wrong := strings.HasPrefix(name, "a text"); (err != nil) != wrong {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// FuzzDecode looks for pickles that crash the decoder or need much memory.
func FuzzDecode(f *testing.F) {
	for protocol := range newest + 1 {
		data, err := os.ReadFile(fmt.Sprintf("testdata/protocol%d.pickle", protocol))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range []string{"(cm\nf\noK\x05b.", "cm\nT\n\x85Q.", "\x80\x02}q\x00(U\x04dataq\x01T\x03\x00\x00\x00\xff\x00\x80u.", "(lp0\nS'it\\'s'\na."} {
		f.Add([]byte(seed))
	}
	d := Decoder{Find: globals, Persistent: func(id any) (any, error) { return id, nil }}
	f.Fuzz(func(t *testing.T, data []byte) {
		if v, err := d.Bytes(data); err != nil && v != nil {
			t.Errorf("error %v and a value", err)
		}
	})
}
