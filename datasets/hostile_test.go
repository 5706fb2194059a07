package datasets

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
)

// A member is one of an archive that a test makes.
type member struct {
	name string
	kind byte
	body []byte
	size int64 // said to be; 0: that of body
}

// tarOf makes an archive.
func tarOf(t testing.TB, members ...member) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		size := max(m.size, int64(len(m.body)))
		if m.kind == 0 {
			m.kind = tar.TypeReg
		}
		if err := w.WriteHeader(&tar.Header{Name: m.name, Typeflag: m.kind, Size: size, Mode: 0o600, Linkname: "/etc/passwd"}); err != nil {
			t.Fatal(err)
		}
		w.Write(m.body)
	}
	w.Close() // fails where a member lies about its size
	return b.Bytes()
}

// goodTar has the members of twoFiles.
func goodTar(t testing.TB) []member {
	d := newDisk2(t)
	return []member{{name: "set/first.bin", body: d[0]}, {name: "set/second.bin", body: d[1]}}
}

// newDisk2 is the two files of twoFiles.
func newDisk2(t testing.TB) [2][]byte {
	file := records(cifar10Format(), 4)
	return [2][]byte{file[:2*3073], file[2*3073:]}
}

func TestHostileTarballs(t *testing.T) {
	good := goodTar(t)
	if err := readTarBytes(t, gzipped(t, tarOf(t, good...))); err != nil {
		t.Fatal(err)
	}
	first, second := good[0], good[1]
	for name, c := range map[string]struct {
		members []member
		want    string
	}{
		"a link":                {[]member{{name: "set/first.bin", kind: tar.TypeSymlink}, second}, "has no member first.bin; is it complete?"},
		"a hard link":           {[]member{{name: "set/first.bin", kind: tar.TypeLink}, second}, "has no member first.bin"},
		"a path that goes up":   {[]member{{name: "../set/first.bin", body: first.body}, second}, "has no member first.bin"},
		"a path from the root":  {[]member{{name: "/set/first.bin", body: first.body}, second}, "has no member first.bin"},
		"a path through others": {[]member{{name: "set/x/../../set/first.bin", body: first.body}, second, first}, "two members first.bin"},
		"twice":                 {[]member{first, first, second}, "two members first.bin"},
		"too long":              {[]member{{name: "set/first.bin", body: append(first.body, 0)}, second}, "first.bin has more than 6146 bytes"},
		"too short":             {[]member{{name: "set/first.bin", body: first.body[1:]}, second}, "first.bin has 6145 bytes, want 6146"},
		"said to be longer":     {[]member{second, {name: "set/first.bin", body: first.body, size: 1 << 40}}, "first.bin: after its 6146 bytes: unexpected EOF"},
		"a bomb before":         {[]member{{name: "set/zeros", body: make([]byte, 10<<20)}, first, second}, "too long: it has more than"},
		"a bomb behind":         {[]member{first, second, {name: "set/zeros", body: make([]byte, 10<<20)}}, "too long: it has more than"},
		"nothing":               {nil, "has no member first.bin"},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, readTarBytes(t, gzipped(t, tarOf(t, c.members...))), "set: ", c.want)
		})
	}
	wantError(t, readTarBytes(t, tarOf(t, good...)), "x.tar.gz: gzip: invalid header")
	wantError(t, readTarBytes(t, gzipped(t, []byte(strings.Repeat("no archive ", 100)))), "x.tar.gz: archive/tar: invalid tar header")
	if n := runtime.NumGoroutine(); n > 20 {
		t.Errorf("%d goroutines are left", n)
	}
}

// npy makes an array from the literal of its header.
func npy(header string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	return append(append(b, header...), body...)
}

// npzOf makes an archive of the four arrays of readNPZ2, with some in place of
// others.
func npzOf(t testing.TB, others map[string][]byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, array := range map[string][]byte{
		"x_train.npy": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 28, 28), }", make([]byte, 3*28*28)),
		"y_train.npy": npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", make([]byte, 3)),
		"x_test.npy":  npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 28, 28), }", make([]byte, 2*28*28)),
		"y_test.npy":  npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", make([]byte, 2)),
	} {
		if other, ok := others[name]; ok {
			array = other
		}
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(array)
	}
	w.Close()
	return b.Bytes()
}

func TestHostileNPZ(t *testing.T) {
	if _, err := readNPZ2(npzOf(t, nil)); err != nil {
		t.Fatal(err)
	}
	pixels := make([]byte, 3*28*28)
	for header, want := range map[string]string{
		"{'descr': '|u1', 'fortran_order': False, 'shape': (3, 28, 29), }":                    "has dimensions [3 28 29], want [3 28 28]",
		"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999, 28, 28), }": `its shape has "99999999999999999999"`,
		"{'descr': '|u1', 'fortran_order': False, 'shape': (-3, 28, 28), }":                   `its shape has "-3"`,
		"{'descr': '|u1', 'fortran_order': True, 'shape': (3, 28, 28), }":                     `its fortran_order is "True"`,
		"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 28, 28), }":                    "pixels of type f4, want u1",
		"{'descr': '|O', 'fortran_order': False, 'shape': (3, 28, 28), }":                     `type "|O", want integers`,
		"": `type "", want integers`,
	} {
		_, err := readNPZ2(npzOf(t, map[string][]byte{"x_train.npy": npy(header, pixels)}))
		wantError(t, err, "some.npz: x_train.npy", want)
	}
	good := "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 28, 28), }"
	for name, c := range map[string]struct {
		array []byte
		want  string
	}{
		"a bomb":        {npy(good, make([]byte, 20<<20)), "after its header has more than 2352 bytes"},
		"too short":     {npy(good, pixels[1:]), "after its header has 2351 bytes, want 2352"},
		"no array":      {[]byte("some text that is no array"), "want the header of an array of NumPy"},
		"nothing":       {nil, "in its header: EOF"},
		"a long header": {[]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), "its header has 4294967295 bytes, want 16384 at most"},
	} {
		_, err := readNPZ2(npzOf(t, map[string][]byte{"x_train.npy": c.array}))
		t.Run(name, func(t *testing.T) { wantError(t, err, "some.npz: x_train.npy", c.want) })
	}
	label := npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", []byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf8\x7f"))
	_, err := readNPZ2(npzOf(t, map[string][]byte{"y_test.npy": label}))
	wantError(t, err, "y_test.npy", "label 1 is NaN, want 0 to 9")
	_, err = readNPZ2(append(npzOf(t, nil), make([]byte, 6<<20)...))
	wantError(t, err, "some.npz", "too long")
}

// matElement makes an element of a MAT-file.
func matBytes(kind uint32, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = append(b, body...)
	if kind != matCompressed {
		b = append(b, make([]byte, (8-len(body)%8)%8)...)
	}
	return b
}

// matMatrixOf makes an array.
func matMatrixOf(flags uint32, dims []int32, name string, kind uint32, numbers []byte) []byte {
	var shape []byte
	for _, n := range dims {
		shape = binary.LittleEndian.AppendUint32(shape, uint32(n))
	}
	word := binary.LittleEndian.AppendUint32(nil, flags)
	return bytes.Join([][]byte{
		matBytes(matUint32, append(word, 0, 0, 0, 0)), matBytes(matInt32, shape), matBytes(matInt8, []byte(name)), matBytes(kind, numbers)}, nil)
}

func matOf(arrays ...[]byte) []byte {
	b := append(bytes.Repeat([]byte(" "), 124), 0, 1, 'I', 'M')
	for _, a := range arrays {
		b = append(b, matBytes(matMatrix, a)...)
	}
	return b
}

// packed is an array as zlib packs it, with its tag.
func packed(body []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(body)
	w.Close()
	return matBytes(matCompressed, b.Bytes())
}

func TestHostileMAT(t *testing.T) {
	const u1 = 9 // the class uint8
	x := matMatrixOf(u1, []int32{32, 32, 3, 4}, "X", matUint8, make([]byte, 4*cifarPixels))
	y := matMatrixOf(u1, []int32{4, 1}, "y", matUint8, []byte{1, 2, 3, 10, 0}[:4])
	s, err := readMAT4(matOf(x, y))
	if err != nil || string(s.Labels) != "\x01\x02\x03\x00" {
		t.Fatalf("labels %v, %v", s.Labels, err)
	}
	pass := func(body []byte) []byte { return packed(matBytes(matMatrix, body)) }
	if _, err := readMAT4(append(append(matOf(), pass(x)...), pass(y)...)); err != nil {
		t.Fatal(err)
	}
	bomb := matMatrixOf(4, []int32{1, 10 << 20}, "text", 4, make([]byte, 10<<20))
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"X twice":         {matOf(x, x, y), "two arrays X"},
		"no y":            {matOf(x), "has no array y"},
		"no X":            {matOf(y), "has no array X"},
		"another shape":   {matOf(matMatrixOf(u1, []int32{32, 32, 3, 5}, "X", matUint8, make([]byte, 5*cifarPixels)), y), "[32 32 3 5] of type u1, want [32 32 3 4]"},
		"a negative side": {matOf(matMatrixOf(u1, []int32{32, 32, 3, -4}, "X", matUint8, nil), y), "dimensions [32 32 3 -4]"},
		"floats":          {matOf(matMatrixOf(u1, []int32{32, 32, 3, 4}, "X", matDouble, make([]byte, 80)), y), "of type f8, want"},
		"too few pixels":  {matOf(matMatrixOf(u1, []int32{32, 32, 3, 4}, "X", matUint8, make([]byte, 100)), y), "X has 100 bytes, want 12288"},
		"label 11":        {matOf(x, matMatrixOf(u1, []int32{4, 1}, "y", matUint8, []byte{1, 2, 11, 4})), "label 2 is 11, want 0 to 9"},
		"label 1.5":       {matOf(x, matMatrixOf(6, []int32{1, 1}, "y", matDouble, nil)), "y has dimensions [1 1], want [4 1]"},
		"complex":         {matOf(matMatrixOf(u1|0x800, []int32{32, 32, 3, 4}, "X", matUint8, make([]byte, 4*cifarPixels)), y), "has no array X"},
		"many dimensions": {matOf(matMatrixOf(u1, make([]int32, 100), "X", matUint8, nil)), "the dimensions of an array: found type 5, 400 bytes, want type 5, 64 bytes at most"},
		"a long name":     {matOf(matMatrixOf(u1, nil, strings.Repeat("X", 300), matUint8, nil)), "the name of an array: found type 1, 300 bytes"},
		"numbers of text": {matOf(matMatrixOf(u1, nil, "X", 16, nil)), "numbers are of type 16"},
		"a bomb":          {append(matOf(), pass(bomb)...), "too long"},
		"many bombs":      {append(append(matOf(), pass(bomb[:3<<20])...), pass(bomb[:3<<20])...), "too long: its arrays have"},
		"cut behind y":    {matOf(x, y)[:len(matOf(x, y))-2], "lacks 2 of its"},
		"another element": {append(matOf(), matBytes(99, nil)...), "an element of type 99, want 14 or 15"},
		"packed twice":    {append(matOf(), packed(packed(x))...), "a compressed element of type 15, want 14"},
		"big endian":      {append(append(bytes.Repeat([]byte(" "), 126), "MI"...), 0, 0, 0, 99, 0, 0, 0, 0), "an element of type 99"},
		"version 7.3":     {append([]byte("MATLAB 7.3 MAT-file"), make([]byte, 200)...), "is it a MAT-file of version 5?"},
		"small, too long": {append(matOf(), 1, 0, 5, 0, 0, 0, 0, 0), "a small element has 5 bytes"},
		"empty":           {nil, "in its header: EOF"},
	} {
		_, err := readMAT4(c.file)
		t.Run(name, func(t *testing.T) { wantError(t, err, "set: some.mat", c.want) })
	}
	file := append(matOf(), pass(bomb)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	readMAT4(file)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 2<<20 {
		t.Errorf("a bomb of %d bytes needs %d MB", len(file), used>>20)
	}
}
