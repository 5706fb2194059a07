package datasets

import (
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// The first word of an IDX file: two zero bytes, the type of the elements (8 for
// uint8) and the number of dimensions.
const (
	idxLabels = 0x00000801 // [n]
	idxImages = 0x00000803 // [n, h, w]
)

// readIDX fills dst from r, an IDX file that must have the given magic number and
// dims and end after their product of bytes. what names set and file in errors.
func readIDX(r io.Reader, what string, magic uint32, dims []int, dst []uint8) error {
	header := make([]byte, 4+4*len(dims))
	if n, err := io.ReadFull(r, header); err == io.EOF || err == io.ErrUnexpectedEOF && atEnd(r) {
		return fmt.Errorf("datasets: %s has %d bytes, less than the %d of its header; is it complete?", what, n, len(header))
	} else if err != nil {
		return fmt.Errorf("datasets: %s: in its header: %w", what, err)
	}
	if got := binary.BigEndian.Uint32(header); got != magic {
		return fmt.Errorf("datasets: %s begins with %#08x, want %#08x; is it an IDX file of %s?",
			what, got, magic, map[uint32]string{idxLabels: "labels", idxImages: "images"}[magic])
	}
	got := make([]int, len(dims))
	for i := range got {
		got[i] = int(binary.BigEndian.Uint32(header[4+4*i:]))
	}
	if !slices.Equal(got, dims) {
		return fmt.Errorf("datasets: %s has dimensions %v, want %v", what, got, dims)
	}
	size := len(dst) / dims[0] // of one image or label
	return readExactly(r, what+" after its header", "; is it complete?", dims[0], size,
		func(i int, record []byte) error { copy(dst[i*size:], record); return nil })
}

// readIDXSplit fills the N images and labels of s from two IDX files.
func readIDXSplit(images, labels io.Reader, imagesWhat, labelsWhat string, classes int, s *Split) error {
	if err := readIDX(images, imagesWhat, idxImages, []int{s.N, s.H, s.W}, s.Images); err != nil {
		return err
	}
	if err := readIDX(labels, labelsWhat, idxLabels, []int{s.N}, s.Labels); err != nil {
		return err
	}
	for i, label := range s.Labels {
		if int(label) >= classes {
			return fmt.Errorf("datasets: %s: label %d is %d, want 0 to %d", labelsWhat, i, label, classes-1)
		}
	}
	return nil
}

// openIDX opens folder/name, plain, or folder/name.gz, unpacked as it is read, and
// returns the path it found. Closing the file is all there is to close.
func openIDX(folder, name string) (r io.Reader, file *os.File, path string, err error) {
	path = filepath.Join(folder, name)
	if file, err = os.Open(path); err == nil {
		return file, file, path, nil
	}
	path += ".gz"
	if file, err = os.Open(path); err != nil {
		return nil, nil, "", err
	}
	z, err := gzip.NewReader(file)
	if err != nil {
		file.Close()
		return nil, nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return z, file, path, nil
}
