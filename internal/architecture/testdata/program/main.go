// A program of another module: it trains a layer of its own.
package main

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/optim"
	"lbsam/tensor"
)

// Residual is x + w·ReLU(x), with one weight per input and output.
type Residual struct{ Linear *nn.Linear }

func (r *Residual) Forward(t *autograd.Tape, x *autograd.Var, m nn.Mode) *autograd.Var {
	return t.Add(x, r.Linear.Forward(t, t.ReLU(x), m))
}
func (r *Residual) Params() []autograd.Param { return r.Linear.Params() }

func main() {
	d, err := kernels.Open(kernels.Config{Name: "cpu"})
	if err != nil {
		panic(err)
	}
	x := tensor.From(d, []float64{1, 2, 2, 1, -1, -2, -2, -1}, 4, 2)
	labels := tensor.NewOf(d, kernels.Int32, 4)
	kernels.Upload(labels.Data, []int32{0, 0, 1, 1})

	layer := &Residual{nn.NewLinear(d, nil, 2, 2)}
	params := autograd.NewParams(layer.Params())
	method := &optim.Lookbehind{
		Params: params, Base: &optim.SGD{Params: params, LR: 0.5},
		Ascent: optim.Ascent{Rho: 0.05}, K: 2, Adaptive: true, Reuse: true,
	}
	tape, loss := autograd.NewTape(kernels.NewArena(d)), tensor.NewScalar(d, 0)
	for range 100 {
		method.Step(func(optim.Eval) tensor.Scalar {
			params.Begin()
			logits := layer.Forward(tape, autograd.Input(x), nn.Mode{Train: true})
			tape.Backward(tape.CrossEntropy(loss, logits, labels, 0))
			return loss
		}, nil)
	}
	fmt.Printf("loss %.3f\n", loss.Read())
	if !(loss.Read() < 0.1) {
		panic("the layer did not learn")
	}
}
