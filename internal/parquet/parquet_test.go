package parquet

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustOpen(t *testing.T, data []byte) *File {
	t.Helper()
	f, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// The files hold what testdata/make.py put into them.
func TestColumns(t *testing.T) {
	for _, name := range []string{"none", "snappy", "gzip", "zstd", "plain", "v2"} {
		t.Run(name, func(t *testing.T) {
			const n = 300
			f := mustOpen(t, testdata(t, name))
			if f.Rows != n {
				t.Fatalf("%d rows, want %d", f.Rows, n)
			}
			if got, want := strings.Join(f.Columns(), " "), "img.bytes img.path label few must"; got != want {
				t.Fatalf("columns %s, want %s", got, want)
			}
			texts := map[string]func(i int) string{
				"img.bytes": func(i int) string { return string(bytes.Repeat([]byte{byte(i % 251)}, i%7)) },
				"img.path":  func(i int) string { return fmt.Sprintf("%d.png", i) },
				"must":      func(i int) string { return fmt.Sprintf("row %d", i) },
			}
			for path, want := range texts {
				next := 0
				err := f.Bytes(path, func(i int, v []byte) error {
					if i != next || string(v) != want(i) {
						return fmt.Errorf("row %d of %s is %q, want row %d, %q", i, path, v, next, want(next))
					}
					next++
					return nil
				})
				if err != nil || next != n {
					t.Errorf("%s: %d rows, %v", path, next, err)
				}
			}
			numbers := map[string]func(i int) int64{
				"label": func(i int) int64 { return int64(i * i % 10) },
				"few":   func(i int) int64 { return int64(i/100 - 1) },
			}
			for path, want := range numbers {
				next := 0
				err := f.Integers(path, func(i int, v int64) error {
					if i != next || v != want(i) {
						return fmt.Errorf("row %d of %s is %d, want row %d, %d", i, path, v, next, want(next))
					}
					next++
					return nil
				})
				if err != nil || next != n {
					t.Errorf("%s: %d rows, %v", path, next, err)
				}
			}
		})
	}
}

func TestWhatIsNotRead(t *testing.T) {
	for name, says := range map[string]string{
		"brotli": "codec 4", "null": "null", "float": "type 5", "list": "no column label",
	} {
		err := mustOpen(t, testdata(t, name)).Integers("label", func(int, int64) error { return nil })
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want %q", name, err, says)
		}
	}
	f := mustOpen(t, testdata(t, "list"))
	if err := f.Integers(f.Columns()[0], func(int, int64) error { return nil }); err == nil || !strings.Contains(err.Error(), "repeated") {
		t.Errorf("a list: error %v", err)
	}
	f = mustOpen(t, testdata(t, "none"))
	if err := f.Bytes("label", func(int, []byte) error { return nil }); err == nil || !strings.Contains(err.Error(), "integers") {
		t.Errorf("bytes of integers: error %v", err)
	}
	if err := f.Integers("must", func(int, int64) error { return nil }); err == nil || !strings.Contains(err.Error(), "byte arrays") {
		t.Errorf("integers of bytes: error %v", err)
	}
}

// read reads all columns that there are in a file.
func read(data []byte) (values int) {
	f, err := Open(data)
	if err != nil {
		return 0
	}
	for _, path := range f.Columns() {
		f.Integers(path, func(int, int64) error { values++; return nil })
		f.Bytes(path, func(int, []byte) error { values++; return nil })
	}
	return values
}

// A file that is cut off anywhere is an error: its footer is gone.
func TestCutAnywhere(t *testing.T) {
	data := testdata(t, "snappy")
	for n := range data {
		if _, err := Open(data[:n]); err == nil {
			t.Errorf("of %d bytes, %d open without an error", len(data), n)
		}
	}
}

// A file with a byte that is wrong is read or is an error, and does not take more
// memory or time than its bytes allow.
func TestWrongBytes(t *testing.T) {
	for _, name := range []string{"snappy", "v2"} {
		data := testdata(t, name)
		for i := range data {
			broken := bytes.Clone(data)
			broken[i] ^= 1 << (i % 8)
			read(broken)
		}
	}
}

func FuzzParquet(f *testing.F) {
	for _, name := range []string{"none", "snappy", "gzip", "zstd", "plain", "v2", "brotli", "null", "list", "float"} {
		f.Add(testdata(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) { read(data) })
}
