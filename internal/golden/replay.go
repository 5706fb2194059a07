package golden

import (
	"math"
	"strconv"
	"strings"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/optim"
	"lbsam/tensor"
	"lbsam/train/checkpoint"
)

// evalImages is the number of images in the batch of an evaluation.
const evalImages = 2

// A run replays a trace.
type run struct {
	trace     *Trace
	model     nn.Layer
	size      int // of the images, in pixels
	params    *autograd.Params
	minimizer optim.Minimizer
	tape      *autograd.Tape
	log       *optim.Log
	x         *tensor.Tensor // [batch h w c]
	labels    *tensor.Tensor
	loss      tensor.Scalar
}

// Replay does the run of t on d and returns what it measured. With reuse it
// takes k+1 gradients for each step of Lookbehind, and 2k without: the
// numbers are the same.
func Replay(t *Trace, d *kernels.Device, reuse bool) (Numbers, error) {
	r, err := newRun(t, d, reuse)
	if err != nil {
		return nil, err
	}
	return r.run(), nil
}

func newRun(t *Trace, d *kernels.Device, reuse bool) (*run, error) {
	c := t.Config
	m, err := find(c.Model)
	if err != nil {
		return nil, err
	}
	r := &run{trace: t, model: m.build(d, c.Classes), size: m.size}
	r.params = autograd.NewParams(r.model.Params())
	if err := t.setWeights(r.params); err != nil {
		return nil, err
	}
	r.minimizer = newMinimizer(c, r.params, reuse)
	r.tape = autograd.NewTape(kernels.NewArena(d))
	r.log = optim.NewLog(r.params, c.inner(), c.Steps)
	r.x = tensor.New(d, c.Batch, m.size, m.size, channels)
	r.labels = tensor.NewOf(d, kernels.Int32, c.Batch)
	r.loss = tensor.NewScalar(d, 0)
	return r, nil
}

// newMinimizer builds the minimizer of c with the published policies.
func newMinimizer(c Config, p *autograd.Params, reuse bool) optim.Minimizer {
	base := &optim.SGD{Params: p, LR: c.LR, Momentum: c.Momentum, WeightDecay: c.WeightDecay}
	ascent := optim.Ascent{Rho: c.Rho, Eta: c.Eta, Stats: optim.StatsPublished}
	if c.scaled() {
		for _, param := range p.List {
			ascent.Scaled = append(ascent.Scaled, strings.Contains(param.Name, "weight"))
		}
	}
	switch {
	case c.lookbehind():
		return &optim.Lookbehind{Params: p, Base: base, Ascent: ascent, K: c.K, Alpha: c.Alpha, Adaptive: c.adaptive(), Reuse: reuse}
	case c.Minimizer == "SGD":
		return &optim.Plain{Params: p, Base: base}
	}
	return &optim.SAM{Params: p, Base: base, Ascent: ascent}
}

// run does all steps. Losses and norms wait on the device for the end; the
// weights are read after each step.
func (r *run) run() Numbers {
	var steps []Step
	for i := range r.trace.Config.Steps {
		r.loadBatch(i)
		r.minimizer.Step(r.gradient, r.log)
		s := Step{}
		s.WeightL2, s.WeightSum = norms(r.params)
		if m, ok := r.minimizer.(*optim.Lookbehind); ok && m.Adaptive {
			s.Alpha = m.Alphas().Floats()
		}
		steps = append(steps, s)
	}
	n := Numbers{}
	for i, record := range r.log.Read() {
		s := steps[i]
		s.DescentLoss = record.DescentLoss
		if r.trace.Config.Minimizer != "SGD" {
			s.AscentLoss, s.AscentNorm = record.AscentLoss, record.AscentNorm
		}
		n.add(s)
	}
	n.addStats(runningStats(r.model))
	n["eval_logits"] = r.evaluate()
	return n
}

// loadBatch uploads the batch of step i.
func (r *run) loadBatch(i int) {
	c := r.trace.Config
	r.x.SetFloats(r.images("input"+strconv.Itoa(i), c.Batch))
	kernels.Upload(r.labels.Data, labels(c.Seed, "label"+strconv.Itoa(i), c.Classes, c.Batch))
}

// images draws n images [n h w c].
func (r *run) images(name string, n int) []float64 {
	nchw := images(r.trace.Config.Seed, name, n, channels*r.size*r.size)
	_, nhwc := checkpoint.FromTorch([]int{n, channels, r.size, r.size}, nchw)
	return nhwc
}

// gradient is the optim.Closure of the batch.
func (r *run) gradient(e optim.Eval) tensor.Scalar {
	r.params.Begin()
	logits := r.model.Forward(r.tape, autograd.Input(r.x), nn.Mode{Train: true, StatUpdates: e.StatUpdates})
	r.tape.Backward(r.tape.CrossEntropy(r.loss, logits, r.labels, 0))
	return r.loss
}

// evaluate returns the logits of the evaluation batch, on a tape of its own:
// lockstep is about training.
func (r *run) evaluate() []float64 {
	tape := autograd.NewTape(r.tape.Arena())
	x := tensor.From(r.params.Device(), r.images("eval", evalImages), evalImages, r.size, r.size, channels)
	logits := r.model.Forward(tape, autograd.Input(x), nn.Mode{}).Value.Floats()
	tape.Reset()
	return logits
}

// norms are the norm and the sum of each parameter.
func norms(p *autograd.Params) (l2, sum numbers) {
	for _, param := range p.List {
		s := stat(param.Value)
		l2, sum = append(l2, s.L2), append(sum, s.Sum)
	}
	return l2, sum
}

// runningStats are those of BatchNorm's means and variances, by name.
func runningStats(l nn.Layer) map[string]Stat {
	stats := map[string]Stat{}
	if s, ok := l.(nn.Stateful); ok {
		for _, b := range s.Buffers() {
			if strings.HasSuffix(b.Name, ".running_mean") || strings.HasSuffix(b.Name, ".running_var") {
				stats[b.Name] = stat(b.Value)
			}
		}
	}
	return stats
}

func stat(t *tensor.Tensor) (s Stat) {
	for _, v := range t.Floats() {
		s.L2 += v * v
		s.Sum += v
	}
	s.L2 = math.Sqrt(s.L2)
	return s
}
