package optim_test

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/optim"
	"lbsam/tensor"
)

// A minimizer owns its inner loop: the closure evaluates loss and gradient wherever
// the weights are, here k + 1 times in a step.
func Example() {
	d, err := kernels.Open(kernels.Config{Name: "ref", Precision: kernels.Float64})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := autograd.NewParam(tensor.From(d, []float64{0, 0, 0, 0}, 2, 2))
	params := autograd.NewParams([]autograd.Param{{Name: "weight", Var: w}})
	method := &optim.Lookbehind{
		Params: params, Base: &optim.SGD{Params: params, LR: 1},
		Ascent: optim.Ascent{Rho: 0.05}, K: 2, Adaptive: true, Reuse: true,
	}
	x, labels := autograd.Input(tensor.From(d, []float64{1, 0, 0, 1}, 2, 2)), tensor.FromLabels(d, []int{0, 1})
	tape, loss := autograd.NewTape(kernels.NewArena(d)), tensor.NewScalar(d, 0)
	evals := 0
	closure := func(optim.Eval) tensor.Scalar {
		evals++
		params.Begin()
		tape.Backward(tape.CrossEntropy(loss, tape.Linear(x, w, nil), labels, 0))
		return loss
	}
	for range 3 {
		fmt.Printf("loss %.3f\n", method.Step(closure, nil).Read())
	}
	fmt.Println(evals, "evaluations")
	// Output:
	// loss 0.693
	// loss 0.303
	// loss 0.186
	// 9 evaluations
}

// A schedule is a factor by epoch.
func ExampleWarmup() {
	s := optim.Warmup{Epochs: 1, Then: optim.MultistepSchedule{Milestones: []float64{2}, Gamma: 0.1}}
	for _, epoch := range []float64{0.5, 1, 2} {
		fmt.Println(epoch, s.Factor(epoch))
	}
	// Output:
	// 0.5 0.5
	// 1 1
	// 2 0.1
}
