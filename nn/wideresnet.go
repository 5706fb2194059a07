package nn

import (
	"fmt"
	"strconv"

	"lbsam/autograd"
	"lbsam/kernels"
)

// WideResNetConfig describes a wide residual network, WRN-Depth-Widen.
type WideResNetConfig struct {
	Depth    int     // 6n + 4, for n blocks in each of three stages
	Widen    int     // the stages have 16, 32 and 64 times as many channels
	Dropout  float64 // between the convolutions of a block
	Channels int     // of the images
	Classes  int
}

// WideResNet is the network of Zagoruyko and Komodakis (2016), with the names
// of the xternalz/WideResNet-pytorch code.
type WideResNet struct {
	Children
	conv1  *Conv2d
	blocks Sequential
	bn1    *BatchNorm2d
	fc     *Linear
}

// NewWideResNet returns the network that c describes.
func NewWideResNet(d *kernels.Device, r *Stream, c WideResNetConfig) *WideResNet {
	if c.Depth < 10 || c.Depth%6 != 4 {
		panic(fmt.Sprintf("nn: WideResNet of depth %d: want 6n + 4", c.Depth))
	}
	const stem = 16
	n := &WideResNet{conv1: conv3x3(d, r, c.Channels, stem, 1)}
	ic := stem
	for i, stride := range []int{1, 2, 2} {
		oc := stem * c.Widen << i
		stage := Sequential{{"layer", newWideStage(d, r, c, ic, oc, stride)}}
		n.blocks = append(n.blocks, Child{fmt.Sprintf("block%d", i+1), stage})
		ic = oc
	}
	n.bn1 = NewBatchNorm2d(d, ic)
	n.fc = NewLinear(d, r, ic, c.Classes)

	n.Children = Children{{"conv1", n.conv1}}
	n.Children = append(n.Children, n.blocks...)
	n.Children = append(n.Children, Child{"bn1", n.bn1}, Child{"fc", n.fc})
	return n
}

func newWideStage(d *kernels.Device, r *Stream, c WideResNetConfig, ic, oc, stride int) Sequential {
	var stage Sequential
	for i := range (c.Depth - 4) / 6 {
		stage = append(stage, Child{strconv.Itoa(i), newWideBlock(d, r, ic, oc, stride, c.Dropout)})
		ic, stride = oc, 1
	}
	return stage
}

// Forward returns the logits [n, classes] of x [n, h, w, c].
func (n *WideResNet) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	y := n.blocks.Forward(t, n.conv1.Forward(t, x, m), m)
	y = n.bn1.ForwardReLU(t, y, m)
	return n.fc.Forward(t, t.Flatten(t.GlobalAvgPool2d(y)), m)
}

// wideBlock normalises before it convolves:
// conv2(dropout(ReLU(bn2(conv1 a)))) + x, with a = ReLU(bn1 x). Where the
// number of channels changes, a 1x1 convolution of a takes the place of x.
type wideBlock struct {
	block
	bn1, bn2     *BatchNorm2d
	conv1, conv2 *Conv2d
	dropout      *Dropout
	shortcut     *Conv2d // nil: x itself
}

func newWideBlock(d *kernels.Device, r *Stream, ic, oc, stride int, p float64) *wideBlock {
	b := &wideBlock{
		bn1: NewBatchNorm2d(d, ic), conv1: conv3x3(d, r, ic, oc, stride),
		bn2: NewBatchNorm2d(d, oc), conv2: conv3x3(d, r, oc, oc, 1),
		dropout: NewDropout(d, r, p),
	}
	b.Children = Children{
		{"bn1", b.bn1}, {"conv1", b.conv1}, {"bn2", b.bn2}, {"dropout", b.dropout}, {"conv2", b.conv2},
	}
	if ic != oc || stride != 1 {
		b.shortcut = conv1x1(d, r, ic, oc, stride)
		b.Children = append(b.Children, Child{"convShortcut", b.shortcut})
	}
	return b
}

func (b *wideBlock) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	return b.run(t, m, func(m Mode) *autograd.Var {
		a := b.bn1.ForwardReLU(t, x, m)
		y := b.bn2.behind(b.conv1, t, a, nil, m, true)
		y = b.conv2.Forward(t, b.dropout.Forward(t, y, m), m)
		if b.shortcut != nil {
			return t.Add(b.shortcut.Forward(t, a, m), y)
		}
		return t.Add(x, y)
	})
}
