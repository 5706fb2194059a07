package train

import (
	"context"

	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/tensor"
)

// A Score is how well a model does on a set of images.
type Score struct {
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
	Images   int     `json:"images"`
}

// Test scores the model on the test split.
func (j *Job) Test(ctx context.Context) (s Score, err error) {
	err = j.guard(nil, func() (err error) {
		s, err = j.evaluate(ctx, &j.Data.Test, nil)
		return err
	})
	return s, err
}

// Validate scores the model on the samples that --val-split holds out.
func (j *Job) Validate(ctx context.Context) (s Score, err error) {
	err = j.guard(nil, func() (err error) {
		s, err = j.evaluate(ctx, &j.Data.Train, j.held)
		return err
	})
	return s, err
}

// ScoreOn scores the model as it is on samples of a split, nil meaning all: of the
// job's data or any other with images of that size.
func (j *Job) ScoreOn(ctx context.Context, split *datasets.Split, samples []int32) (s Score, err error) {
	err = j.guard(nil, func() (err error) {
		s, err = j.evaluate(ctx, split, samples)
		return err
	})
	return s, err
}

// evaluate scores the model, in evaluation mode, on samples of a split; nil
// means all. Losses and predictions add up on the device.
func (j *Job) evaluate(ctx context.Context, split *datasets.Split, samples []int32) (Score, error) {
	return j.evaluateWith(ctx, split, samples, func(*tensor.Tensor) {})
}

// evaluateWith is evaluate that shows the logits [n, classes] of each batch,
// which are valid during the call.
func (j *Job) evaluateWith(ctx context.Context, split *datasets.Split, samples []int32, see func(logits *tensor.Tensor)) (Score, error) {
	s := j.source(selection{split: split, samples: samples, how: j.feeder.plain})
	defer s.close()
	j.scored.loss.Zero()
	j.scored.correct.Zero()
	images := 0
	s.begin(ctx, 0, 0)
	j.Params.Round()
	for batches := 0; j.Config.LimitBatches == 0 || batches < j.Config.LimitBatches; batches++ {
		sizes, err := s.next(1)
		if err != nil {
			return Score{}, err
		}
		if len(sizes) == 0 {
			break
		}
		s.bring(0, sizes[0])
		j.scoreBatch(sizes[0], see)
		images += sizes[0]
	}
	n := float64(max(images, 1))
	return Score{j.scored.loss.Read() / n, j.scored.correct.Read() / n, images}, nil
}

// scoreBatch adds the loss and the right predictions of the n images in the
// first slot, and shows their logits.
func (j *Job) scoreBatch(n int, see func(logits *tensor.Tensor)) {
	j.tape.ForwardOnly = true
	defer func() { j.tape.ForwardOnly = false }()
	x, labels := j.feeder.part(0, 0, n)
	logits := j.forward(x, labels, nn.Mode{})
	j.tape.CrossEntropy(j.loss, logits, labels, 0)
	tensor.CountCorrect(j.correct, logits.Value, labels)
	kernels.AddScaled(j.scored.loss.Data, j.loss.Data, float64(n))
	tensor.AddTo(j.scored.correct.Tensor, j.correct.Tensor)
	see(logits.Value)
	j.tape.Reset()
}

// asEvaluated calls body while the model is as a run evaluates and exports it:
// with the averaged weights where there are such, and with recalibrated
// statistics.
func (j *Job) asEvaluated(ctx context.Context, body func() error) error {
	return j.ema.During(func() error { return j.withRecalibrated(ctx, j.Config.Recalibrate, body) })
}

// withRecalibrated calls body while BatchNorm's running statistics are the
// means over the given number of training batches at the present weights, and
// then puts the old ones back.
func (j *Job) withRecalibrated(ctx context.Context, batches int, body func() error) error {
	if batches == 0 {
		return body()
	}
	for i, b := range j.Model.Buffers() {
		if i == len(j.kept) {
			j.kept = append(j.kept, tensor.NewOf(j.Device, b.Value.Data.Dtype(), b.Value.Shape...))
		}
		tensor.Copy(j.kept[i], b.Value)
	}
	defer func() {
		for i, b := range j.Model.Buffers() {
			tensor.Copy(b.Value, j.kept[i])
		}
	}()
	if err := j.recalibrate(ctx, batches); err != nil {
		return err
	}
	return body()
}

// recalibrate sets the running statistics to the mean over the first batches
// of the training set: update i has momentum 1/i.
func (j *Job) recalibrate(ctx context.Context, batches int) error {
	s := j.source(selection{&j.Data.Train, j.training, true, j.Config.Seed, j.feeder.plain, nil})
	defer s.close()
	s.begin(ctx, 0, 0)
	j.Params.Round()
	for i := range batches {
		sizes, err := s.next(1)
		if err != nil {
			return err
		}
		if len(sizes) == 0 {
			break
		}
		s.bring(0, sizes[0])
		x, _ := j.feeder.part(0, 0, sizes[0])
		j.Model.Forward(j.tape, x, nn.Mode{Train: true, StatUpdates: 1, StatMomentum: 1 / float64(i+1)})
		j.tape.Reset()
	}
	return nil
}
