package nn

import (
	"fmt"
	"strconv"

	"lbsam/autograd"
	"lbsam/kernels"
)

// ResNetConfig describes a residual network for small images.
type ResNetConfig struct {
	Blocks      []int // per stage
	Width       int   // channels of the stem and the first stage; each further stage doubles them
	Bottleneck  bool  // blocks of three convolutions instead of two, with four times the channels
	PadShortcut bool  // shortcuts without parameters (option A) instead of projections
	Channels    int   // of the images
	Classes     int
}

// ResNet is the residual network of He et al. (2016) in its form for CIFAR: a
// 3x3 stem without pooling, stages of which all but the first halve the image,
// the mean over the image and a linear layer. With four stages and width 64 it
// is, by name and number, the model of the kuangliu/pytorch-cifar code.
type ResNet struct {
	Children
	stem   block // of conv1 and bn1
	conv1  *Conv2d
	bn1    *BatchNorm2d
	stages Sequential
	linear *Linear
}

// NewResNet returns the network that c describes.
func NewResNet(d *kernels.Device, r *Stream, c ResNetConfig) *ResNet {
	n := &ResNet{conv1: conv3x3(d, r, c.Channels, c.Width, 1), bn1: NewBatchNorm2d(d, c.Width)}
	ic := c.Width
	for i, blocks := range c.Blocks {
		stride := 2
		if i == 0 {
			stride = 1
		}
		var stage Sequential
		stage, ic = newStage(d, r, c, blocks, ic, c.Width<<i, stride)
		n.stages = append(n.stages, Child{fmt.Sprintf("layer%d", i+1), stage})
	}
	n.linear = NewLinear(d, r, ic, c.Classes)

	n.Children = Children{{"conv1", n.conv1}, {"bn1", n.bn1}}
	n.Children = append(n.Children, n.stages...)
	n.Children = append(n.Children, Child{"linear", n.linear})
	return n
}

// newStage returns blocks of one width, the first with the given stride, and
// the channels that come out.
func newStage(d *kernels.Device, r *Stream, c ResNetConfig, blocks, ic, width, stride int) (Sequential, int) {
	var stage Sequential
	for i := range blocks {
		var b Layer
		if c.Bottleneck {
			b = newBottleneck(d, r, ic, width, stride, c.PadShortcut)
			ic = expansion * width
		} else {
			b = newBasic(d, r, ic, width, stride, c.PadShortcut)
			ic = width
		}
		stage = append(stage, Child{strconv.Itoa(i), b})
		stride = 1
	}
	return stage, ic
}

// Forward returns the logits [n, classes] of x [n, h, w, c].
func (n *ResNet) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	y := n.stem.run(t, m, func(m Mode) *autograd.Var { return n.bn1.behind(n.conv1, t, x, nil, m, true) })
	y = n.stages.Forward(t, y, m)
	return n.linear.Forward(t, t.Flatten(t.GlobalAvgPool2d(y)), m)
}

// SetRecompute says whether the stem and the blocks compute their activations again.
func (n *ResNet) SetRecompute(on bool) bool {
	n.stem.SetRecompute(on)
	return n.Children.SetRecompute(on)
}
