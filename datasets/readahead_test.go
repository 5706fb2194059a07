package datasets

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"
)

func TestReadAhead(t *testing.T) {
	want := make([]byte, 3<<20+17) // several rounds of its blocks
	for i := range want {
		want[i] = byte(i * i >> 7)
	}
	for name, r := range map[string]io.Reader{"large": bytes.NewReader(want), "halves": iotest.HalfReader(bytes.NewReader(want)),
		"with EOF": iotest.DataErrReader(bytes.NewReader(want))} {
		a := readAhead(r)
		got, err := io.ReadAll(a)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(want))
		}
		if n, err := a.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("%s: behind its end: %d, %v", name, n, err)
		}
		a.Close()
	}
	a := readAhead(io.MultiReader(bytes.NewReader(want[:5]), failing{}))
	got, err := io.ReadAll(a)
	if !bytes.Equal(got, want[:5]) || !errors.Is(err, errTest) {
		t.Errorf("%d bytes, %v; want 5 and an error", len(got), err)
	}
	a.Close()
}

// Whenever it is closed, its goroutine ends.
func TestReadAheadLeavesNoGoroutines(t *testing.T) {
	endless := io.LimitReader(zeroes{}, 1<<40)
	for range 5 {
		a := readAhead(endless)
		io.ReadFull(a, make([]byte, 1<<20))
		a.Close()
	}
	stacks := make([]byte, 1<<20)
	if n := bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("(*aheadReader).fill(")); n > 0 {
		t.Errorf("%d goroutines are left", n)
	}
}

type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) { return len(b), nil }
