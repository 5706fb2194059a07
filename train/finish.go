package train

import (
	"context"
	"math"
)

// finishEpoch evaluates, selects and saves.
func (r *run) finishEpoch(ctx context.Context) error {
	if err := r.saver.wait(); err != nil { // which has the memory that score copies to
		return err
	}
	e := Epoch{Kind: "epoch", Epoch: r.at.Epoch + 1, Step: r.at.Step, Evals: r.at.Evals, Seconds: r.at.Seconds}
	e.TrainLoss, e.TrainAccuracy, e.PerturbedAccuracy = r.at.Sums.mean()
	best, bestEpoch := r.at.Best, r.at.BestEpoch
	err := r.asEvaluated(ctx, func() error { return r.score(ctx, &e) })
	if ctx.Err() != nil {
		r.at.Best, r.at.BestEpoch = best, bestEpoch
		return r.interrupt() // with the position before the evaluation: it is repeated
	}
	if err != nil {
		return err
	}
	r.at.Epoch, r.at.Batch, r.at.Sums, r.at.Seconds, r.at.Last = r.at.Epoch+1, 0, sums{}, 0, e
	r.at.Last.Seconds = 0 // a state does not depend on how long it took
	r.result.Last = e
	if r.watch != nil {
		r.watch.Epoch(e)
	}
	if err := r.folder.epoch(e); err != nil {
		return err
	}
	if e.BestEpoch == e.Epoch {
		return r.save(bestFile, lastFile)
	}
	return r.save(lastFile)
}

// score evaluates the model, notes whether it is the best so far and copies
// what will be exported.
func (r *run) score(ctx context.Context, e *Epoch) (err error) {
	if e.Test, err = r.evaluate(ctx, &r.Data.Test, nil); err != nil {
		return err
	}
	if bad := e.Test.Loss; math.IsNaN(bad) || math.IsInf(bad, 0) { // the last steps of an epoch show here only
		return r.diverged(bad)
	}
	selected, on := e.Test.Accuracy, "test"
	if r.held != nil {
		v, err := r.evaluate(ctx, &r.Data.Train, r.held)
		if err != nil {
			return err
		}
		e.Validation, selected, on = &v, v.Accuracy, "validation"
	}
	e.SelectedOn = on
	if r.at.BestEpoch == 0 || selected > r.at.Best {
		r.at.Best, r.at.BestEpoch = selected, e.Epoch
	}
	e.Best, e.BestEpoch = r.at.Best, r.at.BestEpoch
	if r.folder != nil {
		r.saver.weights.take(r.exported())
	}
	return nil
}
