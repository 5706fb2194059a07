package nn

import (
	"testing"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

func TestFold(t *testing.T) {
	d := ref(t)
	for name, conv := range map[string]*Conv2d{
		"no bias": NewConv2d(d, weights(1), 3, 5, 3, tensor.Window{Stride: 2, Pad: 1}),
		"bias":    NewConv2d(d, weights(1), 3, 5, 3, tensor.Window{Stride: 2, Pad: 1}).WithBias(weights(2)),
	} {
		norm := NewBatchNorm2d(d, 5)
		norm.Eps = 0.3
		norm.Gamma.Value.SetFloats(randn(3, 5))
		norm.Beta.Value.SetFloats(randn(4, 5))
		norm.Running.Mean.SetFloats(randn(5, 5))
		norm.Running.Var.SetFloats([]float64{0, 0.1, 1, 2, 30})

		weight, bias := Fold(conv, norm)
		one := &Conv2d{Window: conv.Window,
			Weight: autograd.NewParam(tensor.From(d, weight, 5, 3, 3, 3)), Bias: autograd.NewParam(tensor.From(d, bias, 5))}
		tape, x := autograd.NewTape(kernels.NewArena(d)), autograd.Input(tensor.From(d, randn(6, 2*5*4*3), 2, 5, 4, 3))
		want := norm.Forward(tape, conv.Forward(tape, x, Mode{}), Mode{}).Value.Floats()
		got := one.Forward(tape, x, Mode{}).Value.Floats()
		if err := kerneltest.Compare(got, want, 1e-13, 1e-13); err != nil { // sums of 27 products in float64
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFoldOfOtherChannelsPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	d := ref(t)
	Fold(NewConv2d(d, nil, 3, 5, 3, tensor.Window{Stride: 1}), NewBatchNorm2d(d, 4))
}
