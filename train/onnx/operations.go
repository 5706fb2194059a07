package onnx

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/nn"
	"lbsam/tensor"
)

// operation adds the nodes of o.
func (g *graph) operation(o autograd.Op) error {
	if _, waits := g.fold[o.Out]; waits {
		return nil // its batch normalisation does both
	}
	name, err := g.translate(o)
	g.values[o.Out] = name
	return err
}

// translate adds the nodes of o and returns the name of its result.
func (g *graph) translate(o autograd.Op) (string, error) {
	if o.Name == "batchnorm" {
		return g.batchNorm(o, o.How.(autograd.Norm))
	}
	x, err := g.value(o.In[0])
	if err != nil {
		return "", err
	}
	switch o.Name {
	case "conv2d":
		return g.product(o, "Conv", x, window(o.How.(tensor.Window), o.In[1].Shape()[1:3])...)
	case "linear":
		return g.product(o, "Gemm", x, intOf("transB", 1))
	case "relu":
		return g.node("relu", "Relu", []string{x}), nil
	case "add":
		y, err := g.value(o.In[1])
		return g.node("add", "Add", []string{x, y}), err
	case "flatten": // of [n, c, h, w], in the order in which it lies
		return g.node("flatten", "Flatten", []string{x}, intOf("axis", 1)), nil
	case "maxpool2d":
		p := o.How.(autograd.Pool)
		return g.node("maxpool", "MaxPool", []string{x}, window(p.Window, []int{p.KH, p.KW})...), nil
	case "avgpool2d":
		return g.avgPool(x, o.In[0].Shape(), o.How.(autograd.Pool)), nil
	case "padshortcut":
		return g.padShortcut(x, o.In[0].Shape()[3], o.How.(autograd.Shortcut)), nil
	}
	return "", fmt.Errorf("has no counterpart in ONNX")
}

// product adds a convolution or a linear layer, whose operands are x, a weight
// and perhaps a bias.
func (g *graph) product(o autograd.Op, kind, x string, attributes ...message) (string, error) {
	in := []string{x}
	for _, v := range o.In[1:] {
		name, err := g.param(v)
		if err != nil {
			return "", err
		}
		in = append(in, name)
	}
	return g.node(g.layer(o.In[1], o.Name), kind, in, attributes...), nil
}

// window describes windows of the given size.
func window(w tensor.Window, size []int) []message {
	return []message{
		intsOf("kernel_shape", size...), intsOf("strides", w.Stride, w.Stride), intsOf("pads", w.Pad, w.Pad, w.Pad, w.Pad),
	}
}

// avgPool adds the mean over windows of x [n, h, w, c], over whole images as
// that of whatever size.
func (g *graph) avgPool(x string, shape []int, p autograd.Pool) string {
	if p.KH == shape[1] && p.KW == shape[2] && p.Pad == 0 {
		return g.node("mean", "GlobalAveragePool", []string{x})
	}
	return g.node("avgpool", "AveragePool", []string{x}, append(window(p.Window, []int{p.KH, p.KW}), intOf("count_include_pad", 1))...)
}

// padShortcut adds the shortcut without parameters: every stride-th pixel, and
// zeros on both sides of the c channels.
func (g *graph) padShortcut(x string, c int, s autograd.Shortcut) string {
	if s.Stride > 1 {
		const end = 1 << 30 // past the last pixel
		x = g.node("subsample", "Slice", []string{x, g.ints("shortcut.zeros", 0, 0), g.ints("shortcut.ends", end, end),
			g.ints("shortcut.pixels", 2, 3), g.ints(fmt.Sprintf("shortcut.strides%d", s.Stride), s.Stride, s.Stride)})
	}
	if s.OC == c {
		return x
	}
	before := (s.OC - c) / 2
	after := s.OC - c - before
	return g.node("pad", "Pad", []string{x, g.ints(fmt.Sprintf("shortcut.pads%d_%d", before, after), 0, before, 0, 0, 0, after, 0, 0)})
}

// batchNorm adds a batch normalisation in evaluation mode, or the convolution
// in front of it that has it folded in, and what is behind it: the addition of
// a shortcut and the ReLU.
func (g *graph) batchNorm(o autograd.Op, how autograd.Norm) (y string, err error) {
	if how.Train {
		return "", fmt.Errorf("takes the statistics of the batch, want the running ones")
	}
	if conv, ok := g.fold[o.In[0]]; ok {
		y, err = g.foldedConv(conv, o, how)
	} else {
		y, err = g.plainNorm(o, how)
	}
	if err != nil {
		return "", err
	}
	name := g.layer(o.In[1], o.Name)
	if len(o.In) > 3 {
		shortcut, err := g.value(o.In[3])
		if err != nil {
			return "", err
		}
		y = g.node(name+".add", "Add", []string{y, shortcut})
	}
	if how.ReLU {
		y = g.node(name+".relu", "Relu", []string{y})
	}
	return y, nil
}

func (g *graph) plainNorm(o autograd.Op, how autograd.Norm) (string, error) {
	x, err := g.value(o.In[0])
	if err != nil {
		return "", err
	}
	in := []string{x}
	for _, v := range o.In[1:3] {
		name, err := g.param(v)
		if err != nil {
			return "", err
		}
		in = append(in, name)
	}
	for _, t := range []*tensor.Tensor{how.Mean, how.Var} {
		name, err := g.buffer(t)
		if err != nil {
			return "", err
		}
		in = append(in, name)
	}
	return g.node(g.layer(o.In[1], o.Name), "BatchNormalization", in, floatOf("epsilon", how.Eps)), nil
}

// findFoldable finds the convolutions whose only use is a batch normalisation
// of their result.
func (g *graph) findFoldable(ops []autograd.Op) {
	uses := map[*autograd.Var]int{}
	for _, o := range ops {
		for _, v := range o.In {
			uses[v]++
		}
	}
	convs := map[*autograd.Var]autograd.Op{}
	for _, o := range ops {
		switch o.Name {
		case "conv2d":
			convs[o.Out] = o
		case "batchnorm":
			if conv, ok := convs[o.In[0]]; ok && uses[conv.Out] == 1 {
				g.fold[conv.Out] = conv
			}
		}
	}
}

// foldedConv adds the convolution that does what conv and norm do.
func (g *graph) foldedConv(conv, norm autograd.Op, how autograd.Norm) (string, error) {
	x, err := g.value(conv.In[0])
	if err != nil {
		return "", err
	}
	c := &nn.Conv2d{Weight: conv.In[1]}
	if len(conv.In) > 2 {
		c.Bias = conv.In[2]
	}
	weight, bias := nn.Fold(c, &nn.BatchNorm2d{Gamma: norm.In[1], Beta: norm.In[2], Running: how.Running, Eps: how.Eps})
	// Where two layers share a weight, what is made of it is another for each.
	name := g.unique(g.layer(conv.In[1], conv.Name))
	in := []string{
		x,
		g.floats(name+".folded.weight", c.Weight.Shape(), func() []float64 { return weight }),
		g.floats(name+".folded.bias", []int{len(bias)}, func() []float64 { return bias }),
	}
	g.add(name, "Conv", in, window(conv.How.(tensor.Window), c.Weight.Shape()[1:3])...)
	return name, nil
}
