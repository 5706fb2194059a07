package train

import (
	"slices"

	"lbsam/datasets"
)

// OpenData validates c and opens its data.
func OpenData(c *Config) (*datasets.Dataset, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var d *datasets.Dataset
	var err error
	if slices.Contains(datasets.ImageSets(), c.Dataset) {
		d, err = datasets.OpenImages(c.Dataset, c.Data, datasets.Images{Size: c.ImageSize, Channels: c.Channels})
	} else {
		d, err = datasets.Open(c.Dataset, c.Data)
	}
	if err != nil {
		return nil, DataError{err}
	}
	return d, nil
}

// normalised returns d with mean and deviation as --normalise has them:
// published, those of d; data, those of its training pixels; none, 0 and 1.
func normalised(d *datasets.Dataset, how string) *datasets.Dataset {
	if how == "published" {
		return d
	}
	changed := *d
	changed.Mean, changed.Std = make([]float64, d.Train.C), slices.Repeat([]float64{1}, d.Train.C)
	if how == "data" {
		changed.Mean, changed.Std = d.Train.Statistics()
	}
	return &changed
}
