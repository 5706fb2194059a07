package nn

import (
	"fmt"
	"strings"

	"lbsam/internal/suggest"
	"lbsam/kernels"
)

// A Model is a classifier of images: a layer that makes logits of them, and
// what a checkpoint or a report wants to know about it.
type Model struct {
	Name string
	Layer
	Classes int
	Input   [3]int // height, width and channels of an image
}

// Buffers lists what the model keeps besides its parameters.
func (m *Model) Buffers() []Buffer {
	if s, ok := m.Layer.(Stateful); ok {
		return s.Buffers()
	}
	return nil
}

// Random reports whether training passes draw random numbers. Then the
// gradient of one pass cannot stand for that of another.
func (m *Model) Random() bool {
	r, ok := m.Layer.(Random)
	return ok && r.Random()
}

// SetDropout sets the probability of every Dropout in the model, and reports
// whether there is one.
func (m *Model) SetDropout(p float64) bool {
	l, ok := m.Layer.(dropping)
	return ok && l.SetDropout(p)
}

// Names lists the models that New knows.
func Names() []string {
	return []string{
		"mlp", "lenet", "convnet",
		"resnet8-w8", "resnet8", "resnet20", "resnet32", "resnet56",
		"resnet18-w20", "resnet18", "resnet34", "resnet50",
		"wrn-16-8", "wrn-28-2", "wrn-28-10",
	}
}

// New returns a model by name, for images [h, w, channels], with weights
// drawn from seed. Upper and lower case, dashes and underscores in the name
// make no difference, and wrn may be spelt wideresnet.
func New(d *kernels.Device, name string, classes, h, w, channels int, seed uint64) (*Model, error) {
	const least = 4 // lenet halves the image twice
	if h < least || w < least || channels < 1 {
		return nil, fmt.Errorf("nn: images of %dx%d pixels and %d channels: want %dx%d and 1 or more", h, w, channels, least, least)
	}
	if classes < 2 {
		return nil, fmt.Errorf("nn: %d classes: want 2 or more", classes)
	}
	for _, known := range Names() {
		if plain(known) == plain(name) {
			m := &Model{Name: known, Classes: classes, Input: [3]int{h, w, channels}}
			m.Layer = build(d, NewStream(seed), m)
			return m, nil
		}
	}
	hint := ""
	if nearest := suggest.Nearest(name, Names()); nearest != "" {
		hint = fmt.Sprintf("did you mean %s? ", nearest)
	}
	return nil, fmt.Errorf("nn: unknown model %q: %swant one of %s", name, hint, strings.Join(Names(), ", "))
}

// plain is what is left of a name without the variety of its spellings.
func plain(name string) string {
	name = strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name))
	return strings.Replace(name, "wideresnet", "wrn", 1)
}

// build makes the layer of m from its name, one of Names, and its sizes.
func build(d *kernels.Device, r *Stream, m *Model) Layer {
	h, w, c := m.Input[0], m.Input[1], m.Input[2]
	resnet := func(width int, blocks ...int) ResNetConfig {
		return ResNetConfig{Blocks: blocks, Width: width, Channels: c, Classes: m.Classes}
	}
	small := func(n, width int) Layer { // 6n + 2 layers, He et al. 2016, section 4.2
		config := resnet(width, n, n, n)
		config.PadShortcut = true
		return NewResNet(d, r, config)
	}
	wide := func(depth, widen int) Layer {
		return NewWideResNet(d, r, WideResNetConfig{Depth: depth, Widen: widen, Channels: c, Classes: m.Classes})
	}
	switch m.Name {
	case "mlp":
		return NewMLP(d, r, h*w*c, []int{512, 512}, m.Classes)
	case "lenet":
		return NewLeNet(d, r, h, w, c, m.Classes)
	case "convnet":
		return NewConvNet(d, r, c, m.Classes)
	case "resnet8-w8": // half as wide
		return small(1, 8)
	case "resnet8":
		return small(1, 16)
	case "resnet20":
		return small(3, 16)
	case "resnet32":
		return small(5, 16)
	case "resnet56":
		return small(9, 16)
	case "resnet18-w20": // the reduced ResNet-18 of lifelong learning (Lopez-Paz and Ranzato 2017)
		return NewResNet(d, r, resnet(20, 2, 2, 2, 2))
	case "resnet18":
		return NewResNet(d, r, resnet(64, 2, 2, 2, 2))
	case "resnet34":
		return NewResNet(d, r, resnet(64, 3, 4, 6, 3))
	case "resnet50":
		config := resnet(64, 3, 4, 6, 3)
		config.Bottleneck = true
		return NewResNet(d, r, config)
	case "wrn-16-8":
		return wide(16, 8)
	case "wrn-28-2":
		return wide(28, 2)
	case "wrn-28-10":
		return wide(28, 10)
	}
	panic(fmt.Sprintf("nn: model %q is listed but cannot be built", m.Name))
}
