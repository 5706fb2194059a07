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

// Counts is how often each of the classes comes.
func (s *Split) Counts(classes int) []int {
	counts := make([]int, classes)
	for _, label := range s.Labels {
		counts[label]++
	}
	return counts
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

	Source Found    // the files it was read from; zero: it needs none
	Notes  []string // what a user should know about how it was read
}

// The names that Open knows.
const (
	cifar10Name  = "CIFAR10"
	cifar100Name = "CIFAR100"
	mnistName    = "MNIST"
	fashionName  = "FashionMNIST"
	svhnName     = "SVHN"
	synthName    = "Synthetic"
	tinyName     = "TinyImageNet"
	folderName   = "ImageFolder"
)

// Names returns the names that Open knows.
func Names() []string {
	return []string{cifar10Name, cifar100Name, mnistName, fashionName, svhnName, synthName, tinyName, folderName}
}

// Open reads the data set called name (one of Names; case, dashes and underscores
// do not count) from the first of these folders that has it: dir, the data sets of
// Keras ($KERAS_HOME, or .keras in the home folder), lbsam in the user's folder of
// caches. In dir the files lie in dir itself or where their archive or torchvision
// puts them below it; archives are read in place:
//
//	CIFAR10       cifar-10-batches-bin/, cifar-10-batches-py/, cifar-10-binary.tar.gz, cifar-10-python.tar.gz
//	CIFAR100      cifar-100-binary/, cifar-100-python/, cifar-100-binary.tar.gz, cifar-100-python.tar.gz; the labels are the fine ones
//	MNIST         MNIST/raw/ with train-images-idx3-ubyte, t10k-labels-idx1-ubyte, ..., each plain or .gz; mnist.npz
//	FashionMNIST  FashionMNIST/raw/ with the same names
//	SVHN          train_32x32.mat, test_32x32.mat
//	Synthetic     needs no files; it is Synthetic(SyntheticSeed, SyntheticTrain, SyntheticTest)
//	TinyImageNet  tiny-imagenet-200/      train, val, wnids.txt, words.txt
//	ImageFolder   dir itself              train/CLASS/... and val/CLASS/... or test/CLASS/..., or CLASS/... alone
//
// Within a folder files with the published MD5 come before others. A missing, cut,
// overlong or damaged file is an error that names the file; if nothing is found, it
// is an fs.ErrNotExist. OpenImages has more to say about the last two, whose files
// are images.
func Open(name, dir string) (*Dataset, error) {
	switch fold(name) {
	case fold(synthName):
		return Synthetic(SyntheticSeed, SyntheticTrain, SyntheticTest), nil
	case fold(tinyName), fold(folderName):
		return OpenImages(name, dir, Images{})
	}
	s, err := setOf(name)
	if err != nil {
		return nil, err
	}
	return s.open(dir)
}

// FileSets returns the names of the data sets that consist of a few files, which
// Find knows.
func FileSets() []string {
	return []string{cifar10Name, cifar100Name, mnistName, fashionName, svhnName}
}

// Find reads the data set called name, one of FileSets, from every place where Open
// would look for it, and says what is there.
func Find(name, dir string) ([]Found, error) {
	s, err := setOf(name)
	if err != nil {
		return nil, err
	}
	return s.find(dir), nil
}

// setOf returns the data set of files with a name.
func setOf(name string) (set, error) {
	switch fold(name) {
	case fold(cifar10Name):
		return cifar10(), nil
	case fold(cifar100Name):
		return cifar100(), nil
	case fold(mnistName):
		return mnist(), nil
	case fold(fashionName):
		return fashionMNIST(), nil
	case fold(svhnName):
		return svhn(), nil
	}
	meant := ""
	if near := suggest.Nearest(fold(name), Names()); near != "" {
		meant = fmt.Sprintf("; did you mean %s?", near)
	}
	return set{}, fmt.Errorf("datasets: no data set %q%s (there are %s)", name, meant, strings.Join(Names(), ", "))
}

// fold makes names that differ in case, dashes and underscores equal.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}
