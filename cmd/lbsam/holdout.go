package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"lbsam/train"
)

const splitHelp = "of which images: train (those that the run trained on, without augmentation), val (those that its --val-split held out) or test"

// checkSplit checks what --split is.
func checkSplit(name string) error {
	for _, known := range train.Splits() {
		if name == known {
			return nil
		}
	}
	return usageError("unknown split %q%s: want one of %s", name, meant(name, train.Splits()), strings.Join(train.Splits(), ", "))
}

// A holdout is what a run held out of its training set to validate on. Without a
// --val-split it is nil, and all of the set was trained on.
type holdout struct {
	Fraction float64 `json:"val_split"`
	Seed     uint64  `json:"seed"`
}

// heldOut is the holdout of the run in whose folder a checkpoint lies, if it was
// trained on that data set.
func heldOut(file, dataset string) (*holdout, error) {
	run := filepath.Dir(file)
	if _, err := os.Stat(filepath.Join(run, "config.toml")); err != nil {
		return nil, nil // a file alone, of which nobody knows
	}
	c, err := train.ReadConfig(run)
	if err != nil {
		return nil, err
	}
	if c.ValSplit == 0 || c.Dataset != dataset {
		return nil, nil
	}
	return &holdout{c.ValSplit, c.Seed}, nil
}

// apply holds the same images out of a job's training set.
func (h *holdout) apply(j *train.Job) {
	if h != nil {
		j.HoldOut(h.Fraction, h.Seed)
	}
}

// about says which images of a split those n are that may be drawn; "" where they
// are all of them.
func (h *holdout) about(split string, n int) string {
	if h == nil || split == "test" {
		return ""
	}
	what := map[string]string{"train": "trained on", "val": "held out"}[split]
	return fmt.Sprintf(" (of %s %s: val_split %g)", thousands(n), what, h.Fraction)
}

// noneHeldOut is the error of --split val where there is nothing.
func noneHeldOut(file string) error {
	return usageError("--split val: the run of %s held no images out: want train or test, or a run folder with a val_split in its config.toml", file)
}
