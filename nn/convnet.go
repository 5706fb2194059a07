package nn

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// ConvNet is the smallest network that has a convolution, with and without a
// bias and a stride, and batch normalisation: for tests and slow devices.
type ConvNet struct {
	Children
	conv1, conv2 *Conv2d
	bn1, bn2     *BatchNorm2d
	linear       *Linear
}

// NewConvNet returns a network of 8 and 16 channels.
func NewConvNet(d *kernels.Device, r *Stream, channels, classes int) *ConvNet {
	const first, second = 8, 16
	n := &ConvNet{
		conv1: conv3x3(d, r, channels, first, 1), bn1: NewBatchNorm2d(d, first),
		conv2: NewConv2d(d, r, first, second, 3, tensor.Window{Stride: 2, Pad: 1}).WithBias(r), bn2: NewBatchNorm2d(d, second),
		linear: NewLinear(d, r, second, classes),
	}
	n.Children = Children{{"conv1", n.conv1}, {"bn1", n.bn1}, {"conv2", n.conv2}, {"bn2", n.bn2}, {"linear", n.linear}}
	return n
}

// Forward returns the logits [n, classes] of x [n, h, w, c].
func (n *ConvNet) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	y := n.bn1.behind(n.conv1, t, x, nil, m, true)
	y = n.bn2.behind(n.conv2, t, y, nil, m, true)
	return n.linear.Forward(t, t.Flatten(t.GlobalAvgPool2d(y)), m)
}
