package autograd_test

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// A tape records the forward pass; Backward adds gradients to the parameters.
func Example() {
	d, err := kernels.Open(kernels.Config{Name: "ref", Precision: kernels.Float64})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := autograd.NewParam(tensor.From(d, []float64{1, 0, 0, 1}, 2, 2)) // [out, in]
	x, labels := autograd.Input(tensor.From(d, []float64{0, 0}, 1, 2)), tensor.FromLabels(d, []int{1})
	b := autograd.NewParam(tensor.New(d, 2))

	tape, loss := autograd.NewTape(kernels.NewArena(d)), tensor.NewScalar(d, 0)
	tape.Backward(tape.CrossEntropy(loss, tape.Linear(x, w, b), labels, 0))
	fmt.Printf("loss %.4f, its gradient by the bias %v\n", loss.Read(), b.Grad.Floats())
	// Output: loss 0.6931, its gradient by the bias [0.5 -0.5]
}
