package analysis

import (
	"context"
	"errors"
	"testing"

	"lbsam/autograd"
	"lbsam/internal/rng"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/tensor"
	"lbsam/train"
)

func openDevice(t *testing.T, name string, precision kernels.Dtype) *kernels.Device {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: name, Precision: precision, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// quadratic is the loss ½ wᵀHw - bᵀw of five weights, in two parameters: weight,
// 3 of them in two dimensions, and bias. What lies between them must be 0.
type quadratic struct {
	t      *testing.T
	params *autograd.Params
	h      [5][5]float64
	b      [5]float64
	images int
	calls  int
	fails  int // the call that fails; 0: none
}

func newQuadratic(t *testing.T, d *kernels.Device, w [5]float64) *quadratic {
	return &quadratic{t: t, images: 1, params: autograd.NewParams([]autograd.Param{
		{Name: "weight", Var: autograd.NewParam(tensor.From(d, w[:3], 3, 1))},
		{Name: "bias", Var: autograd.NewParam(tensor.From(d, w[3:], 2))},
	}), h: [5][5]float64{{2, .3, 0, .1, 0}, {.3, 1, .2, 0, .1}, {0, .2, .5, 0, 0}, {.1, 0, 0, 1.5, .2}, {0, .1, 0, .2, .8}}}
}

// places are where the weights lie in an arena.
func (q *quadratic) places() [5]int {
	second := q.params.Offsets[1]
	return [5]int{0, 1, 2, second, second + 1}
}

func (q *quadratic) weights() (w [5]float64) {
	all := q.params.Weights.Floats()
	for i, at := range q.places() {
		w[i], all[at] = all[at], 0
	}
	for i, v := range all {
		if v != 0 {
			q.t.Errorf("element %d, between parameters, is %v", i, v)
		}
	}
	return w
}

func (q *quadratic) at(w [5]float64) (loss float64, g [5]float64) {
	for i := range w {
		for j := range w {
			g[i] += q.h[i][j] * w[j]
		}
		loss += w[i]*g[i]/2 - q.b[i]*w[i]
		g[i] -= q.b[i]
	}
	return loss, g
}

func (q *quadratic) N() int { return q.images }

var errPlanted = errors.New("planted")

func (q *quadratic) ScoreOf(ctx context.Context, lo, hi int) (train.Score, error) {
	if q.calls++; q.calls == q.fails {
		return train.Score{}, errPlanted
	}
	loss, _ := q.at(q.weights())
	return train.Score{Loss: loss, Images: 1}, ctx.Err()
}

func (q *quadratic) GradientOf(ctx context.Context, lo, hi int) (train.Score, error) {
	score, err := q.ScoreOf(ctx, lo, hi)
	_, g := q.at(q.weights())
	all := make([]float64, q.params.Size())
	for i, at := range q.places() {
		all[at] = g[i]
	}
	q.params.Grads.SetFloats(all)
	return score, err
}

// tinyNet is a residual network with 349 weights, and a few images.
type tinyNet struct {
	params *autograd.Params
	model  nn.Layer
	tape   *autograd.Tape
	images *tensor.Tensor
	labels *tensor.Tensor
	loss   tensor.Scalar
}

func newTinyNet(d *kernels.Device) *tinyNet {
	const n, side, classes = 12, 6, 3
	model := nn.NewResNet(d, nn.NewStream(5), nn.ResNetConfig{Blocks: []int{1, 1}, Width: 2, PadShortcut: true, Channels: 1, Classes: classes})
	s := rng.New(6, rng.Synthetic)
	pixels, labels := make([]float64, n*side*side), make([]int32, n)
	for i := range pixels {
		pixels[i] = s.Norm()
	}
	for i := range labels {
		labels[i] = int32(i % classes)
	}
	net := &tinyNet{
		params: autograd.NewParams(model.Params()), model: model, tape: autograd.NewTape(kernels.NewArena(d)),
		images: tensor.From(d, pixels, n, side, side, 1), labels: tensor.NewOf(d, kernels.Int32, n), loss: tensor.NewScalar(d, 0),
	}
	kernels.Upload(net.labels.Data, labels)
	w := net.params.Weights.Floats()
	for i, at := range net.params.Offsets { // BatchNorm's 0 lay on kinks
		for j := range net.params.Lens[i] {
			w[at+j] += 0.1 * s.Norm()
		}
	}
	net.params.Weights.SetFloats(w)
	return net
}

func (n *tinyNet) N() int { return n.labels.Len() }

func (n *tinyNet) ScoreOf(ctx context.Context, lo, hi int) (train.Score, error) {
	defer n.tape.Reset()
	n.forward(lo, hi)
	return train.Score{Loss: n.loss.Read(), Images: hi - lo}, ctx.Err()
}

func (n *tinyNet) GradientOf(ctx context.Context, lo, hi int) (train.Score, error) {
	n.params.Begin()
	n.tape.BackwardScaled(n.forward(lo, hi), 1)
	return train.Score{Loss: n.loss.Read(), Images: hi - lo}, ctx.Err()
}

func (n *tinyNet) forward(lo, hi int) *autograd.Var {
	logits := n.model.Forward(n.tape, autograd.Input(n.images.Rows(lo, hi)), nn.Mode{})
	return n.tape.CrossEntropy(n.loss, logits, n.labels.Rows(lo, hi), 0)
}
