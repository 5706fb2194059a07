// Command mlp trains a multilayer perceptron on images, with the packages alone:
// what a device, a model, its parameters, an optimizer and a tape are for.
//
//	$ go run ./examples/mlp
//	epoch 1  loss 1.19
//	epoch 2  loss 1.03
//	epoch 3  loss 0.95
//	test accuracy 54%
package main

import (
	"fmt"
	"io"
	"os"

	"lbsam/autograd"
	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/optim"
	"lbsam/tensor"
)

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
	data := datasets.Synthetic(1, 2000, 500) // images [32 32 3] in 10 classes, which take turns
	x, labels := load(d, data, &data.Train)

	model := nn.NewMLP(d, nn.NewStream(1), 32*32*3, []int{64}, len(data.Classes))
	params := autograd.NewParams(model.Params())
	method := &optim.Plain{Params: params, Base: &optim.SGD{Params: params, LR: 0.02, Momentum: 0.9}}
	tape, loss := autograd.NewTape(kernels.NewArena(d)), tensor.NewScalar(d, 0)
	const batch = 50
	for epoch := range 3 {
		for at := 0; at < data.Train.N; at += batch {
			method.Step(func(optim.Eval) tensor.Scalar {
				params.Begin()
				logits := model.Forward(tape, autograd.Input(x.Rows(at, at+batch)), nn.Mode{Train: true})
				tape.Backward(tape.CrossEntropy(loss, logits, labels.Rows(at, at+batch), 0))
				return loss
			}, nil)
		}
		fmt.Fprintf(w, "epoch %d  loss %.2f\n", epoch+1, loss.Read()) // of the last batch
	}

	x, labels = load(d, data, &data.Test)
	right := tensor.NewScalar(d, 0)
	tensor.CountCorrect(right, model.Forward(tape, autograd.Input(x), nn.Mode{}).Value, labels)
	fmt.Fprintf(w, "test accuracy %.0f%%\n", 100*right.Read()/float64(data.Test.N))
	return nil
}

// load brings a split to the device.
func load(d *kernels.Device, data *datasets.Dataset, s *datasets.Split) (x, labels *tensor.Tensor) {
	return tensor.FromImages(d, s.Images, data.Mean, data.Std, s.N, s.H, s.W, s.C), tensor.FromLabels(d, s.Labels)
}
