package train

import (
	"slices"
	"strings"
	"testing"
)

// A job that is told what a run held out has the images of that run.
func TestHoldOutIsThatOfTheRun(t *testing.T) {
	c := tiny("cpu", "SGD")
	c.Precision, c.ValSplit, c.Seed = "float32", 0.3, 5
	run := openFew(t, c)
	defer run.Close()
	c.ValSplit, c.Seed = 0, 0
	j := openFew(t, c)
	defer j.Close()
	if split, held := j.Split("val"); split != &j.Data.Train || held == nil || len(held) != 0 {
		t.Errorf("nothing is held out, and val is %v", held)
	}
	if _, all := j.Split("train"); all != nil {
		t.Errorf("all is trained on, and train is %v", all)
	}
	j.HoldOut(0.3, 5)
	for _, name := range []string{"train", "val"} {
		_, want := run.Split(name)
		if split, got := j.Split(name); split != &j.Data.Train || len(got) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if split, samples := j.Split("test"); split != &j.Data.Test || samples != nil {
		t.Errorf("test is %v", samples)
	}
}

// A validation split of no images selects nothing.
func TestValSplitHoldsSomethingOut(t *testing.T) {
	c := tiny("cpu", "SGD")
	c.Precision, c.ValSplit = "float32", 1e-5
	if j, err := OpenWith(c, few()); err == nil || !strings.Contains(err.Error(), "--val-split is 1e-05, which holds out 0 of the ") {
		t.Errorf("%v, %v", j, err)
	}
}
