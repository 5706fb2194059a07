package datasets

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

const (
	cifarSide     = 32                    // height and width of an image
	cifarPlane    = cifarSide * cifarSide // bytes of one channel
	cifarChannels = 3
	cifarPixels   = cifarPlane * cifarChannels
	cifarTrain    = 50_000
	cifarTest     = 10_000
	cifarBatch    = 10_000 // records of one of CIFAR-10's files
)

// A cifarFormat is the layout of one record of the binary files: label bytes, of
// which the last one counts, then the red, the green and the blue plane, each row
// by row.
type cifarFormat struct {
	set        string // name, for errors
	labelBytes int    // 1 in CIFAR-10; 2 in CIFAR-100, coarse label then fine label
	classes    int
}

func cifar10Format() cifarFormat  { return cifarFormat{"CIFAR-10", 1, 10} }
func cifar100Format() cifarFormat { return cifarFormat{"CIFAR-100", 2, 100} }

// read fills images [len(labels), 32, 32, 3] and labels from r, which must hold
// exactly len(labels) records. file names r in errors.
func (f cifarFormat) read(r io.Reader, file string, images, labels []uint8) error {
	return readExactly(r, f.set+": "+file, "; is it complete, and the binary version?",
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

// readFile reads records from to to of a split from a file that holds just those.
func (f cifarFormat) readFile(path string, s *Split, from, to int) error {
	file, err := os.Open(path)
	if err != nil {
		return missing(f.set, err)
	}
	defer file.Close()
	return f.read(file, path, s.Images[from*cifarPixels:to*cifarPixels], s.Labels[from:to])
}

func openCIFAR10(dir string) (*Dataset, error) {
	f := cifar10Format()
	folder, err := locate(f.set, dir, "cifar-10-batches-bin", "data_batch_1.bin")
	if err != nil {
		return nil, err
	}
	d := &Dataset{
		Name:    cifar10Name,
		Classes: []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
		Train:   newSplit(cifarTrain, cifarSide, cifarSide, cifarChannels),
		Test:    newSplit(cifarTest, cifarSide, cifarSide, cifarChannels),
		Mean:    []float64{0.4914, 0.4822, 0.4465},
		Std:     []float64{0.2471, 0.2435, 0.2616},
		Crop:    4,
		Flip:    true,
	}
	var g errgroup.Group
	for i := range cifarTrain / cifarBatch {
		path := filepath.Join(folder, fmt.Sprintf("data_batch_%d.bin", i+1))
		g.Go(func() error { return f.readFile(path, &d.Train, i*cifarBatch, (i+1)*cifarBatch) })
	}
	g.Go(func() error { return f.readFile(filepath.Join(folder, "test_batch.bin"), &d.Test, 0, cifarTest) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return d, nil
}

func openCIFAR100(dir string) (*Dataset, error) {
	f := cifar100Format()
	// train.bin alone could be anybody's, so the names identify the folder.
	folder, err := locate(f.set, dir, "cifar-100-binary", "fine_label_names.txt")
	if err != nil {
		return nil, err
	}
	d := &Dataset{
		Name:  cifar100Name,
		Train: newSplit(cifarTrain, cifarSide, cifarSide, cifarChannels),
		Test:  newSplit(cifarTest, cifarSide, cifarSide, cifarChannels),
		Mean:  []float64{0.5071, 0.4867, 0.4408},
		Std:   []float64{0.2675, 0.2565, 0.2761},
		Crop:  4,
		Flip:  true,
	}
	if d.Classes, err = readLabelNames(f.set, filepath.Join(folder, "fine_label_names.txt"), f.classes); err != nil {
		return nil, err
	}
	var g errgroup.Group
	g.Go(func() error { return f.readFile(filepath.Join(folder, "train.bin"), &d.Train, 0, cifarTrain) })
	g.Go(func() error { return f.readFile(filepath.Join(folder, "test.bin"), &d.Test, 0, cifarTest) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return d, nil
}
