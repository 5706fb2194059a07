package train

import (
	"context"
	"errors"
	"math"
	"testing"

	"lbsam/kernels"
	"lbsam/tensor"
)

func mustProbe(t *testing.T, j *Job, samples []int32) *Probe {
	t.Helper()
	p, err := j.Probe(context.Background(), &j.Data.Train, samples)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustScore(t *testing.T, p *Probe) Score {
	t.Helper()
	s, err := p.Score(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A probe of the test set sees what an evaluation sees, to the bit.
func TestProbeScoresLikeAnEvaluation(t *testing.T) {
	c := small("resnet8-w8", "SAM")
	c.LimitBatches = 0
	j := mustOpen(t, c)
	want, err := j.Test(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p, err := j.Probe(context.Background(), &j.Data.Test, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustScore(t, p); got != want {
		t.Errorf("the probe has %+v, the evaluation %+v", got, want)
	}
	before := j.Device.Allocated()
	mustScore(t, p)
	if now := j.Device.Allocated(); now != before {
		t.Errorf("a second score took %d bytes of the device", now-before)
	}
}

// The gradient is that of the loss: along a direction, central differences of
// the loss in float64 agree with it. The last batch is a short one.
func TestProbeGradient(t *testing.T) {
	for name, batchStatistics := range map[string]bool{"running statistics": false, "batch statistics": true} {
		t.Run(name, func(t *testing.T) {
			c := small("resnet8-w8", "SGD")
			c.Device, c.Precision, c.Batch = "ref", "float64", 3
			j := mustOpen(t, c)
			p := mustProbe(t, j, []int32{3, 14, 15, 92, 65})
			p.BatchStatistics = batchStatistics
			statistics := statisticsOf(j)
			var score Score
			for range 2 { // the second gradient does not add to the first
				var err error
				if score, err = p.Gradient(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if got := mustScore(t, p); !(math.Abs(got.Loss-score.Loss) < 1e-12*got.Loss) || got.Accuracy != score.Accuracy { // sums in another order
				t.Errorf("Gradient has score %+v, Score %+v", score, got)
			}
			g, w := j.Params.Grads.Floats(), j.Params.Weights.Floats()
			norm := 0.0
			for _, v := range g {
				norm += v * v
			}
			norm = math.Sqrt(norm)
			const h = 1e-6
			at := func(h float64) float64 {
				moved := make([]float64, len(w))
				for i := range w {
					moved[i] = w[i] + h*g[i]/norm
				}
				j.Params.Weights.SetFloats(moved)
				return mustScore(t, p).Loss
			}
			slope := (at(h) - at(-h)) / (2 * h)
			if !(math.Abs(slope-norm) < 1e-5*norm) { // h² of the third derivative, and kinks of ReLU
				t.Errorf("the loss rises by %v along the gradient, whose length is %v", slope, norm)
			}
			for i, v := range statisticsOf(j) {
				if v != statistics[i] {
					t.Fatalf("running statistic %d is %v, was %v", i, v, statistics[i])
				}
			}
		})
	}
}

// statisticsOf are the running statistics of a model.
func statisticsOf(j *Job) (list []float64) {
	for _, b := range j.Model.Buffers() {
		if b.Value.Data.Dtype() == j.Device.Precision() {
			list = append(list, b.Value.Floats()...)
		}
	}
	return list
}

// The scale of fp16's loss is taken out of the gradient, and one that
// overflows is an error that does not come back at weights that are good.
func TestProbeInFloat16(t *testing.T) {
	c := small("mlp", "SGD")
	gradient := func(precision string, scale float64) *tensor.Tensor {
		c.Precision, c.LossScale = precision, scale
		j := mustOpen(t, c)
		p := mustProbe(t, j, []int32{1, 2, 3})
		if _, err := p.Gradient(context.Background()); err != nil {
			t.Fatal(err)
		}
		return j.Params.Grads
	}
	want, got := gradient("float32", 1).Floats(), gradient("fp16", 1024).Floats()
	distance, length := 0.0, 0.0
	for i := range want {
		distance += (got[i] - want[i]) * (got[i] - want[i])
		length += want[i] * want[i]
	}
	if !(distance < 1e-4*length) { // 2⁻¹¹ of each factor, a few times
		t.Errorf("the gradient in fp16 is off by %v of %v", math.Sqrt(distance), math.Sqrt(length))
	}

	c.Precision, c.LossScale = "fp16", 65536*256
	j := mustOpen(t, c)
	p := mustProbe(t, j, []int32{1, 2, 3})
	for range 2 {
		_, err := p.Gradient(context.Background())
		if _, ok := errors.AsType[UsageError](err); !ok {
			t.Errorf("an overflow is %v, want a UsageError", err)
		}
	}
	flag := make([]int32, 1)
	kernels.Download(flag, j.undo.overflow.Data)
	if flag[0] != 0 {
		t.Error("the overflow is still noted")
	}
}

func TestProbeEndsWithItsContext(t *testing.T) {
	p := mustProbe(t, mustOpen(t, small("mlp", "SGD")), nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Gradient(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}
