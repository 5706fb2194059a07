package train

import (
	"context"
	"fmt"

	"lbsam/datasets"
	"lbsam/kernels"
)

// A Lesson is a stretch of training whose samples and order the caller chooses: a
// task of a stream, with what is replayed of earlier ones.
type Lesson struct {
	Split *datasets.Split // its images, at most so many as the job's first lesson had, or memory is taken anew
	Order []int32         // the samples of the steps, one after the other; some may come more than once
	Steps []LessonStep    // which together take all of Order

	// Number is that of the lesson, from 0: the epoch of which the draws of the
	// augmentation are. A sample that comes twice in a lesson looks the same.
	Number int
}

// A LessonStep is how many samples a step takes from a Lesson's Order.
type LessonStep struct {
	Batch     int // to train on
	Reference int // behind them: those against whose gradient that of a descent is projected (optim.Projection); 0: none
}

// Learnt is what became of a Lesson.
type Learnt struct {
	Loss, Accuracy float64 // of the training batches, at the weights of their steps
	Evals          int64   // gradient evaluations, those of references among them
	Images         int64   // whose gradient was evaluated, each time counted
	Seconds        float64
}

// Learn trains on a lesson at the learning rate of the configuration. watch, which
// may be nil, hears of steps and intervals. When ctx ends it finishes the step and
// returns Interrupted; the weights are then those of that step. Data batches of
// the configuration (Batch) must hold those of the lesson, and its minimizer take
// one batch per step.
func (j *Job) Learn(ctx context.Context, l Lesson, watch Watcher) (learnt Learnt, err error) {
	if err := l.check(j.Config); err != nil {
		return learnt, err
	}
	r := &run{Job: j, watch: watch}
	evals, seconds := j.at.Evals, j.at.Seconds
	err = j.guard(nil, func() error { return r.learn(ctx, l) })
	learnt = Learnt{Evals: j.at.Evals - evals, Seconds: j.at.Seconds - seconds}
	learnt.Loss, learnt.Accuracy, _ = j.at.Sums.mean()
	for _, s := range l.Steps {
		learnt.Images += int64(s.Batch*j.method.Evals() + s.Reference*j.method.descents)
	}
	return learnt, err
}

// check rejects what does not fit together.
func (l Lesson) check(c Config) error {
	samples, largest := 0, 0
	for _, s := range l.Steps {
		samples += s.Batch + s.Reference
		largest = max(largest, s.Batch, s.Reference)
	}
	switch {
	case samples != len(l.Order):
		return fmt.Errorf("train: the steps of a lesson take %d samples, and its order has %d", samples, len(l.Order))
	case largest > c.Batch:
		return fmt.Errorf("train: a lesson has batches of %d, and the job's are %d at most", largest, c.Batch)
	case c.micro() > 1 || c.NewBatches:
		return usage("--sam-m, --accumulate and --new-batches do not go with lessons: each step has one batch")
	}
	return nil
}

// learn is Learn.
func (r *run) learn(ctx context.Context, l Lesson) error {
	s := r.taught(l)
	r.source = s
	r.at.Epoch, r.at.Batch, r.at.Sums = l.Number, 0, sums{}
	s.begin(ctx, l.Number, 0)
	r.schedule()
	r.begin()
	for i := range l.Steps {
		if ctx.Err() != nil {
			return Interrupted{r.at.Step}
		}
		sizes, err := s.next(1)
		if err != nil {
			return err
		}
		r.trainOn(s, sizes)
		r.account(sizes)
		if r.watch != nil {
			r.watch.Step(Progress{Epoch: l.Number + 1, Step: i + 1, Steps: len(l.Steps), Images: r.images})
		}
		if err := r.housekeeping(); err != nil {
			return err
		}
	}
	return r.interval()
}

// taught is the source of a lesson, whose images lie on the device whatever that
// is: recorded steps find each lesson in the place of the one before.
type taught struct {
	resident
	steps []LessonStep
	order []int32
}

// taught brings a lesson to the device.
func (j *Job) taught(l Lesson) *taught {
	s := l.Split
	j.takeMemory(s, len(l.Order))
	kernels.Upload(j.lessons.images.Slice(0, len(s.Images)), s.Images)
	kernels.Upload(j.lessons.labels.Slice(0, len(s.Labels)), s.Labels)
	for _, step := range l.Steps {
		if step.Reference > 0 && len(j.feeder.slots) == j.method.Batches() {
			j.feeder.addSlot(j.Device, j.Config.Batch)
		}
	}
	return &taught{
		resident: resident{selection: selection{split: s, seed: j.Config.Seed, how: j.feeder.augment}, feeder: j.feeder, on: j.lessons},
		steps:    l.Steps, order: l.Order,
	}
}

// takeMemory makes sure that the device holds a split and an order of some length.
// Recordings of steps that use smaller pieces of memory are given up.
func (j *Job) takeMemory(s *datasets.Split, order int) {
	images, labels, orders := j.lessons.images.Len(), j.lessons.labels.Len(), j.lessons.order.Len()
	if images >= len(s.Images) && labels >= len(s.Labels) && orders >= order {
		return
	}
	if images > 0 {
		j.recorder.forget()
		for _, b := range []kernels.Buffer{j.lessons.images, j.lessons.labels, j.lessons.order, j.lessons.position} {
			kernels.Release(b)
		}
	}
	pixels := s.H * s.W * s.C
	n := max(labels, len(s.Labels))
	j.lessons = deviceSplit{
		images: j.Device.Alloc(kernels.Uint8, n*pixels), labels: j.Device.Alloc(kernels.Uint8, n),
		order: j.Device.Alloc(kernels.Int32, max(orders, order)), position: j.Device.Alloc(kernels.Int32, 1),
	}
}

func (t *taught) begin(_ context.Context, number, _ int) {
	t.feeder.begin(t.seed, number)
	kernels.Upload(t.on.order.Slice(0, len(t.order)), t.order)
	kernels.Upload(t.on.position, []int32{0})
}

func (t *taught) next(int) ([]int, error) {
	step := t.steps[0]
	t.steps, t.sizes = t.steps[1:], append(t.sizes[:0], step.Batch)
	if step.Reference > 0 {
		t.sizes = append(t.sizes, step.Reference)
	}
	return t.sizes, nil
}
