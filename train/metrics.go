package train

import (
	"math"

	"lbsam/optim"
)

// An Interval is what the steps of one log interval measured, on average.
// Slices have one entry per inner step of the minimizer.
type Interval struct {
	Kind   string `json:"kind"` // "interval"
	Epoch  int    `json:"epoch"`
	Step   int    `json:"step"`
	Evals  int64  `json:"evals"` // gradient evaluations so far
	Images int64  `json:"images"`

	LR          float64   `json:"lr"`
	Rho         float64   `json:"rho"`
	AscentLoss  []float64 `json:"ascent_loss,omitempty"`  // before each ascent
	DescentLoss []float64 `json:"descent_loss,omitempty"` // at the weights of each descent
	LossRise    float64   `json:"loss_rise"`              // from the clean weights to the last descent's
	GradNorm    float64   `json:"grad_norm"`              // before the first ascent
	Distance    float64   `json:"perturbation_norm"`      // of the last perturbed weights from the clean ones
	AlphaMin    float64   `json:"alpha_min"`
	AlphaMean   float64   `json:"alpha_mean"`
	AlphaMax    float64   `json:"alpha_max"`

	Loss              float64 `json:"loss"`                     // at the clean weights
	Accuracy          float64 `json:"train_accuracy"`           // at the clean weights
	PerturbedAccuracy float64 `json:"train_accuracy_perturbed"` // at the last ascent's start, which the published code prints

	ImagesPerSecond float64 `json:"images_per_second"`
	WaitShare       float64 `json:"wait_share"`             // of the time, waiting for data
	Undone          int     `json:"undone_steps,omitempty"` // in fp16: taken back so far, because a gradient was not finite
}

// broken names the first number that is not finite, "" if all are.
func (v Interval) broken() string {
	for _, n := range []struct {
		name  string
		value float64
	}{
		{"the loss", v.Loss}, {"its rise in the ascent", v.LossRise}, {"the length of the gradient", v.GradNorm},
		{"the distance that the weights moved", v.Distance}, {"alpha", v.AlphaMean},
	} {
		if math.IsNaN(n.value) || math.IsInf(n.value, 0) {
			return n.name
		}
	}
	return ""
}

// An Epoch is the result of one epoch.
type Epoch struct {
	Kind              string  `json:"kind"` // "epoch"
	Epoch             int     `json:"epoch"`
	Step              int     `json:"step"`
	Evals             int64   `json:"evals"`
	TrainLoss         float64 `json:"train_loss"`
	TrainAccuracy     float64 `json:"train_accuracy"`
	PerturbedAccuracy float64 `json:"train_accuracy_perturbed"`
	Test              Score   `json:"test"` // of no images where it was not scored
	Validation        *Score  `json:"validation,omitempty"`
	Best              float64 `json:"best"`        // accuracy of the selected weights, on SelectedOn
	SelectedOn        string  `json:"selected_on"` // validation or test
	BestEpoch         int     `json:"best_epoch"`
	Seconds           float64 `json:"seconds"`
}

// Tested reports whether the test set was scored.
func (e Epoch) Tested() bool { return e.Test.Images > 0 }

// Progress is where a run is.
type Progress struct {
	Epoch, Epochs int
	Step, Steps   int // within the epoch
	Images        int // since the last interval
}

// A Watcher hears what happens in a run. Its methods are called between steps.
type Watcher interface {
	Step(Progress)
	Interval(Interval)
	Epoch(Epoch)
}

// A SaveWatcher is a Watcher that hears of the saves that SaveNow asked for, when
// the state is on the disk.
type SaveWatcher interface{ Saved(Progress) }

// sums adds up records.
type sums struct {
	Images    int64   `json:"images"`
	Loss      float64 `json:"loss"`
	Correct   float64 `json:"correct"`
	Perturbed float64 `json:"perturbed"`
}

// add takes in the record of a step on n images.
func (s *sums) add(r optim.Record, n int) {
	s.Images += int64(n)
	s.Loss += float64(cleanLoss(r) * float64(n))
	s.Correct += r.Correct
	s.Perturbed += r.Perturbed
}

// merge adds another sum.
func (s *sums) merge(t sums) {
	s.Images += t.Images
	s.Loss += t.Loss
	s.Correct += t.Correct
	s.Perturbed += t.Perturbed
}

func (s sums) mean() (loss, accuracy, perturbed float64) {
	n := float64(max(s.Images, 1))
	return s.Loss / n, s.Correct / n, s.Perturbed / n
}

// cleanLoss is the loss at the weights that the step was given: a method
// without an ascent descends from there.
func cleanLoss(r optim.Record) float64 {
	if r.AscentNorm[0] == 0 && r.AscentLoss[0] == 0 {
		return r.DescentLoss[0]
	}
	return r.AscentLoss[0]
}

// newInterval averages the records of an interval.
func newInterval(records []optim.Record, sizes []int) (Interval, sums) {
	k := len(records[0].AscentLoss)
	v := Interval{Kind: "interval", AscentLoss: make([]float64, k), DescentLoss: make([]float64, k)}
	var total sums
	share := 1 / float64(len(records))
	add := func(mean *float64, x float64) { *mean += float64(share * x) } // not fused, on any processor
	for i, r := range records {
		total.add(r, sizes[i])
		for inner := range k {
			add(&v.AscentLoss[inner], r.AscentLoss[inner])
			add(&v.DescentLoss[inner], r.DescentLoss[inner])
		}
		add(&v.LossRise, r.DescentLoss[k-1]-cleanLoss(r))
		add(&v.GradNorm, r.AscentNorm[0])
		add(&v.Distance, r.Distance)
		add(&v.AlphaMin, r.AlphaMin)
		add(&v.AlphaMean, r.AlphaMean)
		add(&v.AlphaMax, r.AlphaMax)
	}
	v.Loss, v.Accuracy, v.PerturbedAccuracy = total.mean()
	return v, total
}
