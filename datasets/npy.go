package datasets

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/flate"
)

// mostHeader is how long the header of an array may be.
const mostHeader = 1 << 14

// readNPY reads an array of NumPy that has the given dims, in the order of its
// rows, and hands its rows to use. Pixels must be uint8; labels may be any numbers.
// what names the array in errors.
func readNPY(r io.Reader, what string, dims []int, use func(i int, row []byte, e element) error) error {
	shape, e, err := npyHeader(r)
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", what, err)
	}
	if !slices.Equal(shape, dims) {
		return fmt.Errorf("datasets: %s has dimensions %v, want %v", what, shape, dims)
	}
	if len(dims) > 1 && !e.isByte() {
		return fmt.Errorf("datasets: %s has pixels of type %v, want u1", what, e)
	}
	size := e.size
	for _, n := range dims[1:] {
		size *= n
	}
	return readExactly(r, what+" after its header", "; is it complete?", dims[0], size,
		func(i int, row []byte) error { return use(i, row, e) })
}

// npyHeader reads the header: a magic number, the version, and the literal of a
// dict of Python.
func npyHeader(r io.Reader) (shape []int, e element, err error) {
	fixed := make([]byte, 10)
	if _, err := io.ReadFull(r, fixed); err != nil {
		return nil, e, fmt.Errorf("in its header: %w", err)
	}
	if string(fixed[:6]) != "\x93NUMPY" || fixed[6] < 1 || fixed[6] > 3 {
		return nil, e, fmt.Errorf("it begins with %q, want the header of an array of NumPy", fixed[:8])
	}
	size := int(binary.LittleEndian.Uint16(fixed[8:]))
	if fixed[6] > 1 { // the length has 4 bytes
		more := make([]byte, 2)
		if _, err := io.ReadFull(r, more); err != nil {
			return nil, e, fmt.Errorf("in its header: %w", err)
		}
		size |= int(binary.LittleEndian.Uint16(more)) << 16
	}
	if size > mostHeader {
		return nil, e, fmt.Errorf("its header has %d bytes, want %d at most", size, mostHeader)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, e, fmt.Errorf("in its header: %w", err)
	}
	return npyDict(string(text))
}

// npyDict reads {'descr': '|u1', 'fortran_order': False, 'shape': (3, 28, 28), }.
func npyDict(text string) (shape []int, e element, err error) {
	find := func(pattern string) string {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
			return m[1]
		}
		return ""
	}
	if e, err = numpyElement(find(`'descr':\s*'([^']*)'`)); err != nil {
		return nil, e, err
	}
	if order := find(`'fortran_order':\s*(\w+)`); order != "False" {
		return nil, e, fmt.Errorf("its fortran_order is %.20q, want False", order)
	}
	for word := range strings.SplitSeq(find(`'shape':\s*\(([^)]*)\)`), ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return nil, e, fmt.Errorf("its shape has %.20q, want whole numbers", word)
		}
		shape = append(shape, n)
	}
	return shape, e, nil
}

// readNPZ fills both splits of d from an archive with the arrays x_train, y_train,
// x_test and y_test, as Keras keeps MNIST: images [n, h, w], labels [n].
func readNPZ(d *Dataset, r io.Reader, what string) error {
	most := int64(len(d.Train.Images)+len(d.Test.Images)) + 8*int64(d.Train.N+d.Test.N) + slack
	data, err := io.ReadAll(limit(r, most))
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", what, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("datasets: %s: %w; is it complete?", what, err)
	}
	archive.RegisterDecompressor(zip.Deflate, flate.NewReader)
	for _, part := range []struct {
		name string
		s    *Split
	}{{"train", &d.Train}, {"test", &d.Test}} {
		s := part.s
		err := readMember(archive, "x_"+part.name+".npy", what, []int{s.N, s.H, s.W}, func(i int, row []byte, _ element) error {
			copy(s.Images[i*s.H*s.W:], row)
			return nil
		})
		if err != nil {
			return err
		}
		err = readMember(archive, "y_"+part.name+".npy", what, []int{s.N}, func(i int, row []byte, e element) (err error) {
			s.Labels[i], err = label(e.number(row), i, len(d.Classes))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readMember reads the array that is the only member of that name.
func readMember(archive *zip.Reader, name, what string, dims []int, use func(i int, row []byte, e element) error) error {
	var member *zip.File
	for _, f := range archive.File {
		if f.Name == name && member != nil {
			return fmt.Errorf("datasets: %s has two members %s", what, name)
		}
		if f.Name == name {
			member = f
		}
	}
	if member == nil {
		return fmt.Errorf("datasets: %s has no member %s; is it complete?", what, name)
	}
	r, err := member.Open()
	if err != nil {
		return fmt.Errorf("datasets: %s: %s: %w", what, name, err)
	}
	defer r.Close()
	return readNPY(r, what+": "+name, dims, use)
}
