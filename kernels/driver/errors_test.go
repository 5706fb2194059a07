package driver

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{Unavailable{Device: "cuda:7", Err: io.EOF}, "device cuda:7: EOF"},
		{OutOfMemory{"cuda:0", 3 << 30, 1100 << 20, 80 << 30}, "device cuda:0: out of memory: 3.00 GiB wanted, 1.07 GiB of 80.0 GiB free"},
		{Lost{"cuda:0", io.EOF}, "device cuda:0 can do no more work: EOF"},
	} {
		if c.err.Error() != c.want {
			t.Errorf("got %q, want %q", c.err, c.want)
		}
	}
	lost := fmt.Errorf("step 7: %w", Lost{"cuda:0", fmt.Errorf("kernel: %w", io.EOF)})
	var l Lost
	if !errors.As(lost, &l) || l.Device != "cuda:0" || !errors.Is(lost, io.EOF) {
		t.Errorf("%v is not found in its chain", lost)
	}
	if !errors.Is(Unavailable{Device: "x", Err: io.EOF}, io.EOF) {
		t.Error("Unavailable hides its reason")
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "0.98 KiB", 1536: "1.50 KiB", 10 << 10: "10.0 KiB", 1023 << 20: "1.00 GiB",
		85520809984: "79.6 GiB", 1 << 50: "1024 TiB", -5: "-5 B",
	} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %s, want %s", n, got, want)
		}
	}
}
