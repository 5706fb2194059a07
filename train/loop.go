package train

import (
	"context"
	"time"
)

// position is where a run is: with the tensors of the state, all that an
// exact resume needs.
type position struct {
	Epoch int   `json:"epoch"`
	Batch int   `json:"batch"` // of the epoch, already trained on
	Step  int   `json:"step"`
	Evals int64 `json:"evals"`

	Sums      sums    `json:"sums"` // of the epoch so far
	Seconds   float64 `json:"seconds"`
	Best      float64 `json:"best"`
	BestEpoch int     `json:"best_epoch"` // 0: none yet
	Last      Epoch   `json:"last"`       // result of the last epoch that ended
}

// A Result is how a run ended.
type Result struct {
	Last    Epoch
	Seconds float64 // of training, evaluations not counted
	Wait    float64 // of them, seconds spent waiting for data
	Stalled bool    // EarlyStop ended it
}

// Run trains to the end of the configuration. It writes to folder unless that
// is nil, and tells watch, which may be nil, what happens. When ctx ends it
// finishes the step, saves the state and returns Interrupted.
func (j *Job) Run(ctx context.Context, folder *Folder, watch Watcher) (Result, error) {
	r := &run{Job: j, folder: folder, watch: watch, result: Result{Last: j.at.Last}}
	err := folder.openEvents(j)
	if err == nil {
		err = j.guard(folder, func() (err error) {
			defer func() { // before somebody asks for the last good state
				for _, failed := range []error{r.saver.wait(), r.Profile.end(r.Job)} {
					if err == nil {
						err = failed
					}
				}
			}()
			return r.epochs(ctx)
		})
	}
	if err != nil {
		folder.remark("%v", err)
	}
	return r.result, err
}

// A run is a Job under way.
type run struct {
	*Job
	folder *Folder
	watch  Watcher
	source source
	saver  saver
	result Result

	sizes  []int     // of the first batch of each step since the last interval
	images int       // of all batches since then
	since  time.Time // when the interval began
	waited time.Duration
	bad    int // steps in a row that were taken back
}

// patience is how many steps in a row may be taken back until a run counts as
// diverged.
const patience = 100

// over reports whether the run ends behind what it has done. An epoch that was
// begun is evaluated, also where it was stopped behind the last step.
func (r *run) over() bool {
	return r.at.Epoch >= r.Config.Epochs || r.at.Batch == 0 && r.spent() || r.stalled()
}

// spent reports whether the budget of gradient evaluations is used up.
func (r *run) spent() bool {
	return r.Config.MaxEvals > 0 && r.at.Evals >= int64(r.Config.MaxEvals)
}

// stalled reports whether --early-stop ends the run.
func (r *run) stalled() bool {
	patience := r.Config.EarlyStop
	return patience > 0 && r.at.BestEpoch > 0 && r.at.Epoch-r.at.BestEpoch >= patience
}

// epochs trains to the end.
func (r *run) epochs(ctx context.Context) error {
	r.source = r.Job.source(r.trainingSet())
	defer r.source.close()
	r.prepare()
	r.Profile.start(r.Job)
	for !r.over() {
		if err := r.epoch(ctx); err != nil {
			return err
		}
	}
	r.result.Stalled = r.stalled()
	if err := r.saver.wait(); err != nil {
		return err
	}
	return r.folder.done(r.result)
}

// prepare takes the memory of the saves, so that the first one is not slower
// than the others.
func (r *run) prepare() {
	if r.folder != nil {
		r.saver.state.take(r.entries())
		r.saver.weights.take(r.exported())
	}
}

// epoch trains for what is left of an epoch and evaluates.
func (r *run) epoch(ctx context.Context) error {
	r.source.begin(context.Background(), r.at.Epoch, r.at.Batch) // ctx ends steps, not batches
	r.begin()
	for !r.spent() && !r.limited() {
		if ctx.Err() != nil {
			return r.interrupt()
		}
		r.schedule()
		sizes, err := r.source.next(r.method.Batches())
		if err != nil {
			return err
		}
		if len(sizes) == 0 {
			break
		}
		began := time.Now()
		r.trainOn(r.source, sizes)
		if err := r.Profile.step(r.Job, began); err != nil {
			return err
		}
		r.account(sizes)
		if r.watch != nil {
			r.watch.Step(r.progress())
		}
		if err := r.housekeeping(); err != nil {
			return err
		}
	}
	if err := r.Profile.end(r.Job); err != nil { // of fewer steps than it wanted
		return err
	}
	if err := r.interval(); err != nil {
		return err
	}
	return r.finishEpoch(ctx)
}

// limited reports whether --limit-batches ends the epoch.
func (r *run) limited() bool {
	return r.Config.LimitBatches > 0 && r.at.Batch >= r.Config.LimitBatches
}

// account counts a step.
func (r *run) account(sizes []int) {
	r.at.Step++
	r.at.Evals += int64(r.method.evals(sizes))
	r.at.Batch += len(sizes)
	r.sizes = append(r.sizes, sizes[0])
	for _, n := range sizes {
		r.images += n
	}
}

// begin starts the clock of an interval.
func (r *run) begin() { r.since, r.waited = time.Now(), r.source.waited() }

// housekeeping is what happens between two steps.
func (r *run) housekeeping() error {
	if err := r.saver.failed(); err != nil {
		return err
	}
	if r.at.Step%r.Config.LogEvery == 0 {
		if err := r.interval(); err != nil {
			return err
		}
	}
	if r.asked() {
		return r.saveAsAsked()
	}
	if every := r.Config.SaveEvery; every > 0 && r.at.Step%every == 0 {
		return r.saveWithin()
	}
	return nil
}

// saveWithin saves within an epoch.
func (r *run) saveWithin() error {
	if err := r.interval(); err != nil { // a diverged run must not be saved
		return err
	}
	return r.save()
}

// asked reports whether somebody wants a save now.
func (r *run) asked() bool {
	select {
	case <-r.SaveNow: // never, where it is nil
		return true
	default:
		return false
	}
}

// saveAsAsked saves, and waits for it: who has asked wants to know when it is
// done.
func (r *run) saveAsAsked() error {
	if err := r.saveWithin(); err != nil {
		return err
	}
	if err := r.saver.wait(); err != nil {
		return err
	}
	if w, ok := r.watch.(SaveWatcher); ok && r.folder != nil {
		w.Saved(r.progress())
	}
	return nil
}

// interval reports the steps since the last interval. It waits for the device.
func (r *run) interval() error {
	records := r.log.Read()
	if len(records) == 0 {
		return nil
	}
	elapsed := sinceThen(r.since)
	good, sizes := r.undo.goodOnes(records, r.sizes[len(r.sizes)-len(records):])
	if r.bad += len(records) - len(good); len(good) > 0 {
		r.bad = 0
	}
	if len(good) == 0 && r.bad < patience {
		return nil // the interval goes on
	}
	if len(good) == 0 {
		good, sizes = records, r.sizes[len(r.sizes)-len(records):]
	}
	v, total := newInterval(good, sizes)
	v.Undone = r.undo.count()
	v.Epoch, v.Step, v.Evals, v.Images = r.at.Epoch+1, r.at.Step, r.at.Evals, int64(r.images)
	v.LR, v.Rho = r.lrNow, r.rhoNow
	v.ImagesPerSecond = float64(r.images) / elapsed.Seconds()
	v.WaitShare = (r.source.waited() - r.waited).Seconds() / elapsed.Seconds()
	r.at.Sums.merge(total)
	r.at.Seconds += elapsed.Seconds()
	r.result.Seconds += elapsed.Seconds()
	r.result.Wait = r.source.waited().Seconds()
	r.sizes, r.images = r.sizes[:0], 0
	if what := v.broken(); what != "" {
		return r.diverged(v.Loss, what)
	}
	if r.watch != nil {
		r.watch.Interval(v)
	}
	err := r.folder.interval(v)
	r.begin()
	return err
}

// diverged is the end of a run at a loss, or at something else, that is no number.
func (r *run) diverged(loss float64, what string) error {
	if err := r.saver.wait(); err != nil {
		return err
	}
	return Diverged{r.at.Step, r.at.Epoch, loss, what, r.folder.state()}
}

// interrupt saves what is there.
func (r *run) interrupt() error {
	if err := r.interval(); err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	if err := r.saver.wait(); err != nil {
		return err
	}
	return Interrupted{r.at.Step}
}

func (r *run) progress() Progress {
	return Progress{
		Epoch: r.at.Epoch + 1, Epochs: r.Config.Epochs,
		Step: (r.at.Batch + r.method.Batches() - 1) / r.method.Batches(), Steps: r.Steps(), Images: r.images,
	}
}

// sinceThen is more than no time, by which rates could not be divided: the clock of
// Windows may stand still for a millisecond and more.
func sinceThen(then time.Time) time.Duration { return max(time.Since(then), time.Microsecond) }
