package nn_test

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/tensor"
)

// Net is made of layers: it embeds their list and says what goes where.
type Net struct {
	nn.Children
	conv   *nn.Conv2d
	norm   *nn.BatchNorm2d
	linear *nn.Linear
}

func NewNet(d *kernels.Device, r *nn.Stream) *Net {
	n := &Net{
		conv:   nn.NewConv2d(d, r, 3, 8, 3, tensor.Window{Stride: 2, Pad: 1}),
		norm:   nn.NewBatchNorm2d(d, 8),
		linear: nn.NewLinear(d, r, 8, 10),
	}
	n.Children = nn.Children{{Name: "conv", Layer: n.conv}, {Name: "norm", Layer: n.norm}, {Name: "linear", Layer: n.linear}}
	return n
}

func (n *Net) Forward(t *autograd.Tape, x *autograd.Var, m nn.Mode) *autograd.Var {
	y := n.norm.ForwardReLU(t, n.conv.Forward(t, x, m), m)
	return n.linear.Forward(t, t.Flatten(t.GlobalAvgPool2d(y)), m)
}

func Example() {
	d, err := kernels.Open(kernels.Config{Name: "cpu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	n := NewNet(d, nn.NewStream(1))
	for _, p := range n.Params() {
		fmt.Println(p.Name, p.Shape())
	}
	tape := autograd.NewTape(kernels.NewArena(d))
	fmt.Println(n.Forward(tape, autograd.Input(tensor.New(d, 2, 32, 32, 3)), nn.Mode{}).Shape())
	// Output:
	// conv.weight [8 3 3 3]
	// norm.weight [8]
	// norm.bias [8]
	// linear.weight [10 8]
	// linear.bias [10]
	// [2 10]
}
