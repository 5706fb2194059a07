package datasets

import "testing"

func TestNumbers(t *testing.T) {
	for descr, c := range map[string]struct {
		bytes string
		want  float64
	}{
		"|u1": {"\xff", 255}, "|i1": {"\xff", -1}, "u1": {"\x07", 7},
		"<u2": {"\x01\xff", 0xff01}, "<i2": {"\x01\xff", -255}, ">i2": {"\xff\x01", -255},
		"<u4": {"\x00\x00\x00\x80", 1 << 31}, "<i4": {"\x00\x00\x00\x80", -1 << 31}, ">i4": {"\x80\x00\x00\x01", -1<<31 + 1},
		"<i8": {"\xfe\xff\xff\xff\xff\xff\xff\xff", -2}, ">u8": {"\x00\x00\x01\x00\x00\x00\x00\x00", 1 << 40},
		"<f4": {"\x00\x00\x20\xc1", -10}, ">f4": {"\xc1\x20\x00\x00", -10}, "<f8": {"\x00\x00\x00\x00\x00\x00\xf8\x3f", 1.5},
	} {
		e, err := numpyElement(descr)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := e.number([]byte(c.bytes)); got != c.want || e.size != len(c.bytes) {
			t.Errorf("%s of %q is %v, %d bytes, want %v", descr, c.bytes, got, e.size, c.want)
		}
	}
	for _, descr := range []string{"", "|O", "<f2", "f1", "<i3", "|S1", "<u1 ", "<M8", "float64", "=f16"} {
		if e, err := numpyElement(descr); err == nil {
			t.Errorf("%q is %v, want an error", descr, e)
		}
	}
}
