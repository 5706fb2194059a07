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
	if r.held != nil {
		v, err := r.finite(r.evaluate(ctx, &r.Data.Train, r.held))
		if err != nil {
			return err
		}
		e.Validation = &v
		r.selectBest(e, v.Accuracy, "validation")
	}
	if r.tests(*e) {
		if e.Test, err = r.finite(r.evaluate(ctx, &r.Data.Test, nil)); err != nil {
			return err
		}
	}
	if r.held == nil {
		r.selectBest(e, e.Test.Accuracy, "test")
	}
	if r.folder != nil {
		r.saver.weights.take(r.exported())
	}
	return nil
}

// finite is s and err, or the end of the run where the loss is no number: the last
// steps of an epoch show here only.
func (r *run) finite(s Score, err error) (Score, error) {
	if err == nil && (math.IsNaN(s.Loss) || math.IsInf(s.Loss, 0)) {
		err = r.diverged(s.Loss, "the loss")
	}
	return s, err
}

// selectBest notes whether the weights of epoch e are the best so far, by their
// accuracy on what selects.
func (r *run) selectBest(e *Epoch, accuracy float64, on string) {
	if r.at.BestEpoch == 0 || accuracy > r.at.Best {
		r.at.Best, r.at.BestEpoch = accuracy, e.Epoch
	}
	e.Best, e.BestEpoch, e.SelectedOn = r.at.Best, r.at.BestEpoch, on
}

// tests reports whether the test set is scored behind epoch e, whose best epoch is
// known.
func (r *run) tests(e Epoch) bool {
	c := r.Config
	stalled := c.EarlyStop > 0 && e.Epoch-e.BestEpoch >= c.EarlyStop
	return c.Test == "epochs" || c.Test == "end" && (e.Epoch >= c.Epochs || r.spent() || stalled)
}
