package datasets

import (
	"fmt"
	"io"
	"strings"
)

// newCIFAR returns an empty data set.
func newCIFAR(name string, mean, std []float64) *Dataset {
	return &Dataset{
		Name:  name,
		Train: newSplit(cifarTrain, cifarSide, cifarSide, cifarChannels),
		Test:  newSplit(cifarTest, cifarSide, cifarSide, cifarChannels),
		Mean:  mean,
		Std:   std,
		Crop:  4,
		Flip:  true,
	}
}

// batch is the part of a split of CIFAR-10 that one file holds: its samples from
// batch i on.
func (s *Split) batch(i int) (images, labels []uint8) {
	from, to := i*cifarBatch, (i+1)*cifarBatch
	return s.Images[from*cifarPixels : to*cifarPixels], s.Labels[from:to]
}

func cifar10() set {
	hub := hubSet{[]string{"uoft-cs--cifar10", "cifar10"}, "plain_text", "img", "label"}
	return set{
		title: "CIFAR-10",
		empty: func() *Dataset {
			d := newCIFAR(cifar10Name, []float64{0.4914, 0.4822, 0.4465}, []float64{0.2471, 0.2435, 0.2616})
			d.Classes = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
			return d
		},
		here: []place{
			{"", cifar10Binary(), ""}, {"", cifar10Python(), ""},
			{"cifar-10-batches-bin", cifar10Binary(), ""}, {"cifar-10-batches-py", cifar10Python(), ""},
			{"cifar-10-binary.tar.gz", cifar10Binary(), "cifar-10-batches-bin"},
			{"cifar-10-python.tar.gz", cifar10Python(), "cifar-10-batches-py"},
			{"", hub.format(), ""}, {hub.folder, hub.format(), ""},
		},
		hub:   hub,
		keras: kerasCIFAR("cifar-10-batches-py", cifar10Python()),
	}
}

// kerasCIFAR is where Keras 3 puts a set, and where Keras 2 put it.
func kerasCIFAR(folder string, f format) []place {
	return []place{
		{folder + "-target/" + folder, f, ""}, {folder, f, ""},
		{folder + "-target_archive", f, folder}, {folder + ".tar.gz", f, folder},
	}
}

// The MD5 of the binary files are not published. They were computed from pixels
// whose Python files have the published ones.
func cifar10Binary() format {
	f := format{"binary", nil, cifarMost}
	for i, md5 := range []string{"5dd7e06a14cb22eb9f671a540d1b7c25", "5ea93a67294ea407fff1d09f752e9692",
		"942cd6a4bcdd0dd3c604fbe906cb4421", "ae636b3ba5c66a11e91e8cb52e771fcb", "53f37980c15c3d472c316c40844f3f0d"} {
		f.parts = append(f.parts, one(fmt.Sprintf("data_batch_%d.bin", i+1), md5, func(d *Dataset, r io.Reader, what string) error {
			images, labels := d.Train.batch(i)
			return cifar10Format().read(r, what, images, labels)
		}))
	}
	f.parts = append(f.parts, one("test_batch.bin", "803d5f7f4d78ea53de84dbe85f74fb6d", func(d *Dataset, r io.Reader, what string) error {
		return cifar10Format().read(r, what, d.Test.Images, d.Test.Labels)
	}))
	return f
}

func cifar10Python() format {
	f := format{"Python", nil, cifarMost}
	const key = "labels"
	for i, md5 := range []string{"c99cafc152244af753f735de768cd75f", "d4bba439e000b95fd0a9bffe97cbabec",
		"54ebc095f3ab1f0389bbae665268c751", "634d18415352ddfa80567beed471001a", "482c414d41f54cd18b22e5b47cb7c3cb"} {
		f.parts = append(f.parts, one(fmt.Sprintf("data_batch_%d", i+1), md5, func(d *Dataset, r io.Reader, what string) error {
			images, labels := d.Train.batch(i)
			return cifar10Format().readPython(r, what, key, images, labels)
		}))
	}
	f.parts = append(f.parts, one("test_batch", "40351d587109b95175f43aff81a1287e", func(d *Dataset, r io.Reader, what string) error {
		return cifar10Format().readPython(r, what, key, d.Test.Images, d.Test.Labels)
	}))
	return f
}

func cifar100() set {
	hub := hubSet{[]string{"uoft-cs--cifar100", "cifar100"}, "cifar100", "img", "fine_label"}
	return set{
		title: "CIFAR-100",
		empty: func() *Dataset {
			d := newCIFAR(cifar100Name, []float64{0.5071, 0.4867, 0.4408}, []float64{0.2675, 0.2565, 0.2761})
			d.Classes = cifar100Classes()
			return d
		},
		here: []place{
			{"", cifar100Binary(), ""}, {"", cifar100Python(), ""},
			{"cifar-100-binary", cifar100Binary(), ""}, {"cifar-100-python", cifar100Python(), ""},
			{"cifar-100-binary.tar.gz", cifar100Binary(), "cifar-100-binary"},
			{"cifar-100-python.tar.gz", cifar100Python(), "cifar-100-python"},
			{"", hub.format(), ""}, {hub.folder, hub.format(), ""},
		},
		hub:   hub,
		keras: kerasCIFAR("cifar-100-python", cifar100Python()),
	}
}

// The names come first: train.bin alone could be anybody's.
func cifar100Binary() format {
	f := cifar100Format()
	return format{"binary", []part{
		one("fine_label_names.txt", "", func(d *Dataset, r io.Reader, what string) (err error) {
			d.Classes, err = readLabelNames(r, what, f.classes)
			return err
		}),
		one("train.bin", "6172c7755cfe09b2fe270c85cebc1b15", func(d *Dataset, r io.Reader, what string) error {
			return f.read(r, what, d.Train.Images, d.Train.Labels)
		}),
		one("test.bin", "4499cfba6c016c1be1438163640a0898", func(d *Dataset, r io.Reader, what string) error {
			return f.read(r, what, d.Test.Images, d.Test.Labels)
		}),
	}, cifarMost}
}

func cifar100Python() format {
	f := cifar100Format()
	const key = "fine_labels"
	return format{"Python", []part{
		one("meta", "7973b15100ade9c7d40fb424638fde48", func(d *Dataset, r io.Reader, what string) error {
			return f.readNames(d, r, what, "fine_label_names")
		}),
		one("train", "16019d7e3df5f24257cddd939b257f8d", func(d *Dataset, r io.Reader, what string) error {
			return f.readPython(r, what, key, d.Train.Images, d.Train.Labels)
		}),
		one("test", "f0ef6b0ae62326f3e7ffdfab6717acfc", func(d *Dataset, r io.Reader, what string) error {
			return f.readPython(r, what, key, d.Test.Images, d.Test.Labels)
		}),
	}, cifarMost}
}

// cifar100Classes are the fine classes as the files name them that have names.
func cifar100Classes() []string {
	return strings.Fields(`apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus
		butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
		dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion
		lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
		pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark
		shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone
		television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm`)
}
