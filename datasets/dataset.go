// Package datasets reads image data sets and hands out their samples in order.
//
// It gives bytes and order only: pixels stay uint8 as they lie in the files,
// images are [h, w, c], and what a training run does with a sample (crop, flip,
// normalise) happens elsewhere, keyed by the index of the sample. Every order is
// a function of a seed and an epoch: it does not depend on time, on the number
// of workers or on what was drawn before.
package datasets

import (
	"fmt"
	"strings"

	"lbsam/internal/suggest"
)

// A Split is the training or the test part of a data set.
type Split struct {
	Images     []uint8 // [N, H, W, C]
	Labels     []uint8 // [N], each below the number of classes
	N, H, W, C int
}

// Image returns the pixels of sample i, [H, W, C]. They are not copied.
func (s *Split) Image(i int) []uint8 {
	size := s.H * s.W * s.C
	return s.Images[i*size : (i+1)*size : (i+1)*size]
}

// newSplit returns a split of n black images with label 0, for a reader to fill.
func newSplit(n, h, w, c int) Split {
	return Split{Images: make([]uint8, n*h*w*c), Labels: make([]uint8, n), N: n, H: h, W: w, C: c}
}

// A Dataset is a data set in memory with what is customary in training on it.
type Dataset struct {
	Name        string
	Classes     []string // names; label i is Classes[i]
	Train, Test Split

	// Mean and Std have one number per channel: of the training pixels scaled to [0, 1].
	Mean, Std []float64

	// Crop is the zero padding, in pixels on every side, from which a training
	// image is cropped at random to its size; 0 for no crop. Flip says whether a
	// training image is mirrored left to right half of the time.
	Crop int
	Flip bool

	Notes []string // what a user should know about how it was read
}

// The names that Open knows.
const (
	cifar10Name  = "CIFAR10"
	cifar100Name = "CIFAR100"
	mnistName    = "MNIST"
	fashionName  = "FashionMNIST"
	synthName    = "Synthetic"
	tinyName     = "TinyImageNet"
	folderName   = "ImageFolder"
)

// Names returns the names that Open knows.
func Names() []string {
	return []string{cifar10Name, cifar100Name, mnistName, fashionName, synthName, tinyName, folderName}
}

// Open reads the data set called name (one of Names; case, dashes and underscores
// do not count) from dir. The files lie in dir itself or where their archive or
// torchvision puts them below dir:
//
//	CIFAR10       cifar-10-batches-bin/   data_batch_1.bin ... data_batch_5.bin, test_batch.bin
//	CIFAR100      cifar-100-binary/       train.bin, test.bin, fine_label_names.txt; the labels are the fine ones
//	MNIST         MNIST/raw/              train-images-idx3-ubyte, t10k-labels-idx1-ubyte, ..., each plain or .gz
//	FashionMNIST  FashionMNIST/raw/       the same names
//	Synthetic     needs no files; it is Synthetic(SyntheticSeed, SyntheticTrain, SyntheticTest)
//	TinyImageNet  tiny-imagenet-200/      train, val, wnids.txt, words.txt
//	ImageFolder   dir itself              train/CLASS/... and val/CLASS/... or test/CLASS/..., or CLASS/... alone
//
// OpenImages has more to say about the last two, whose files are images.
// A missing, cut, overlong or damaged file is an error that names the file.
func Open(name, dir string) (*Dataset, error) {
	switch fold(name) {
	case fold(cifar10Name):
		return openCIFAR10(dir)
	case fold(cifar100Name):
		return openCIFAR100(dir)
	case fold(mnistName):
		return openIDXSet(mnist(), dir)
	case fold(fashionName):
		return openIDXSet(fashionMNIST(), dir)
	case fold(tinyName), fold(folderName):
		return OpenImages(name, dir, Images{})
	case fold(synthName):
		return Synthetic(SyntheticSeed, SyntheticTrain, SyntheticTest), nil
	}
	meant := ""
	if near := suggest.Nearest(fold(name), Names()); near != "" {
		meant = fmt.Sprintf("; did you mean %s?", near)
	}
	return nil, fmt.Errorf("datasets: no data set %q%s (there are %s)", name, meant, strings.Join(Names(), ", "))
}

// fold makes names that differ in case, dashes and underscores equal.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}
