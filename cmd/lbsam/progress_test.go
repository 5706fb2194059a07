package main

import (
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
)

// A run that was stopped behind the last step of an epoch goes on without a step,
// and its line names the epoch nevertheless.
func TestEpochWithoutAStep(t *testing.T) {
	out := &strings.Builder{}
	p := &progress{out: out, at: train.Progress{Epochs: 200}}
	p.Epoch(train.Epoch{Epoch: 7})
	if !strings.HasPrefix(out.String(), "epoch   7/200  train") {
		t.Errorf("%q", out)
	}
}

// A model that is no better than a guess behind some hundred steps is told of, once.
func TestNothingIsLearnt(t *testing.T) {
	share := commonest(&datasets.Split{N: 8, Labels: []uint8{0, 1, 1, 2, 1, 0, 1, 2}}, 3)
	if share != 0.5 {
		t.Errorf("%v of the images are of one class, want half", share)
	}
	for _, tt := range []struct {
		epochs []train.Epoch
		told   int
	}{
		{[]train.Epoch{{Step: 400, TrainAccuracy: 0.5}, {Step: 800, TrainAccuracy: 0.504}, {Step: 1200, TrainAccuracy: 0.5}}, 2},
		{[]train.Epoch{{Step: 400, TrainAccuracy: 0.5}, {Step: 800, TrainAccuracy: 0.506}}, 0},
	} {
		out := &strings.Builder{}
		p := &progress{out: out, guess: share}
		for _, e := range tt.epochs {
			p.Epoch(e)
		}
		lines := strings.Split(out.String(), "\n")
		for i, line := range lines {
			if strings.Contains(line, "nothing is learnt") != (tt.told > 0 && i == tt.told) {
				t.Errorf("line %d of %v: %q", i, tt.epochs, line)
			}
		}
	}
}
