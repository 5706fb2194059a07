package train

import (
	"context"
	"fmt"
	"math"
)

// Overfit trains on the first batch of the training set alone, without
// augmentation and at the learning rate that the configuration says, until the
// loss of a step is below the limit or so many steps are done. A model, a loss
// and a minimizer that cannot do this have a bug. It returns the steps and the
// loss before the last one. tell, which may be nil, hears of each step.
func (j *Job) Overfit(ctx context.Context, limit float64, most int, tell func(step int, loss float64)) (steps int, loss float64, err error) {
	b, err := NewBench(j)
	if err != nil {
		return 0, 0, err
	}
	for steps < most {
		lap, err := b.Step()
		if err != nil {
			return steps, loss, err
		}
		steps, loss = steps+1, lap.Loss
		if tell != nil {
			tell(steps, loss)
		}
		switch {
		case math.IsNaN(loss) || math.IsInf(loss, 0):
			return steps, loss, Diverged{Step: steps, Loss: loss}
		case loss < limit:
			return steps, loss, nil
		case ctx.Err() != nil:
			return steps, loss, Interrupted{steps}
		}
	}
	return steps, loss, NotFitted{fmt.Errorf("train: the loss of one batch is %.3g after %d steps, want it below %v: is --lr too small or too large, or does the model miss something?", loss, steps, limit)}
}

// NotFitted means that Overfit did not get the loss down.
type NotFitted struct{ Err error }

func (e NotFitted) Error() string { return e.Err.Error() }
func (e NotFitted) Unwrap() error { return e.Err }
