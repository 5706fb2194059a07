package train

import (
	"fmt"

	"lbsam/datasets"
)

// HoldOut sets a fraction of the training set aside: the images that a run with
// that --val-split and that seed validates on.
func (j *Job) HoldOut(fraction float64, seed uint64) {
	j.training, j.held = datasets.Holdout(j.Data.Train.N, fraction, seed)
}

// holdOutSome is HoldOut that wants images on both sides.
func (j *Job) holdOutSome(fraction float64, seed uint64) error {
	j.HoldOut(fraction, seed)
	if len(j.held) == 0 || len(j.training) == 0 {
		return usage("--val-split is %v, which holds out %d of the %d training images of %s: want 1 or more, and 1 or more left", fraction, len(j.held), j.Data.Train.N, j.Data.Name)
	}
	return nil
}

// Splits are the names of the images that Job.Split knows.
func Splits() []string { return []string{"train", "val", "test"} }

// Split returns where the images of that name lie and which ones they are, nil
// meaning all: "train" those that are trained on, "val" those that are held out of
// them, "test".
func (j *Job) Split(name string) (split *datasets.Split, samples []int32) {
	switch name {
	case "train":
		return &j.Data.Train, j.training
	case "val":
		if j.held == nil {
			return &j.Data.Train, []int32{}
		}
		return &j.Data.Train, j.held
	case "test":
		return &j.Data.Test, nil
	}
	panic(fmt.Sprintf("train: no split %q: want one of %v", name, Splits()))
}
