package nn

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// empty is a model with weights of zero, which are quick to make.
func empty(d *kernels.Device, name string, classes, channels int) *Model {
	m := &Model{Name: name, Classes: classes, Input: [3]int{32, 32, channels}}
	m.Layer = build(d, nil, m)
	return m
}

func count(l Layer) (n int) {
	for _, p := range l.Params() {
		n += p.Value.Len()
	}
	return n
}

// The numbers of the published models, and of a count by hand for the rest.
func TestParameterCounts(t *testing.T) {
	d := open(t, "ref", kernels.Float32)
	for _, c := range []struct {
		name              string
		classes, channels int
		want              int
	}{
		{"resnet18", 10, 3, 11_173_962}, {"resnet18", 100, 3, 11_220_132},
		{"resnet34", 10, 3, 21_282_122}, {"resnet34", 100, 3, 21_328_292},
		{"resnet50", 10, 3, 23_520_842}, {"resnet50", 100, 3, 23_705_252},
		{"resnet18", 10, 1, 11_173_962 - 2*9*64}, {"resnet18-w20", 100, 3, 1_109_240},
		{"resnet8", 10, 3, 75_290}, {"resnet20", 10, 3, 269_722}, {"resnet32", 10, 3, 464_154}, {"resnet56", 10, 3, 853_018},
		{"wrn-16-8", 10, 3, 10_961_370}, {"wrn-28-2", 10, 3, 1_467_610},
		{"wrn-28-10", 10, 3, 36_479_194}, {"wrn-28-10", 100, 3, 36_536_884},
		{"mlp", 10, 3, (3072+1)*512 + (512+1)*512 + (512+1)*10},
		{"lenet", 10, 1, (25+1)*16 + (16*25+1)*32 + (32*8*8+1)*128 + (128+1)*10},
		{"convnet", 10, 3, 1602},
	} {
		if got := count(empty(d, c.name, c.classes, c.channels)); got != c.want {
			t.Errorf("%s, %d classes, %d channels: %d parameters, want %d", c.name, c.classes, c.channels, got, c.want)
		}
	}
}

// torchShape is the shape in which PyTorch keeps a parameter.
func torchShape(shape []int) []int {
	if len(shape) == 4 { // [oc kh kw ic] there is [oc ic kh kw]
		return []int{shape[0], shape[3], shape[1], shape[2]}
	}
	return shape
}

// The list was printed by PyTorch, from the models of the published code and
// small ones of their kind.
func TestNamesAndOrderArePyTorchs(t *testing.T) {
	d := open(t, "ref", kernels.Float32)
	tiny := func(c ResNetConfig) Layer {
		c.Channels, c.Classes = 3, 10
		return NewResNet(d, nil, c)
	}
	models := map[string]Layer{
		"mlp":                  NewMLP(d, nil, 48, []int{32}, 10),
		"convnet":              NewConvNet(d, nil, 3, 10),
		"resnet-basic-w8":      tiny(ResNetConfig{Blocks: []int{1, 1, 1, 1}, Width: 8}),
		"resnet-bottleneck-w4": tiny(ResNetConfig{Blocks: []int{1, 2, 1, 1}, Width: 4, Bottleneck: true}),
		"resnet18":             empty(d, "resnet18", 10, 3),
		"resnet34":             empty(d, "resnet34", 10, 3),
		"resnet50":             empty(d, "resnet50", 10, 3),
	}
	for name, want := range namedParameters(t) {
		m := models[name]
		if m == nil {
			t.Errorf("no model %s", name)
			continue
		}
		got := []string{fmt.Sprint(count(m))}
		for _, p := range m.Params() {
			got = append(got, p.Name+" "+strings.Trim(fmt.Sprint(torchShape(p.Shape())), "[]"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the parameters are\n%q, want\n%q", name, got, want)
		}
	}
}

// namedParameters reads the number of parameters and the list of each model.
func namedParameters(t *testing.T) map[string][]string {
	f, err := os.Open("testdata/named_parameters.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lists := map[string][]string{}
	model := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		fields := strings.Fields(line)
		switch {
		case line == "" || line[0] == '#':
		case fields[0] == "model":
			model = fields[1]
			lists[model] = fields[2:]
		default:
			lists[model] = append(lists[model], line)
		}
	}
	if len(lists) != 7 {
		t.Fatalf("%d models in the list, want 7", len(lists))
	}
	return lists
}

func TestBuffers(t *testing.T) {
	d := open(t, "ref", kernels.Float32)
	for name, want := range map[string]int{"resnet18": 20, "resnet34": 36, "resnet50": 53, "resnet20": 19, "wrn-28-2": 25, "mlp": 0} {
		m := empty(d, name, 10, 3)
		exported := 0
		for _, b := range m.Buffers() {
			if b.Export {
				exported++
			}
		}
		if exported != 3*want { // mean, variance and count of each BatchNorm2d
			t.Errorf("%s exports %d buffers, want %d", name, exported, 3*want)
		}
	}
	names := empty(d, "resnet18", 10, 3).Buffers()
	if got, want := names[len(names)-1].Name, "layer4.1.bn2.num_batches_tracked"; got != want {
		t.Errorf("last buffer is %s, want %s", got, want)
	}
}

func TestRandom(t *testing.T) {
	d := open(t, "ref", kernels.Float32)
	c := WideResNetConfig{Depth: 10, Widen: 1, Channels: 1, Classes: 2}
	without := &Model{Layer: NewWideResNet(d, nil, c)}
	c.Dropout = 0.3
	with := &Model{Layer: NewWideResNet(d, weights(1), c)}
	if without.Random() || !with.Random() || empty(d, "mlp", 10, 1).Random() {
		t.Error("Random must tell whether there is dropout with P above 0")
	}
	x := randn(1, 64)
	first, _ := forward(d, with, train, x, 1, 8, 8, 1)
	second, _ := forward(d, with, train, x, 1, 8, 8, 1)
	if slices.Equal(first, second) {
		t.Error("two passes with dropout agree")
	}
}

func TestForwardShapes(t *testing.T) {
	d := open(t, "cpu", kernels.Float32)
	for _, c := range []struct {
		name          string
		side, channel int
	}{
		{"mlp", 28, 1}, {"lenet", 28, 1}, {"lenet", 32, 3}, {"convnet", 28, 1}, {"convnet", 32, 3}, {"resnet8", 28, 1}, {"resnet20", 32, 3},
		{"resnet8", 4, 1}, {"lenet", 5, 2}, {"wrn-28-2", 8, 3}, {"resnet18", 8, 1}, {"resnet50", 8, 3},
	} {
		m, err := New(d, c.name, 7, c.side, c.side, c.channel, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, shape := forward(d, m, train, randn(1, 2*c.side*c.side*c.channel), 2, c.side, c.side, c.channel)
		if !slices.Equal(shape, []int{2, 7}) {
			t.Errorf("%s of %d pixels: logits %v, want [2 7]", c.name, c.side, shape)
		}
		for _, v := range got {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s of %d pixels: logits %v", c.name, c.side, got)
				break
			}
		}
	}
}

// Evaluation must not depend on the other images of the batch, and training
// with BatchNorm2d must.
func TestEvaluationSeesEachImageAlone(t *testing.T) {
	d := ref(t)
	m, err := New(d, "convnet", 3, 6, 6, 1, 5)
	if err != nil {
		t.Fatal(err)
	}
	x := randn(1, 2*36)
	forward(d, m, train, x, 2, 6, 6, 1)
	for _, mode := range []Mode{{}, train} {
		both, _ := forward(d, m, mode, x, 2, 6, 6, 1)
		alone, _ := forward(d, m, mode, x[:36], 1, 6, 6, 1)
		if same := slices.Equal(both[:3], alone); same == mode.Train {
			t.Errorf("%+v: logits %v in a batch of two, %v alone", mode, both[:3], alone)
		}
	}
}

func TestNewIsDeterministic(t *testing.T) {
	values := func(d *kernels.Device, seed uint64) (list []float64) {
		m, err := New(d, "convnet", 10, 8, 8, 3, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Params() {
			list = append(list, p.Value.Floats()...)
		}
		return list
	}
	a, b := values(ref(t), 1), values(open(t, "cpu", kernels.Float32), 1)
	if !slices.Equal(a, b) {
		t.Error("the weights of a seed differ between float32 and float64")
	}
	if slices.Equal(a, values(ref(t), 2)) {
		t.Error("two seeds give the same weights")
	}
}

func TestNewByName(t *testing.T) {
	d := open(t, "ref", kernels.Float32)
	for spelt, want := range map[string]string{
		"LeNet": "lenet", "ResNet-8": "resnet8", "resnet_20": "resnet20",
		"wrn28-2": "wrn-28-2", "WideResNet-28-2": "wrn-28-2", "wrn_28_2": "wrn-28-2", "wide_resnet_28_2": "wrn-28-2",
	} {
		m, err := New(d, spelt, 10, 8, 8, 3, 1)
		if err != nil || m.Name != want {
			t.Errorf("New(%q) = %v, %v, want %s", spelt, m, err, want)
		}
	}
	for _, c := range []struct {
		name                  string
		classes, side, colors int
		want                  string
	}{
		{"resnt18", 10, 32, 3, `unknown model "resnt18": did you mean resnet18? want one of mlp, lenet,`},
		{"transformer", 10, 32, 3, `unknown model "transformer": want one of mlp, lenet,`},
		{"", 10, 32, 3, `unknown model "": want one of`},
		{"mlp", 1, 32, 3, "1 classes: want 2 or more"},
		{"mlp", 10, 3, 3, "images of 3x3 pixels and 3 channels: want 4x4 and 1 or more"},
		{"mlp", 10, 32, 0, "images of 32x32 pixels and 0 channels: want 4x4 and 1 or more"},
	} {
		_, err := New(d, c.name, c.classes, c.side, c.side, c.colors, 1)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%q): error %v, want %q", c.name, err, c.want)
		}
	}
}

// Every listed name is one that build knows, spelt so that no other is alike.
func TestNamesAreDistinctAndKnown(t *testing.T) {
	d := open(t, "ref", kernels.Float32)
	seen := map[string]bool{}
	for _, name := range Names() {
		if seen[plain(name)] {
			t.Errorf("%s is spelt like another model", name)
		}
		seen[plain(name)] = true
		if len(empty(d, name, 2, 1).Params()) == 0 {
			t.Errorf("%s has no parameters", name)
		}
	}
}

// A step on a model moves its logits: parameters, arena and layer are the
// same numbers.
func TestParametersAreViewsOfTheArena(t *testing.T) {
	d := ref(t)
	m, err := New(d, "mlp", 3, 4, 4, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := autograd.NewParams(m.Params())
	p.Weights.Zero()
	if got, _ := forward(d, m, Mode{}, randn(1, 16), 1, 4, 4, 1); !slices.Equal(got, []float64{0, 0, 0}) {
		t.Errorf("logits %v with an arena of zeros", got)
	}
	tape := autograd.NewTape(kernels.NewArena(d))
	y := m.Forward(tape, autograd.Input(tensor.From(d, randn(1, 16), 1, 4, 4, 1)), train)
	tape.Backward(loss(tape, y, tensor.NewScalar(d, 0)))
	last := len(p.List) - 1
	if g := p.Grads.Part(p.Offsets[last], 3).Floats(); !(g[0] < 0 && g[1] > 0) {
		t.Errorf("gradient of the last bias in the arena is %v, want one that favours label 0", g)
	}
}
