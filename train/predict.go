package train

import (
	"context"
	"fmt"
	"math"

	"lbsam/datasets"
	"lbsam/tensor"
)

// Predictions are what a model says about n images.
type Predictions struct {
	Classes       []string
	Labels        []int32   // [n]; nil: unknown
	Probabilities []float32 // [n, classes]: softmax of the logits
	Score         Score     // against the labels; zero where they are unknown
}

// Predict classifies samples of a split, nil meaning all, in evaluation mode
// and in their order; --limit-batches ends it early. The split is one of the
// job's data or any other with images of that size, whose Labels may be nil.
// Unlike a step it reads from the device, once per batch.
func (j *Job) Predict(ctx context.Context, split *datasets.Split, samples []int32) (p Predictions, err error) {
	p.Classes = j.Data.Classes
	unknown := split.Labels == nil
	if unknown {
		blank := *split
		blank.Labels = make([]uint8, split.N)
		split = &blank
	}
	err = j.guard(nil, func() error {
		return j.asEvaluated(ctx, func() (err error) {
			p.Score, err = j.evaluateWith(ctx, split, samples, func(logits *tensor.Tensor) {
				p.Probabilities = appendSoftmax(p.Probabilities, logits.Floats(), len(p.Classes))
			})
			return err
		})
	})
	if unknown {
		p.Score = Score{}
		return p, err
	}
	p.Labels = labelsOf(split, samples, p.N())
	return p, err
}

// labelsOf returns the labels of the first n samples of a split.
func labelsOf(split *datasets.Split, samples []int32, n int) []int32 {
	labels := make([]int32, n)
	for i := range labels {
		sample := i
		if samples != nil {
			sample = int(samples[i])
		}
		labels[i] = int32(split.Labels[sample])
	}
	return labels
}

// appendSoftmax appends exp(logit) / sum of exp over a row for the rows of
// logits [n, c]. A row with a logit that is NaN or infinite becomes NaN.
func appendSoftmax(dst []float32, logits []float64, c int) []float32 {
	for len(logits) > 0 {
		row := logits[:c]
		largest, sum := math.Inf(-1), 0.0
		for _, v := range row {
			largest = max(largest, v) // NaN stays
		}
		for j, v := range row {
			row[j] = math.Exp(v - largest) // 1 at most
			sum += row[j]
		}
		for _, v := range row {
			dst = append(dst, float32(v/sum))
		}
		logits = logits[c:]
	}
	return dst
}

// N is the number of images.
func (p Predictions) N() int { return len(p.Probabilities) / len(p.Classes) }

// Row returns the probabilities of image i, [classes]. They are not copied.
func (p Predictions) Row(i int) []float32 {
	c := len(p.Classes)
	return p.Probabilities[i*c : (i+1)*c : (i+1)*c]
}

// Best returns the class with the largest probability of image i, the first of
// equal ones; class -1 if the probabilities are NaN.
func (p Predictions) Best(i int) (class int, probability float32) {
	row := p.Row(i)
	for j, v := range row {
		if v != v {
			return -1, v
		}
		if v > row[class] {
			class = j
		}
	}
	return class, row[class]
}

// Confusion counts the images of each label and predicted class, [label][class].
// Those whose probabilities are NaN are counted nowhere. It panics where the
// labels are unknown.
func (p Predictions) Confusion() [][]int {
	if len(p.Labels) != p.N() {
		panic(fmt.Sprintf("train: Confusion of %d images with %d labels", p.N(), len(p.Labels)))
	}
	c := len(p.Classes)
	counts := make([][]int, c)
	for i := range counts {
		counts[i] = make([]int, c)
	}
	for i, label := range p.Labels {
		if class, _ := p.Best(i); class >= 0 {
			counts[label][class]++
		}
	}
	return counts
}
