package datasets

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"
)

// gzipped returns data as a gzip stream.
func gzipped(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// records returns n records of f; record i has label i, and its planes count up
// from i, i+1 and i+2.
func records(f cifarFormat, n int) []byte {
	var file []byte
	for i := range n {
		record := make([]byte, f.labelBytes+cifarPixels)
		record[f.labelBytes-1] = byte(i)
		for p := range cifarPixels {
			record[f.labelBytes+p] = byte(p%cifarPlane + p/cifarPlane + i)
		}
		file = append(file, record...)
	}
	return file
}

func TestCIFARIsInterleaved(t *testing.T) {
	const n = 70 // more than one chunk
	for _, f := range []cifarFormat{{1, n}, cifar100Format()} {
		s := newSplit(n, cifarSide, cifarSide, cifarChannels)
		if err := f.read(bytes.NewReader(records(f, n)), "file", s.Images, s.Labels); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if int(s.Labels[i]) != i {
				t.Fatalf("label %d is %d", i, s.Labels[i])
			}
			for j, v := range s.Image(i) {
				if pixel, channel := j/3, j%3; v != byte(pixel+channel+i) {
					t.Fatalf("image %d, pixel %d, channel %d is %d, want %d", i, pixel, channel, v, byte(pixel+channel+i))
				}
			}
		}
	}
}

func TestCIFARErrors(t *testing.T) {
	f := cifar10Format()
	read := func(file []byte, n int) error {
		s := newSplit(n, cifarSide, cifarSide, cifarChannels)
		return f.read(bytes.NewReader(file), "set: some.bin", s.Images, s.Labels)
	}
	file := records(f, 3)
	for _, size := range []int{0, 1, 3072, 3073, 3074, 6145, 6146, 9218} {
		wantError(t, read(file[:size], 3), "set: some.bin has", "bytes, want 9219", "binary version?")
	}
	wantError(t, read(append(file, 0), 3), "more than 9219 bytes")
	wantError(t, read(records(f, 4), 3), "more than 9219 bytes")
	wantError(t, read(records(f, 11), 11), "record 10 has label 10, want 0 to 9")
	f = cifar100Format()
	wantError(t, read(records(cifar10Format(), 3), 3), "set: some.bin has 9219 bytes, want 9222")
}

// idx returns an IDX file of a header and the bytes of body.
func idx(body string, header ...uint32) []byte {
	var file []byte
	for _, word := range header {
		file = binary.BigEndian.AppendUint32(file, word)
	}
	return append(file, body...)
}

// readTiny reads a split of three images of 2x2 with labels below 4.
func readTiny(images, labels []byte) (Split, error) {
	s := newSplit(3, 2, 2, 1)
	if err := readIDX(bytes.NewReader(images), "set: images", idxImages, []int{s.N, s.H, s.W}, s.Images); err != nil {
		return s, err
	}
	return s, readIDXLabels(bytes.NewReader(labels), "set: labels", 4, s.Labels)
}

func TestIDX(t *testing.T) {
	s, err := readTiny(idx("abcdefghijkl", 2051, 3, 2, 2), idx("\x03\x00\x01", 2049, 3))
	if err != nil {
		t.Fatal(err)
	}
	if string(s.Images) != "abcdefghijkl" || string(s.Labels) != "\x03\x00\x01" {
		t.Errorf("images %q, labels %q", s.Images, s.Labels)
	}
}

func TestIDXErrors(t *testing.T) {
	images, labels := idx("abcdefghijkl", 2051, 3, 2, 2), idx("\x03\x00\x01", 2049, 3)
	for size := range images {
		_, err := readTiny(images[:size], labels)
		wantError(t, err, "set: images", "is it complete?")
	}
	for size := range labels {
		_, err := readTiny(images, labels[:size])
		wantError(t, err, "set: labels", "is it complete?")
	}
	for _, c := range []struct {
		images, labels []byte
		want           string
	}{
		{append(images, 0), labels, "images after its header has more than 12 bytes"},
		{images, append(labels, 0), "labels after its header has more than 3 bytes"},
		{labels, labels, "images has 11 bytes, less than the 16"},
		{idx("abcdefghijkl", 2049, 3, 2, 2), labels, "begins with 0x00000801, want 0x00000803; is it an IDX file of images?"},
		{images, idx("\x00\x00\x00", 2051, 3), "begins with 0x00000803, want 0x00000801; is it an IDX file of labels?"},
		{idx("abcdefghijkl", 2051, 3, 4, 1), labels, "images has dimensions [3 4 1], want [3 2 2]"},
		{images, idx("\x03\x00", 2049, 2), "labels has dimensions [2], want [3]"},
		{images, idx("\x03\x04\x01", 2049, 3), "labels: label 1 is 4, want 0 to 3"},
	} {
		_, err := readTiny(c.images, c.labels)
		wantError(t, err, c.want)
	}
}

// readZipped reads a gzip stream of labels 0, 1, 2 as openIDX would.
func readZipped(stream []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(stream))
	if err != nil {
		return err
	}
	return readIDX(z, "set: labels", idxLabels, []int{3}, make([]uint8, 3))
}

func TestGzipErrors(t *testing.T) {
	stream := gzipped(t, idx("\x00\x01\x02", 2049, 3))
	if err := readZipped(stream); err != nil {
		t.Fatal(err)
	}
	const gzipHeader = 10
	for size := gzipHeader; size < len(stream); size++ {
		err := readZipped(stream[:size])
		wantError(t, err, "set: labels", "unexpected EOF")
		if strings.Contains(err.Error(), "want 3") {
			t.Errorf("cut at %d: %v: the stream is cut, not the file in it", size, err)
		}
	}
	damaged := bytes.Clone(stream)
	damaged[len(damaged)-8] ^= 1 // the checksum
	wantError(t, readZipped(damaged), "set: labels", "invalid checksum")
	wantError(t, readZipped(gzipped(t, idx("\x00\x01", 2049, 3))), "has 2 bytes, want 3")
}

func TestOpenIDXOfNoGzip(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	for _, name := range []string{"train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"} {
		zeros(t, filepath.Join(dir, name), "no gzip at all", 0)
	}
	_, err := Open("MNIST", dir)
	wantError(t, err, "MNIST", "-images-idx3-ubyte.gz: gzip: invalid header")
}
