// Command customlayer adds a layer with a gradient of its own, a leaky ReLU, holds
// the gradient to finite differences and trains with it.
//
// The operation is made of kernels, so that it runs on every device in float32;
// Tape.Custom records it.
//
//	$ go run ./examples/customlayer
//	gradient -0.0629 +0.6295, by differences -0.0629 +0.6295
//	loss 0.699, after 20 steps 0.006
package main

import (
	"fmt"
	"io"
	"os"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/optim"
	"lbsam/tensor"
)

// LeakyReLU is y = x where x > 0, and Slope·x elsewhere. It has no parameters.
type LeakyReLU struct{ Slope float64 }

// Forward writes y as (1 - Slope)·max(x, 0) + Slope·x.
func (l LeakyReLU) Forward(t *autograd.Tape, x *autograd.Var, _ nn.Mode) *autograd.Var {
	positive := tensor.ReLU(t.Arena(), x.Value)
	y := l.mix(t, positive, x.Value)
	return t.Custom([]*autograd.Var{x}, y, func(dy *tensor.Tensor) []*tensor.Tensor {
		masked := tensor.Temp(t.Arena(), dy.Shape...)
		tensor.Copy(masked, dy)
		tensor.ReLUBackward(masked, positive) // dy where x > 0, else 0
		dx := l.mix(t, masked, dy)
		masked.Free(t.Arena())
		return []*tensor.Tensor{dx}
	}, positive)
}

// mix is (1 - Slope)·a + Slope·b.
func (l LeakyReLU) mix(t *autograd.Tape, a, b *tensor.Tensor) *tensor.Tensor {
	y := tensor.Temp(t.Arena(), a.Shape...)
	y.Zero()
	kernels.AddScaled(y.Data, a.Data, 1-l.Slope)
	kernels.AddScaled(y.Data, b.Data, l.Slope)
	return y
}

// Params is empty.
func (LeakyReLU) Params() []autograd.Param { return nil }

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(w io.Writer) error {
	if err := compare(w); err != nil {
		return err
	}
	return learn(w)
}

// compare sets the gradient of the cross-entropy of LeakyReLU(x) and class 0
// beside finite differences, in float64, where these are good to ten digits.
func compare(w io.Writer) error {
	d, err := kernels.Open(kernels.Config{Name: "ref", Precision: kernels.Float64})
	if err != nil {
		return err
	}
	tape, loss := autograd.NewTape(kernels.NewArena(d)), tensor.NewScalar(d, 0)
	label, at := tensor.FromLabels(d, []int{0}), []float64{-0.3, 0.5}
	x := autograd.NewParam(tensor.From(d, at, 1, 2))
	forward := func() *autograd.Var {
		return tape.CrossEntropy(loss, LeakyReLU{0.1}.Forward(tape, x, nn.Mode{}), label, 0)
	}
	tape.Backward(forward())
	fmt.Fprint(w, "gradient")
	for _, g := range x.Grad.Floats() {
		fmt.Fprintf(w, " %+.4f", g)
	}
	fmt.Fprint(w, ", by differences")
	for i := range at {
		const h = 1e-5
		value := func(by float64) float64 {
			moved := []float64{at[0], at[1]}
			moved[i] += by
			x.Value.SetFloats(moved)
			forward()
			tape.Reset()
			return loss.Read()
		}
		fmt.Fprintf(w, " %+.4f", (value(h)-value(-h))/(2*h))
	}
	fmt.Fprintln(w)
	return nil
}

// learn trains a small network with the layer on exclusive or, which no linear
// model learns.
func learn(w io.Writer) error {
	d, err := kernels.Open(kernels.Config{Name: "cpu"})
	if err != nil {
		return err
	}
	defer d.Close()
	x := autograd.Input(tensor.From(d, []float64{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2))
	labels := tensor.FromLabels(d, []int{0, 1, 1, 0})
	r := nn.NewStream(1)
	model := nn.Sequential{
		{Name: "fc1", Layer: nn.NewLinear(d, r, 2, 16)},
		{Name: "leaky", Layer: LeakyReLU{0.1}},
		{Name: "fc2", Layer: nn.NewLinear(d, r, 16, 2)},
	}
	params := autograd.NewParams(model.Params())
	method := &optim.SAM{Params: params, Base: &optim.SGD{Params: params, LR: 0.5, Momentum: 0.9}, Ascent: optim.Ascent{Rho: 0.05}}
	tape, loss := autograd.NewTape(kernels.NewArena(d)), tensor.NewScalar(d, 0)
	const steps = 20
	for step := range steps {
		first := method.Step(func(optim.Eval) tensor.Scalar {
			params.Begin()
			tape.Backward(tape.CrossEntropy(loss, model.Forward(tape, x, nn.Mode{Train: true}), labels, 0))
			return loss
		}, nil)
		switch step {
		case 0:
			fmt.Fprintf(w, "loss %.3f", first.Read())
		case steps - 1:
			fmt.Fprintf(w, ", after %d steps %.3f\n", steps, first.Read())
		}
	}
	return nil
}
