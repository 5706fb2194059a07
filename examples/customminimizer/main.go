// Command customminimizer adds a minimizer: the penalty of the gradient's norm
// (Zhao et al. 2022, "Penalizing Gradient Norm for Efficiently Improving
// Generalization"), which descends along a mean of the gradient at the weights and
// that behind an ascent. With Share 0 it is the base optimizer, with 1 it is SAM.
//
// A minimizer is a few passes over the arenas that hold all weights and all
// gradients; nothing in a step waits for the device.
//
//	$ go run ./examples/customminimizer
//	share 0.0  loss 1.93  weights of SGD: true
//	share 0.5  loss 1.74
//	share 1.0  loss 1.69  weights of SAM: true
package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"lbsam/autograd"
	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/optim"
	"lbsam/tensor"
)

// Penalty is the minimizer. Of Plain it has what is the same: State, Batches.
//
//	g = ∇L(w)      h = ∇L(w + Rho·g/‖g‖)      w -= lr·((1-Share)·g + Share·h)
type Penalty struct {
	optim.Plain
	Rho, Share float64

	table            *kernels.Segments
	clean, g         *tensor.Tensor // arenas: the weights before the ascent, and their gradient
	norm, rho, share tensor.Scalar
	loss             tensor.Scalar
}

func (m *Penalty) init() {
	if m.table != nil {
		return
	}
	d := m.Params.Device()
	m.table = m.Params.Segments()
	m.clean, m.g = tensor.New(d, m.Params.Size()), tensor.New(d, m.Params.Size())
	m.rho, m.share = tensor.NewScalar(d, m.Rho), tensor.NewScalar(d, m.Share)
	m.norm, m.loss = tensor.NewScalar(d, 0), tensor.NewScalar(d, 0)
}

// Step evaluates two gradients and moves the weights once.
func (m *Penalty) Step(loss optim.Closure, _ *optim.Log) tensor.Scalar {
	m.init()
	w, grads := m.Params.Weights, m.Params.Grads
	tensor.Copy(m.clean, w)
	tensor.Copy(m.loss.Tensor, loss(optim.Eval{Inner: 0, StatUpdates: 1}).Tensor)
	tensor.Copy(m.g, grads)
	kernels.ScaledNorm(m.norm.Data, w.Data, grads.Data, m.table, 0)
	kernels.Ascend(w.Data, grads.Data, m.norm.Data, m.rho.Data, m.table, 0)
	loss(optim.Eval{Inner: 1})
	kernels.Scale(grads.Data, grads.Data, m.share.Data) // Share·h
	kernels.AddScaled(grads.Data, m.g.Data, 1-m.Share)  // + (1-Share)·g
	m.Base.Step(w, m.clean, grads)
	return m.loss
}

// Evals is 2.
func (m *Penalty) Evals() int { return 2 }

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	d, err := kernels.Open(kernels.Config{Name: "cpu"})
	if err != nil {
		return err
	}
	defer d.Close()
	data := datasets.Synthetic(1, 320, 0)
	const rho = 0.05
	penalty := func(share float64) func(*autograd.Params, optim.Optimizer) optim.Minimizer {
		return func(p *autograd.Params, base optim.Optimizer) optim.Minimizer {
			return &Penalty{Plain: optim.Plain{Params: p, Base: base}, Rho: rho, Share: share}
		}
	}
	sgd, _ := train(d, data, func(p *autograd.Params, base optim.Optimizer) optim.Minimizer {
		return &optim.Plain{Params: p, Base: base}
	})
	sam, _ := train(d, data, func(p *autograd.Params, base optim.Optimizer) optim.Minimizer {
		return &optim.SAM{Params: p, Base: base, Ascent: optim.Ascent{Rho: rho}}
	})
	weights, loss := train(d, data, penalty(0))
	fmt.Fprintf(w, "share 0.0  loss %.2f  weights of SGD: %v\n", loss, slices.Equal(weights, sgd))
	_, loss = train(d, data, penalty(0.5))
	fmt.Fprintf(w, "share 0.5  loss %.2f\n", loss)
	weights, loss = train(d, data, penalty(1))
	fmt.Fprintf(w, "share 1.0  loss %.2f  weights of SAM: %v\n", loss, slices.Equal(weights, sam))
	return nil
}

// train trains a small network for 30 steps and returns its weights and the loss
// before the last step.
func train(d *kernels.Device, data *datasets.Dataset, newMethod func(*autograd.Params, optim.Optimizer) optim.Minimizer) ([]float64, float64) {
	s := data.Train
	x, labels := tensor.FromImages(d, s.Images, data.Mean, data.Std, s.N, s.H, s.W, s.C), tensor.FromLabels(d, s.Labels)
	model := nn.NewMLP(d, nn.NewStream(1), s.H*s.W*s.C, []int{16}, len(data.Classes))
	params := autograd.NewParams(model.Params())
	method := newMethod(params, &optim.SGD{Params: params, LR: 0.05, Momentum: 0.9})
	tape, loss, first := autograd.NewTape(kernels.NewArena(d)), tensor.NewScalar(d, 0), tensor.Scalar{}
	const batch = 32
	for step := range 30 {
		at := step * batch % s.N
		first = method.Step(func(optim.Eval) tensor.Scalar {
			params.Begin()
			logits := model.Forward(tape, autograd.Input(x.Rows(at, at+batch)), nn.Mode{Train: true})
			tape.Backward(tape.CrossEntropy(loss, logits, labels.Rows(at, at+batch), 0))
			return loss
		}, nil)
	}
	return params.Weights.Floats(), first.Read()
}
