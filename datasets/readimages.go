package datasets

import (
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"lbsam/datasets/picture"
)

// ReadImages reads image files as pixels [n, h, w, c], c being 3 or 1, scaled
// and cropped where they have another size (see picture.Fit). errs[i] is what
// is wrong with file i, whose pixels are then black, or nil. There are no labels.
func ReadImages(files []string, h, w, c int) (s Split, errs []error) {
	s = newSplit(len(files), h, w, c)
	s.Labels = nil
	return s, forAll(files, func(i int, path string) error {
		m, err := picture.Read(path)
		if err == nil {
			m, err = picture.Fit(m, h, w)
		}
		if err == nil {
			picture.Store(s.Image(i), m, c)
		}
		return err
	})
}

// forAll calls use for all files, on all processors, and returns its errors.
func forAll(files []string, use func(i int, path string) error) []error {
	errs := make([]error, len(files))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range files {
		g.Go(func() error { errs[i] = use(i, path); return nil })
	}
	g.Wait() // the errors are kept one by one
	return errs
}

// read reads the images of a layout.
func (l *layout) read(how Images) (*Dataset, error) {
	h, w := how.Size, how.Size
	files := slices.Concat(l.train.files, l.test.files)
	if how.Size == 0 {
		var err error
		if h, w, err = commonSize(files); err != nil {
			return nil, err
		}
	}
	c := how.Channels
	if c == 0 {
		c = 3
	}
	if err := checkMemory(len(files), h, w, c); err != nil {
		return nil, err
	}
	train, trainErrs := ReadImages(l.train.files, h, w, c)
	test, testErrs := ReadImages(l.test.files, h, w, c)
	if err := allBroken(files, slices.Concat(trainErrs, testErrs)); err != nil {
		return nil, err
	}
	d := &Dataset{Name: l.name, Classes: l.classes, Train: train, Test: test, Crop: l.crop, Flip: true, Notes: l.notes}
	d.Train.Labels, d.Test.Labels = l.train.labels, l.test.labels
	if how.Channels == 0 && d.Train.isGrey() && d.Test.isGrey() {
		d.Train.toOneChannel()
		d.Test.toOneChannel()
		d.Notes = append(d.Notes, "all images are grey: they are read with one channel")
	}
	if d.Crop == 0 {
		d.Crop = min(h, w) / 8
	}
	d.Mean, d.Std = d.Train.Statistics()
	return d, nil
}

// allBroken makes one error of those of files, nil if there are none.
func allBroken(files []string, errs []error) error {
	broken, first := 0, -1
	for i, err := range errs {
		if err != nil {
			if broken++; first < 0 {
				first = i
			}
		}
	}
	switch broken {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("%s: %w; repair or remove it", files[first], errs[first])
	}
	return fmt.Errorf("%d of %d images cannot be read; the first is %s: %w; repair or remove them", broken, len(files), files[first], errs[first])
}

// commonSize returns the height and the width that all images have.
func commonSize(files []string) (h, w int, err error) {
	sizes := make([][2]int, len(files))
	errs := forAll(files, func(i int, path string) (err error) {
		sizes[i][0], sizes[i][1], err = picture.Size(path)
		return err
	})
	if err := allBroken(files, errs); err != nil {
		return 0, 0, err
	}
	for i, s := range sizes {
		if s != sizes[0] {
			return 0, 0, fmt.Errorf("%s has %dx%d pixels and %s has %dx%d: give --image-size, to which all are scaled and cropped",
				files[0], sizes[0][1], sizes[0][0], files[i], s[1], s[0])
		}
	}
	return sizes[0][0], sizes[0][1], nil
}

// isGrey reports whether red, green and blue are the same in all images, of
// three channels.
func (s *Split) isGrey() bool {
	for p := s.Images; len(p) > 0; p = p[3:] {
		if p[0] != p[1] || p[0] != p[2] {
			return false
		}
	}
	return true
}

// toOneChannel keeps one of three equal channels.
func (s *Split) toOneChannel() {
	grey := make([]uint8, s.N*s.H*s.W)
	for i := range grey {
		grey[i] = s.Images[3*i]
	}
	s.Images, s.C = grey, 1
}
