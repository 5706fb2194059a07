package golden

import (
	"fmt"
	"slices"
	"strings"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/train/checkpoint"
)

// A model is one that traces are about, for images of 3 channels.
type model struct {
	name  string
	size  int // of the images, in pixels
	build func(d *kernels.Device, classes int) nn.Layer
}

const channels = 3

var models = []model{
	{"mlp", 4, func(d *kernels.Device, classes int) nn.Layer {
		return nn.NewMLP(d, nil, 4*4*channels, []int{32}, classes)
	}},
	{"convnet", 8, func(d *kernels.Device, classes int) nn.Layer { return nn.NewConvNet(d, nil, channels, classes) }},
	resnet("resnet-basic-w8", 8, false, 1, 1, 1, 1),
	resnet("resnet-bottleneck-w4", 4, true, 1, 2, 1, 1),
	resnet("resnet18", 64, false, 2, 2, 2, 2),
	resnet("resnet34", 64, false, 3, 4, 6, 3),
	resnet("resnet50", 64, true, 3, 4, 6, 3),
}

func resnet(name string, width int, bottleneck bool, blocks ...int) model {
	return model{name, 32, func(d *kernels.Device, classes int) nn.Layer {
		c := nn.ResNetConfig{Blocks: blocks, Width: width, Bottleneck: bottleneck, Channels: channels, Classes: classes}
		return nn.NewResNet(d, nil, c)
	}}
}

// find returns a model by name.
func find(name string) (model, error) {
	var names []string
	for _, m := range models {
		if m.name == name {
			return m, nil
		}
		names = append(names, m.name)
	}
	return model{}, fmt.Errorf("unknown model %q: want one of %s", name, strings.Join(names, ", "))
}

// setWeights gives the parameters of the model the values with which the
// trace starts, if they are those of the trace.
func (t *Trace) setWeights(p *autograd.Params) error {
	if len(p.List) != len(t.Params) || p.Count() != t.NumParams {
		return fmt.Errorf("golden: %s: the model has %d weights in %d parameters, the trace %d in %d",
			t.Name(), p.Count(), len(p.List), t.NumParams, len(t.Params))
	}
	for i, want := range t.Params {
		have := p.List[i]
		shape := have.Shape()
		if len(shape) == 4 { // as PyTorch has it
			shape = []int{shape[0], shape[3], shape[1], shape[2]}
		}
		if have.Name != want.Name || !slices.Equal(shape, want.Shape) {
			return fmt.Errorf("golden: %s: parameter %d of the model is %s %v, of the trace %s %v",
				t.Name(), i, have.Name, shape, want.Name, want.Shape)
		}
		_, list := checkpoint.FromTorch(shape, want.weights(t.Config.Seed))
		have.Value.SetFloats(list)
	}
	return nil
}
