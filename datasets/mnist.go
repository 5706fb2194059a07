package datasets

import (
	"fmt"

	"golang.org/x/sync/errgroup"
)

const (
	mnistSide  = 28 // height and width of an image, one channel
	mnistTrain = 60_000
	mnistTest  = 10_000
)

// An idxSet is a data set in the four files of MNIST.
type idxSet struct {
	title  string // for errors
	folder string // where torchvision puts the files
	zeros  int    // training samples of label 0: it tells the two sets apart
	empty  Dataset
}

func mnist() idxSet {
	return idxSet{"MNIST", "MNIST/raw", 5923, Dataset{
		Name:    mnistName,
		Classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		Mean:    []float64{0.1307},
		Std:     []float64{0.3081},
		Crop:    2, // digits are centred, a mirrored digit is none
	}}
}

func fashionMNIST() idxSet {
	return idxSet{"Fashion-MNIST", "FashionMNIST/raw", 6000, Dataset{
		Name: fashionName,
		Classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
			"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
		Mean: []float64{0.2860},
		Std:  []float64{0.3530},
		Crop: 2, // the clothes fill the image
		Flip: true,
	}}
}

func openIDXSet(set idxSet, dir string) (*Dataset, error) {
	const first = "train-images-idx3-ubyte"
	folder, err := locate(set.title, dir, set.folder, first, first+".gz")
	if err != nil {
		return nil, err
	}
	d := set.empty
	d.Train = newSplit(mnistTrain, mnistSide, mnistSide, 1)
	d.Test = newSplit(mnistTest, mnistSide, mnistSide, 1)
	var g errgroup.Group
	g.Go(func() error { return set.readSplit(folder, "train", &d.Train) })
	g.Go(func() error { return set.readSplit(folder, "t10k", &d.Test) })
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := set.checkIdentity(folder, d.Train.Labels); err != nil {
		return nil, err
	}
	return &d, nil
}

// readSplit fills s from the two files in folder whose names begin with part.
func (set idxSet) readSplit(folder, part string, s *Split) error {
	images, imageFile, imagePath, err := openIDX(folder, part+"-images-idx3-ubyte")
	if err != nil {
		return missing(set.title, err)
	}
	defer imageFile.Close()
	labels, labelFile, labelPath, err := openIDX(folder, part+"-labels-idx1-ubyte")
	if err != nil {
		return missing(set.title, err)
	}
	defer labelFile.Close()
	return readIDXSplit(images, labels, set.title+": "+imagePath, set.title+": "+labelPath, len(set.empty.Classes), s)
}

// checkIdentity returns an error if the training labels are not those of the set:
// the files of MNIST and of Fashion-MNIST have the same names and sizes.
func (set idxSet) checkIdentity(folder string, labels []uint8) error {
	zeros := 0
	for _, label := range labels {
		if label == 0 {
			zeros++
		}
	}
	if zeros != set.zeros {
		return fmt.Errorf("datasets: %s: %s has %d training labels 0, want %d; is it another set with the same file names?",
			set.title, folder, zeros, set.zeros)
	}
	return nil
}
