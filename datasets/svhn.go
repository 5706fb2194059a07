package datasets

import (
	"fmt"
	"io"
	"slices"
)

// SVHN's files with single digits (Netzer et al. 2011): X uint8 [32, 32, 3, n],
// column by column, and y [n, 1], where 10 is the digit 0.
const (
	svhnTrain = 73_257
	svhnTest  = 26_032
)

func svhn() set {
	return set{
		title: "SVHN",
		empty: func() *Dataset {
			return &Dataset{
				Name:    svhnName,
				Classes: digits(),
				Train:   newSplit(svhnTrain, cifarSide, cifarSide, cifarChannels),
				Test:    newSplit(svhnTest, cifarSide, cifarSide, cifarChannels),
				// As they are in circulation; TestPublishedData does not compute them.
				Mean: []float64{0.4377, 0.4438, 0.4728},
				Std:  []float64{0.1980, 0.2010, 0.1970},
				Crop: 4, // a mirrored digit is none
			}
		},
		here: []place{{"", svhnMAT(), ""}},
	}
}

func svhnMAT() format {
	return format{"MAT", []part{
		one("train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373", func(d *Dataset, r io.Reader, what string) error { return readSVHN(&d.Train, r, what) }),
		one("test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3", func(d *Dataset, r io.Reader, what string) error { return readSVHN(&d.Test, r, what) }),
	}, 0}
}

// readSVHN fills s from a MAT-file.
func readSVHN(s *Split, r io.Reader, what string) error {
	seen := map[string]bool{}
	var failed error // of an array, which names the file
	err := readMAT(r, int64(len(s.Images))+8*int64(s.N)+slack, func(a matArray) error {
		switch {
		case a.name != "X" && a.name != "y":
			return nil
		case seen[a.name]:
			failed = fmt.Errorf("datasets: %s has two arrays %s", what, a.name)
		case a.name == "X":
			failed = s.svhnImages(a, what+": X")
		default:
			failed = s.svhnLabels(a, what+": y")
		}
		seen[a.name] = true
		return failed
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return fmt.Errorf("datasets: %s: %w; is it complete?", what, err)
	}
	for _, name := range []string{"X", "y"} {
		if !seen[name] {
			return fmt.Errorf("datasets: %s has no array %s; is it complete?", what, name)
		}
	}
	return nil
}

// svhnImages reads X: image by image, channel by channel, column by column.
func (s *Split) svhnImages(a matArray, what string) error {
	if want := []int{s.H, s.W, s.C, s.N}; !slices.Equal(a.dims, want) || !a.isByte() {
		return fmt.Errorf("datasets: %s has dimensions %v of type %v, want %v of type u1", what, a.dims, a.element, want)
	}
	return readExactly(a.data, what, "; is it complete?", s.N, s.H*s.W*s.C, func(i int, record []byte) error {
		image := s.Image(i)
		for c := range s.C {
			for x := range s.W {
				column := record[(c*s.W+x)*s.H:][:s.H]
				for y, v := range column {
					image[(y*s.W+x)*s.C+c] = v
				}
			}
		}
		return nil
	})
}

// svhnLabels reads y.
func (s *Split) svhnLabels(a matArray, what string) error {
	if len(a.dims) != 2 || min(a.dims[0], a.dims[1]) != 1 || max(a.dims[0], a.dims[1]) != s.N {
		return fmt.Errorf("datasets: %s has dimensions %v, want [%d 1]", what, a.dims, s.N)
	}
	return readExactly(a.data, what, "; is it complete?", s.N, a.size, func(i int, number []byte) error {
		v := a.number(number)
		if v == 10 {
			v = 0
		}
		var err error
		s.Labels[i], err = label(v, i, 10)
		return err
	})
}

// digits are the names of the digits.
func digits() []string { return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"} }
