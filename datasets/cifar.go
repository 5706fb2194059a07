package datasets

import (
	"fmt"
	"io"
	"strings"
)

const (
	cifarSide     = 32                    // height and width of an image
	cifarPlane    = cifarSide * cifarSide // bytes of one channel
	cifarChannels = 3
	cifarPixels   = cifarPlane * cifarChannels
	cifarTrain    = 50_000
	cifarTest     = 10_000
	cifarBatch    = 10_000    // records of one of CIFAR-10's files
	cifarMost     = 400 << 20 // bytes of all files, in the longest format
)

// A cifarFormat is the layout of one record of the binary files: label bytes, of
// which the last one counts, then the red, the green and the blue plane, each row
// by row.
type cifarFormat struct {
	labelBytes int // 1 in CIFAR-10; 2 in CIFAR-100, coarse label then fine label
	classes    int
}

func cifar10Format() cifarFormat  { return cifarFormat{1, 10} }
func cifar100Format() cifarFormat { return cifarFormat{2, 100} }

// read fills images [len(labels), 32, 32, 3] and labels from r, which must hold
// exactly len(labels) records. what names set and file in errors.
func (f cifarFormat) read(r io.Reader, what string, images, labels []uint8) error {
	return readExactly(r, what, "; is it complete, and the binary version?",
		len(labels), f.labelBytes+cifarPixels, func(i int, record []byte) error {
			label := record[f.labelBytes-1]
			if int(label) >= f.classes {
				return fmt.Errorf("record %d has label %d, want 0 to %d", i, label, f.classes-1)
			}
			labels[i] = label
			interleave(images[i*cifarPixels:(i+1)*cifarPixels], record[f.labelBytes:])
			return nil
		})
}

// interleave sets dst [32, 32, 3] to the three planes of src [3, 32, 32].
func interleave(dst, src []uint8) {
	r, g, b := src[:cifarPlane], src[cifarPlane:2*cifarPlane], src[2*cifarPlane:3*cifarPlane]
	for i, v := range r {
		pixel := dst[3*i : 3*i+3 : 3*i+3]
		pixel[0], pixel[1], pixel[2] = v, g[i], b[i]
	}
}

// readLabelNames returns the lines of a file of label names, label 0 first.
// It is an error if there are not n.
func readLabelNames(r io.Reader, what string, n int) ([]string, error) {
	text, err := io.ReadAll(limit(r, slack))
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", what, err)
	}
	names := strings.Fields(string(text)) // no name has a space
	if len(names) != n {
		return nil, fmt.Errorf("datasets: %s has %d names, want %d", what, len(names), n)
	}
	return names, nil
}
