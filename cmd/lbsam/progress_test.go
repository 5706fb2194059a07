package main

import (
	"strings"
	"testing"

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
