package train

import (
	"context"
	"io"

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
func (j *Job) Test(ctx context.Context) (Score, error) {
	return j.evaluate(ctx, &j.Data.Test, nil)
}

// Validate scores the model on the samples that --val-split holds out.
func (j *Job) Validate(ctx context.Context) (Score, error) {
	return j.evaluate(ctx, &j.Data.Train, j.held)
}

// evaluate scores the model, in evaluation mode, on samples of a split; nil
// means all. Losses and predictions add up on the device.
func (j *Job) evaluate(ctx context.Context, split *datasets.Split, samples []int32) (Score, error) {
	l := &datasets.Loader{Split: split, Samples: samples, Batch: j.Config.Batch}
	defer l.Close()
	loss, correct := tensor.NewScalar(j.Device, 0), tensor.NewScalar(j.Device, 0)
	images := 0
	l.Epoch(ctx, 0, 0)
	for batches := 0; j.Config.LimitBatches == 0 || batches < j.Config.LimitBatches; batches++ {
		b, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return Score{}, err
		}
		j.feeder.load(0, b, 0, 0, j.feeder.plain)
		x, labels := j.feeder.part(0, 0, b.N)
		logits := j.Model.Forward(j.tape, x, nn.Mode{})
		j.tape.CrossEntropy(j.loss, logits, labels, 0)
		tensor.CountCorrect(j.correct, logits.Value, labels)
		kernels.AddScaled(loss.Data, j.loss.Data, float64(b.N))
		tensor.AddTo(correct.Tensor, j.correct.Tensor)
		j.tape.Reset()
		images += b.N
	}
	n := float64(max(images, 1))
	return Score{loss.Read() / n, correct.Read() / n, images}, nil
}

// withRecalibrated calls body while BatchNorm's running statistics are the
// means over the given number of training batches at the present weights, and
// then puts the old ones back.
func (j *Job) withRecalibrated(ctx context.Context, batches int, body func() error) error {
	if batches == 0 {
		return body()
	}
	var kept []*tensor.Tensor
	for _, b := range j.Model.Buffers() {
		old := tensor.NewOf(j.Device, b.Value.Data.Dtype(), b.Value.Shape...)
		tensor.Copy(old, b.Value)
		kept = append(kept, old)
	}
	defer func() {
		for i, b := range j.Model.Buffers() {
			tensor.Copy(b.Value, kept[i])
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
	l := &datasets.Loader{Split: &j.Data.Train, Samples: j.training, Batch: j.Config.Batch, Seed: j.Config.Seed, Shuffle: true}
	defer l.Close()
	l.Epoch(ctx, 0, 0)
	for i := range batches {
		b, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		j.feeder.load(0, b, 0, 0, j.feeder.plain)
		x, _ := j.feeder.part(0, 0, b.N)
		j.Model.Forward(j.tape, x, nn.Mode{Train: true, StatUpdates: 1, StatMomentum: 1 / float64(i+1)})
		j.tape.Reset()
	}
	return nil
}
