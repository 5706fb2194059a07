package train

import (
	"math"

	"lbsam/autograd"
)

// A Cost is how long a run takes, in steps and in gradients.
type Cost struct {
	PerEpoch int // steps of one epoch
	PerStep  int // gradient evaluations of one step
	Steps    int // of the run, unless it is stopped early
}

// Evals is the number of gradient evaluations of the run.
func (c Cost) Evals() int { return c.Steps * c.PerStep }

// Cost is that of a run with the settings c, which must be valid, on a training
// set of n images. It opens no device.
func (c Config) Cost(n int) Cost {
	n -= int(math.Round(c.ValSplit * float64(n))) // as datasets.Holdout does
	m := newMethod(c, &autograd.Params{}, c.Dropout > 0)
	cost := Cost{PerEpoch: c.steps(n, m.Batches()), PerStep: m.Evals()}
	cost.Steps = c.Epochs * cost.PerEpoch
	if c.MaxEvals > 0 {
		cost.Steps = min(cost.Steps, (c.MaxEvals+cost.PerStep-1)/cost.PerStep)
	}
	return cost
}

// steps is the number of steps of one epoch on n images, for a method that takes
// so many batches a step.
func (c Config) steps(n, batches int) int {
	all := (n + c.Batch - 1) / c.Batch
	if c.LimitBatches > 0 {
		all = min(all, c.LimitBatches)
	}
	return (all + batches - 1) / batches
}
