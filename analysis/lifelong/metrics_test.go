package lifelong

import (
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// Three tasks by hand:
//
//	before   .1 .2 .3
//	task 1   .9 .3 .5
//	task 2   .7 .8 .1
//	task 3   .4 .6 1
func TestMetricsByHand(t *testing.T) {
	start := []float64{.1, .2, .3}
	m := Measure(start, [][]float64{{.9, .3, .5}, {.7, .8, .1}, {.4, .6, 1}})
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"average accuracy", m.Accuracy, (.4 + .6 + 1) / 3},
		{"forgetting", m.Forgetting, ((.9 - .4) + (.8 - .6)) / 2},
		{"backward transfer", m.Backward, ((.4 - .9) + (.6 - .8)) / 2},
		{"forward transfer", m.Forward, ((.3 - .2) + (.1 - .3)) / 2},
		{"learning accuracy", m.Learning, (.9 + .8 + 1) / 3},
	} {
		if !(math.Abs(c.got-c.want) <= 1e-15) {
			t.Errorf("%s is %v, want %v", c.name, c.got, c.want)
		}
	}
	// The best accuracy of a task may come behind a later one, or before its own:
	// then forgetting is not what backward transfer says. Without any, it is negative.
	m = Measure(start, [][]float64{{.5, .9, 0}, {.7, .8, 0}, {.6, .6, 0}})
	if !(math.Abs(m.Forgetting-(.1+.3)/2) <= 1e-15) || !(math.Abs(m.Backward-(.1-.2)/2) <= 1e-15) {
		t.Errorf("forgetting %v and backward transfer %v, want 0.2 and -0.05", m.Forgetting, m.Backward)
	}
	if m = Measure(start[:2], [][]float64{{.5, .5}, {.8, .5}}); !(math.Abs(m.Forgetting+.3) <= 1e-15) {
		t.Errorf("forgetting of a task that got better is %v, want -0.3", m.Forgetting)
	}
	if err := kerneltest.Compare(SoFar([][]float64{{.9, .3, .5}, {.7, .8, .1}, {.4, .6, 1}}), []float64{.9, .75, 2. / 3}, 1e-15, 0); err != nil {
		t.Error(err)
	}
}

func TestSummarize(t *testing.T) {
	mean, sd := Summarize([]Metrics{{Accuracy: .5, Learning: 1}, {Accuracy: .7, Learning: 1}, {Accuracy: .9, Learning: 1}})
	if !(math.Abs(mean.Accuracy-.7) <= 1e-15) || !(math.Abs(sd.Accuracy-.2) <= 1e-15) || mean.Learning != 1 || sd.Learning != 0 {
		t.Errorf("mean %+v, sd %+v: want 0.7 ± 0.2, and 1 ± 0", mean, sd)
	}
	if mean, sd := Summarize([]Metrics{{Accuracy: .5}}); mean.Accuracy != .5 || sd != nil {
		t.Errorf("of one seed: %+v ± %v, want no deviation", mean, sd)
	}
}
