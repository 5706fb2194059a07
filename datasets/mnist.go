package datasets

import (
	"fmt"
	"io"
)

const (
	mnistSide  = 28 // height and width of an image, one channel
	mnistTrain = 60_000
	mnistTest  = 10_000
)

// newMNIST returns an empty data set of the size of MNIST.
func newMNIST() *Dataset {
	return &Dataset{
		Train: newSplit(mnistTrain, mnistSide, mnistSide, 1),
		Test:  newSplit(mnistTest, mnistSide, mnistSide, 1),
		Crop:  2, // what is shown fills the image
	}
}

// sums are the MD5 of one IDX file: plain and as gzip.
type sums struct{ plain, gzip string }

// The MD5 of the .gz files are published; those of the plain ones are of what they
// hold.
func mnist() set {
	hub := hubSet{[]string{"ylecun--mnist", "mnist"}, "mnist", "image", "label"}
	f := idxFormat(
		sums{"6bbc9ace898e44ae57da46a324031adb", "f68b3c2dcbeaaa9fbdd348bbdeb94873"},
		sums{"a25bea736e30d166cdddb491f175f624", "d53e105ee54ea40749a09fcbcd1e9432"},
		sums{"2646ac647ad5339dbf082846283269ea", "9fb629c4189551a2d022fa330f9573f3"},
		sums{"27ae3e4e09519cfbb04c329615203637", "ec29112dd5afa0611ce80d1b7f02629c"})
	npz := format{"npz", []part{one("mnist.npz", "8a61469f7ea1b51cbae51d4f78837e45", readNPZ)}, 0}
	return set{
		title: "MNIST",
		empty: func() *Dataset {
			d := newMNIST()
			d.Name, d.Classes = mnistName, digits() // centred; a mirrored digit is none
			d.Mean, d.Std = []float64{0.1307}, []float64{0.3081}
			return d
		},
		here:  []place{{"", f, ""}, {"MNIST/raw", f, ""}, {"", npz, ""}, {hub.folder, hub.format(), ""}},
		keras: []place{{"", npz, ""}},
		hub:   hub,
		check: func(d *Dataset, where string) error { return checkZeros(d, "MNIST: "+where, 5923) },
	}
}

func fashionMNIST() set {
	hub := hubSet{[]string{"zalando-datasets--fashion_mnist", "fashion_mnist"}, "fashion_mnist", "image", "label"}
	f := idxFormat(
		sums{"f4a8712d7a061bf5bd6d2ca38dc4d50a", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
		sums{"9018921c3c673c538a1fc5bad174d6f9", "25c81989df183df01b3e8a0aad5dffbe"},
		sums{"8181f5470baa50b63fa0f6fddb340f0a", "bef4ecab320f06d8554ea6380940ec79"},
		sums{"15d484375f8d13e6eb1aabb0c3f46965", "bb300cfdad3c16e7a12a480ee83cd310"})
	return set{
		title: "Fashion-MNIST",
		empty: func() *Dataset {
			d := newMNIST()
			d.Name, d.Flip = fashionName, true
			d.Classes = []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
				"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"}
			d.Mean, d.Std = []float64{0.2860}, []float64{0.3530}
			return d
		},
		here:  []place{{"", f, ""}, {"FashionMNIST/raw", f, ""}, {hub.folder, hub.format(), ""}},
		keras: []place{{"fashion-mnist", f, ""}},
		hub:   hub,
		check: func(d *Dataset, where string) error { return checkZeros(d, "Fashion-MNIST: "+where, 6000) },
	}
}

// idxFormat is the four files of MNIST, each plain or as gzip.
func idxFormat(trainImages, trainLabels, testImages, testLabels sums) format {
	files := func(name string, s sums) []file { return []file{{name, s.plain}, {name + ".gz", s.gzip}} }
	images := func(split func(*Dataset) *Split) func(*Dataset, io.Reader, string) error {
		return func(d *Dataset, r io.Reader, what string) error {
			s := split(d)
			return readIDX(r, what, idxImages, []int{s.N, s.H, s.W}, s.Images)
		}
	}
	labels := func(split func(*Dataset) *Split) func(*Dataset, io.Reader, string) error {
		return func(d *Dataset, r io.Reader, what string) error {
			return readIDXLabels(r, what, len(d.Classes), split(d).Labels)
		}
	}
	train := func(d *Dataset) *Split { return &d.Train }
	test := func(d *Dataset) *Split { return &d.Test }
	return format{"IDX", []part{
		{files("train-images-idx3-ubyte", trainImages), images(train)},
		{files("train-labels-idx1-ubyte", trainLabels), labels(train)},
		{files("t10k-images-idx3-ubyte", testImages), images(test)},
		{files("t10k-labels-idx1-ubyte", testLabels), labels(test)},
	}, 0}
}

// checkZeros returns an error unless want training labels are 0: the files of MNIST
// and of Fashion-MNIST have the same names and sizes.
func checkZeros(d *Dataset, what string, want int) error {
	if zeros := d.Train.Counts(len(d.Classes))[0]; zeros != want {
		return fmt.Errorf("datasets: %s has %d training labels 0, want %d; is it another set with the same file names?", what, zeros, want)
	}
	return nil
}
