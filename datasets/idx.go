package datasets

import (
	"encoding/binary"
	"fmt"
	"io"
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

// readIDXLabels fills labels from an IDX file.
func readIDXLabels(r io.Reader, what string, classes int, labels []uint8) error {
	if err := readIDX(r, what, idxLabels, []int{len(labels)}, labels); err != nil {
		return err
	}
	for i, label := range labels {
		if int(label) >= classes {
			return fmt.Errorf("datasets: %s: label %d is %d, want 0 to %d", what, i, label, classes-1)
		}
	}
	return nil
}
