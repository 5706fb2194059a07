package driver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lbsam/kernels/driver"
	"lbsam/kernels/ptxsim"
)

// The interpreter has a parser of its own: both must find the same kernels and
// the same layout of their arguments.
func TestEntriesAgreeWithInterpreter(t *testing.T) {
	files, _ := filepath.Glob("../ptxsim/testdata/*.ptx")
	if len(files) < 4 {
		t.Fatal("no PTX to read: ", files)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		entriesAgree(t, file, string(text))
	}
	entriesAgree(t, "every kind of parameter", everyParam)
}

func entriesAgree(t *testing.T, name, text string) {
	t.Helper()
	entries, err := driver.Entries(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	m, err := ptxsim.New(ptxsim.Config{}).Load(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(entries) != len(m.Names()) {
		t.Errorf("%s: %d entries, want %v", name, len(entries), m.Names())
	}
	for _, e := range entries {
		k, err := m.Kernel(e.Name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if want := k.Params(); len(e.Params)+len(want) > 0 && !reflect.DeepEqual(e.Params, want) {
			t.Errorf("%s: %s: got %v, want %v", name, e.Name, e.Params, want)
		}
	}
}

// everyParam has comments and strings where a careless reader stumbles.
const everyParam = `// .entry no(.param .u32 x)
.version 7.0
.target sm_80
/* .entry neither(
*/
.file 1 "/a//.entry none("
.visible .entry a (.param .u8 b, .param .s16 c, .param .u64 .ptr .global .align 1 p, /* , */
	.param .f32 f, // .param .f64 g
	.param .align 16 .b8 s[48], .param .b8 bytes[3], .param .f64 d, .param .b32 w[2]
)
.maxntid 32, 1, 1
{
	ret;
}
.entry empty() { ret; }
.entry none { ret; }
.entry tuned .maxntid 32 { ret; }
.entry last(.param .u64 .ptr q) { ret; }
`

func TestEntriesErrors(t *testing.T) {
	for text, want := range map[string]string{
		".entry (":                                "ptx line 1: \"(\" is no name of a kernel",
		"\n.entry":                                "ptx line 2: \"\" is no name of a kernel",
		".entry k,":                               "got \",\" after .entry k, want (",
		".entry k(.param .u64 a":                  "got \"\" in the parameters of k, want .param",
		".entry k(.reg .u64 a)":                   "got \".reg\"",
		".entry k(.param .u65 a)":                 "parameter 0 of k: unknown type .u65",
		".entry k(.param .u32 a, .param b)":       "parameter 1 of k: got \"b\", want a type and a name",
		".entry k(.param .align 0 .b8 a[4])":      "got \"0\", want a positive integer",
		".entry k(.param .b8 a[x])":               "got \"x\", want a positive integer",
		".entry k(.param .b8 a[4)":                "got \")\", want ]",
		".entry k(.param .u32 a)\n\n.entry \"x\"": "ptx line 3: ",
	} {
		if _, err := driver.Entries(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
	if e, err := driver.Entries("no PTX"); len(e) != 0 || err != nil {
		t.Error(e, err)
	}
	e, err := driver.Entries(".entry k(.param .v4 .f32 a, .param .u8 b, .param .b128 c)")
	want := "[{k [{a 0 16 16} {b 16 1 1} {c 32 16 16}]}]"
	if fmt.Sprint(e) != want || err != nil {
		t.Errorf("got %v, %v, want %s", e, err, want)
	}
}
