package driver

import (
	"bytes"
	"strings"
	"testing"
)

type fakeKernel []Param

func (k fakeKernel) Name() string    { return "fake" }
func (k fakeKernel) Params() []Param { return k }

func TestArgs(t *testing.T) {
	k := fakeKernel{{Name: "n", Size: 4, Align: 4}, {Name: "p", Size: 8, Align: 8}, {Name: "s", Size: 12, Align: 4}, {Name: "x", Size: 4, Align: 4}}
	if n := Layout(k); n != 32 || ArgsSize(k) != 32 || k[1].Offset != 8 || k[2].Offset != 16 || k[3].Offset != 28 {
		t.Errorf("Layout: %d bytes, %v", n, k)
	}
	var a Args
	text := []byte("abcdefghijkl")
	pack := func() *Args {
		return a.Reset().Int32(-2).Ptr(0x1122334455667788).Struct(text, 4).Float32(1)
	}
	got, err := pack().For(k)
	want := []byte("\xfe\xff\xff\xff\x00\x00\x00\x00\x88\x77\x66\x55\x44\x33\x22\x11abcdefghijkl\x00\x00\x80\x3f")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("For = %x, %v, want %x", got, err, want)
	}
	var boxed Kernel = k
	if n := testing.AllocsPerRun(100, func() { pack().For(boxed) }); n != 0 {
		t.Errorf("packing allocates %v times", n)
	}
}

func TestArgsErrors(t *testing.T) {
	k := fakeKernel{{Name: "p", Size: 8, Align: 8}, {Name: "s", Size: 8, Align: 8}, {Name: "n", Size: 4, Align: 4}}
	Layout(k)
	for _, c := range []struct {
		args *Args
		want string
	}{
		{new(Args).Ptr(1).Ptr(2), "2 arguments, want 3"},
		{new(Args).Ptr(1).Int32(2).Int32(3), "argument 1 (s) has 4 bytes, want 8"},
		{new(Args).Ptr(1).Struct(make([]byte, 8), 16).Int32(3), "28 bytes, want 20"},
		{new(Args).Int32(1).Ptr(1).Ptr(1), "argument 0 (p) has 4 bytes, want 8"},
	} {
		_, err := c.args.For(k)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("For = %v, want %s", err, c.want)
		}
	}
}
