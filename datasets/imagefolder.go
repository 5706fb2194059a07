package datasets

import (
	"fmt"
	"path/filepath"
	"slices"
)

// Images says how image files become the pixels of a data set.
type Images struct {
	// Size is the height and width to which images are scaled, their shorter
	// side, and cropped around their centre; 0: they stay as they are, and all
	// must have one size.
	Size int
	// Channels is 3, or 1 for their brightness; 0: 3, or 1 if all are grey.
	Channels int
}

// OpenImages is Open for a data set of image files, one of ImageSets.
func OpenImages(name, dir string, how Images) (*Dataset, error) {
	var l layout
	var err error
	switch fold(name) {
	case fold(folderName):
		l, err = imageFolder(dir)
	case fold(tinyName):
		if dir, err = locate(tinyName, dir, "tiny-imagenet-200", "wnids.txt"); err != nil {
			return nil, err
		}
		l, err = tinyImageNet(dir)
	default:
		return nil, fmt.Errorf("datasets: %s does not consist of image files: only %v do", name, ImageSets())
	}
	var d *Dataset
	if err == nil {
		d, err = l.read(how)
	}
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", l.name, err)
	}
	return d, nil
}

// ImageSets returns the names of the data sets of image files.
func ImageSets() []string { return []string{folderName, tinyName} }

// A layout is where the images of a data set are.
type layout struct {
	name        string
	classes     []string
	train, test listing
	crop        int // see Dataset; 0: an eighth of the side, as for CIFAR
	notes       []string
}

// imageFolder finds the images of train/CLASS and val/CLASS or test/CLASS in
// dir, or of CLASS alone.
func imageFolder(dir string) (l layout, err error) {
	l.name = folderName
	root := dir
	if train := filepath.Join(dir, "train"); isFolder(train) {
		root = train
	}
	if err := l.listTrain(root); err != nil {
		return l, err
	}
	for _, name := range []string{"val", "test"} {
		if folder := filepath.Join(dir, name); root != dir && isFolder(folder) {
			l.notes = append(l.notes, "the test images are those in "+folder)
			return l, l.listTest(folder)
		}
	}
	return l, l.holdOut(root)
}

// maxClasses is how many labels there are of 8 bits.
const maxClasses = 256

// listTrain finds the classes in root and their images.
func (l *layout) listTrain(root string) (err error) {
	if l.classes, err = classFolders(root); err != nil {
		return fmt.Errorf("%w; pass the folder that holds the classes, or train and val, with --data DIR", err)
	}
	others := func(name string) bool { return name != "val" && name != "test" }
	switch {
	case len(l.classes) == 0:
		return fmt.Errorf("found no folder in %s, want one for each class, or train and val with one for each class", root)
	case !slices.ContainsFunc(l.classes, others):
		return fmt.Errorf("found %s, but no %s to train on", filepath.Join(root, l.classes[0]), filepath.Join(root, "train"))
	case len(l.classes) > maxClasses:
		return fmt.Errorf("found %d classes in %s, want at most %d", len(l.classes), root, maxClasses)
	}
	if l.train, err = list(root, l.classes); err != nil {
		return err
	}
	for label, class := range l.classes {
		if !slices.Contains(l.train.labels, uint8(label)) {
			return fmt.Errorf("found no image in %s, want one for each class: fill the folder or remove it", filepath.Join(root, class))
		}
	}
	return nil
}

// listTest finds the test images, in the folders of classes below root.
func (l *layout) listTest(root string) error {
	names, err := classFolders(root)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(l.classes, name) {
			return fmt.Errorf("found %s, but no class of that name to train on", filepath.Join(root, name))
		}
	}
	if l.test, err = list(root, l.classes); err == nil && len(l.test.files) == 0 {
		err = fmt.Errorf("found no image in the folders of %s", root)
	}
	return err
}

// testShare is the part of each class that tests where no folder does.
const testShare = 0.2

// holdOut makes test images of some of the training images of each class. Which
// ones depends on the numbers of the images alone, so that it is the same in
// every run.
func (l *layout) holdOut(root string) error {
	all := l.train
	l.train, l.test = listing{}, listing{}
	for first := 0; first < len(all.files); {
		label := all.labels[first]
		n := 0
		for first+n < len(all.files) && all.labels[first+n] == label {
			n++
		}
		train, test := Holdout(n, testShare, uint64(label))
		l.train.take(all, first, train)
		l.test.take(all, first, test)
		first += n
	}
	if len(l.test.files) == 0 {
		return fmt.Errorf("found %d images in %s, too few to hold out %v%% of each class for testing: want a val beside a train",
			len(all.files), root, 100*testShare)
	}
	l.notes = append(l.notes, fmt.Sprintf("there is no val: of the images of each class %v%%, always the same ones, are for testing", 100*testShare))
	return nil
}
