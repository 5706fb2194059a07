package nn

import (
	"testing"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// Finite differences against backward, for every parameter and the input of
// whole layers. The seeds are such that no ReLU has its kink within a step.
func TestGradients(t *testing.T) {
	d := ref(t)
	r := weights(3)
	for i, c := range []struct {
		name  string
		layer Layer
		shape []int // of the input
	}{
		{"basic block", newBasic(d, r, 2, 2, 1, false), []int{2, 3, 3, 2}},
		{"basic block, projection", newBasic(d, r, 2, 3, 2, false), []int{2, 4, 3, 2}},
		{"basic block, padding", newBasic(d, r, 2, 4, 2, true), []int{2, 4, 3, 2}},
		{"bottleneck", newBottleneck(d, r, 3, 1, 2, false), []int{2, 4, 3, 3}},
		{"wide block", newWideBlock(d, r, 2, 2, 1, 0), []int{2, 3, 3, 2}},
		{"wide block, convolved shortcut", newWideBlock(d, r, 2, 3, 2, 0), []int{2, 4, 3, 2}},
		{"convnet", NewConvNet(d, r, 1, 3), []int{2, 5, 4, 1}},
		{"mlp", NewMLP(d, r, 6, []int{5, 4}, 3), []int{2, 1, 2, 3}},
		{"lenet", NewLeNet(d, r, 4, 4, 1, 3), []int{2, 4, 4, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := autograd.NewParam(tensor.From(d, randn(60+i, tensor.Size(c.shape)), c.shape...))
			checkGradients(t, d, c.layer, x)
		})
	}
}

// checked is up to how many elements of an operand are checked: the
// differences of a large weight are like those of its first elements.
const checked = 60

func checkGradients(t *testing.T, d *kernels.Device, l Layer, x *autograd.Var) {
	tape, scalar := autograd.NewTape(kernels.NewArena(d)), tensor.NewScalar(d, 0)
	tape.Backward(loss(tape, l.Forward(tape, x, Mode{Train: true}), scalar))
	for _, p := range append(l.Params(), autograd.Param{Name: "input", Var: x}) {
		values, dx := p.Value.Floats(), p.Grad.Floats()
		n := min(checked, len(values))
		f := func() float64 {
			p.Value.SetFloats(values)
			loss(tape, l.Forward(tape, x, Mode{Train: true}), scalar)
			tape.Reset()
			return scalar.Read()
		}
		if err := kerneltest.CheckGradient(values[:n], dx[:n], f); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		p.Value.SetFloats(values)
	}
}

// loss weighs every element of y differently: cross-entropy of its rows.
func loss(t *autograd.Tape, y *autograd.Var, scalar tensor.Scalar) *autograd.Var {
	if len(y.Shape()) == 4 {
		y = t.Flatten(y)
	}
	labels := tensor.NewOf(y.Device(), kernels.Int32, y.Shape()[0])
	return t.CrossEntropy(scalar, y, labels, 0.1)
}
