package nn

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// basic is the residual block of two 3x3 convolutions (He et al. 2016):
// ReLU(bn2(conv2(ReLU(bn1(conv1 x)))) + shortcut(x)).
type basic struct {
	block
	conv1, conv2 *Conv2d
	bn1, bn2     *BatchNorm2d
	shortcut     Layer // nil: x itself
}

func newBasic(d *kernels.Device, r *Stream, ic, oc, stride int, pad bool) *basic {
	b := &basic{
		conv1: conv3x3(d, r, ic, oc, stride), bn1: NewBatchNorm2d(d, oc),
		conv2: conv3x3(d, r, oc, oc, 1), bn2: NewBatchNorm2d(d, oc),
	}
	b.Children = Children{{"conv1", b.conv1}, {"bn1", b.bn1}, {"conv2", b.conv2}, {"bn2", b.bn2}}
	b.shortcut = b.addShortcut(d, r, ic, oc, stride, pad)
	return b
}

func (b *basic) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	return b.run(t, m, func(m Mode) *autograd.Var {
		skip := around(t, b.shortcut, x, m)
		y := b.bn1.behind(b.conv1, t, x, nil, m, true)
		return b.bn2.behind(b.conv2, t, y, skip, m, true)
	})
}

// expansion is how many times wider than its 3x3 convolution a bottleneck's
// output is.
const expansion = 4

// bottleneck is the residual block of a 1x1, a 3x3 and a widening 1x1
// convolution. The stride is on the 3x3 one, as in PyTorch's models.
type bottleneck struct {
	block
	conv1, conv2, conv3 *Conv2d
	bn1, bn2, bn3       *BatchNorm2d
	shortcut            Layer // nil: x itself
}

func newBottleneck(d *kernels.Device, r *Stream, ic, width, stride int, pad bool) *bottleneck {
	oc := expansion * width
	b := &bottleneck{
		conv1: conv1x1(d, r, ic, width, 1), bn1: NewBatchNorm2d(d, width),
		conv2: conv3x3(d, r, width, width, stride), bn2: NewBatchNorm2d(d, width),
		conv3: conv1x1(d, r, width, oc, 1), bn3: NewBatchNorm2d(d, oc),
	}
	b.Children = Children{
		{"conv1", b.conv1}, {"bn1", b.bn1}, {"conv2", b.conv2}, {"bn2", b.bn2}, {"conv3", b.conv3}, {"bn3", b.bn3},
	}
	b.shortcut = b.addShortcut(d, r, ic, oc, stride, pad)
	return b
}

func (b *bottleneck) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	return b.run(t, m, func(m Mode) *autograd.Var {
		skip := around(t, b.shortcut, x, m)
		y := b.bn1.behind(b.conv1, t, x, nil, m, true)
		y = b.bn2.behind(b.conv2, t, y, nil, m, true)
		return b.bn3.behind(b.conv3, t, y, skip, m, true)
	})
}

// addShortcut appends to the children of a block the way around it and returns
// it: nil where x can be added as it is, else every stride-th pixel with
// channels of zeros (pad, option A) or a 1x1 convolution and BatchNorm2d
// (option B).
func (c *Children) addShortcut(d *kernels.Device, r *Stream, ic, oc, stride int, pad bool) (l Layer) {
	switch {
	case ic == oc && stride == 1:
		return nil
	case pad:
		l = padShortcut{oc: oc, stride: stride}
	default:
		l = Sequential{{"0", conv1x1(d, r, ic, oc, stride)}, {"1", NewBatchNorm2d(d, oc)}}
	}
	*c = append(*c, Child{"shortcut", l})
	return l
}

// around returns x by way of the shortcut. It comes first in a block, so that every
// convolution is right behind the normalisation whose result it reads, and may begin
// its gradient.
func around(t *autograd.Tape, shortcut Layer, x *autograd.Var, m Mode) *autograd.Var {
	if shortcut == nil {
		return x
	}
	return shortcut.Forward(t, x, m)
}

type padShortcut struct {
	oc, stride int
	noParams
}

func (s padShortcut) Forward(t *autograd.Tape, x *autograd.Var, _ Mode) *autograd.Var {
	return t.PadShortcut(x, s.oc, s.stride)
}

func conv3x3(d *kernels.Device, r *Stream, ic, oc, stride int) *Conv2d {
	return NewConv2d(d, r, ic, oc, 3, tensor.Window{Stride: stride, Pad: 1})
}

func conv1x1(d *kernels.Device, r *Stream, ic, oc, stride int) *Conv2d {
	return NewConv2d(d, r, ic, oc, 1, tensor.Window{Stride: stride})
}
