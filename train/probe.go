package train

import (
	"context"
	"fmt"

	"lbsam/autograd"
	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/tensor"
)

// A Probe measures the loss, the accuracy and the gradient of a job's model on
// images that stay the same, at whatever its weights (Params.Weights) and its
// running statistics (Model.Buffers) are at the moment. The images lie on the
// device as the model sees them in an evaluation. Loss and gradient are those of
// the cross-entropy without smoothing. A measurement reads from the device once;
// from the second one on none allocates memory there.
type Probe struct {
	// BatchStatistics says that BatchNorm normalises with the statistics of each
	// batch, as in training, but leaves the running ones alone. Dropout stays off.
	BatchStatistics bool

	job    *Job
	images *tensor.Tensor // [n, h, w, c]
	labels *tensor.Tensor // [n], int32
}

// Probe brings samples of a split, nil meaning all, to the device. It switches
// dropout off for good. Config.LimitBatches does not count.
func (j *Job) Probe(ctx context.Context, split *datasets.Split, samples []int32) (p *Probe, err error) {
	n := split.N
	if samples != nil {
		n = len(samples)
	}
	if n == 0 {
		panic("train: Probe of no images")
	}
	j.Model.SetDropout(0)
	err = j.guard(nil, func() error {
		p = &Probe{
			job:    j,
			images: tensor.NewOf(j.Device, j.Device.Activations(), n, split.H, split.W, split.C),
			labels: tensor.NewOf(j.Device, kernels.Int32, n),
		}
		return p.fill(ctx, selection{split: split, samples: samples, how: j.feeder.plain})
	})
	return p, err
}

// fill takes the images and the labels from where evaluations take them.
func (p *Probe) fill(ctx context.Context, from selection) error {
	s := p.job.source(from)
	defer s.close()
	s.begin(ctx, 0, 0)
	pixels := p.images.Len() / p.N()
	for at := 0; at < p.N(); {
		sizes, err := s.next(1)
		if err != nil {
			return err
		}
		n := sizes[0]
		s.bring(0, n)
		x, labels := p.job.feeder.part(0, 0, n)
		kernels.Copy(p.images.Data.Slice(at*pixels, (at+n)*pixels), x.Value.Data)
		kernels.Copy(p.labels.Data.Slice(at, at+n), labels.Data)
		at += n
	}
	return nil
}

// N is the number of images.
func (p *Probe) N() int { return p.images.Shape[0] }

// Score measures loss and accuracy on all images.
func (p *Probe) Score(ctx context.Context) (Score, error) { return p.ScoreOf(ctx, 0, p.N()) }

// ScoreOf measures loss and accuracy on images lo to hi, in batches of the job's
// size. It ends early, with an error, when ctx ends.
func (p *Probe) ScoreOf(ctx context.Context, lo, hi int) (Score, error) {
	j := p.job
	return p.measure(ctx, lo, hi, func(lo, hi int) {
		j.tape.ForwardOnly = true
		defer func() { j.tape.ForwardOnly = false }()
		p.forward(lo, hi)
		kernels.AddScaled(j.scored.loss.Data, j.loss.Data, float64(hi-lo))
		j.tape.Reset()
	})
}

// Gradient sets the gradient, Params.Grads, to that of the mean loss of all
// images, and measures loss and accuracy on the way.
func (p *Probe) Gradient(ctx context.Context) (Score, error) { return p.GradientOf(ctx, 0, p.N()) }

// GradientOf is Gradient for images lo to hi.
func (p *Probe) GradientOf(ctx context.Context, lo, hi int) (Score, error) {
	j, n := p.job, float64(hi-lo)
	j.Params.Begin()
	score, err := p.measure(ctx, lo, hi, func(lo, hi int) {
		loss := p.forward(lo, hi)
		j.tape.BackwardScaled(loss, float64(hi-lo)/n)
		kernels.AddScaled(j.scored.loss.Data, j.loss.Data, n)
	})
	if err != nil {
		return score, err
	}
	return score, j.guard(nil, j.unscaled)
}

// unscaled divides the gradient of fp16 by the scale of its loss.
func (j *Job) unscaled() error {
	if j.undo == nil {
		return nil
	}
	j.undo.check(j.Params.Grads)
	overflow := make([]int32, 1)
	kernels.Download(overflow, j.undo.overflow.Data)
	if overflow[0] == 0 {
		return nil
	}
	j.undo.overflow.Zero()
	return UsageError{fmt.Sprintf("a gradient is too large for fp16 at loss scale %v: take a smaller --loss-scale, or --precision tf32", j.Config.LossScale)}
}

// forward computes the loss of images lo to hi and counts the right predictions.
func (p *Probe) forward(lo, hi int) *autograd.Var {
	j := p.job
	labels := p.labels.Rows(lo, hi)
	logits := j.Model.Forward(j.tape, autograd.Input(p.images.Rows(lo, hi)), nn.Mode{Train: p.BatchStatistics})
	loss := j.tape.CrossEntropy(j.loss, logits, labels, 0)
	tensor.CountCorrect(j.correct, logits.Value, labels)
	tensor.AddTo(j.scored.correct.Tensor, j.correct.Tensor)
	return loss
}

// measure calls batch for the batches of images lo to hi, which adds up losses
// and right predictions, and returns their means.
func (p *Probe) measure(ctx context.Context, lo, hi int, batch func(lo, hi int)) (score Score, err error) {
	if lo < 0 || hi > p.N() || lo >= hi {
		panic(fmt.Sprintf("train: images %d to %d of a Probe of %d", lo, hi, p.N()))
	}
	j := p.job
	err = j.guard(nil, func() error {
		j.scored.loss.Zero()
		j.scored.correct.Zero()
		j.Params.Round()
		for at := lo; at < hi; at += j.Config.Batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			batch(at, min(at+j.Config.Batch, hi))
		}
		n := float64(hi - lo)
		score = Score{j.scored.loss.Read() / n, j.scored.correct.Read() / n, hi - lo}
		return nil
	})
	return score, err
}

// Recalibrate sets BatchNorm's running statistics to their means over the first
// batches of the training set at the present weights, as --recalibrate does
// before an evaluation.
func (p *Probe) Recalibrate(ctx context.Context, batches int) error {
	return p.job.guard(nil, func() error { return p.job.recalibrate(ctx, batches) })
}
