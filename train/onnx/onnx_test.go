package onnx

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"lbsam/autograd"
	"lbsam/internal/rng"
	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/nn"
	"lbsam/tensor"
	"lbsam/train/checkpoint"
)

func device(t *testing.T) *kernels.Device {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: "ref", Precision: kernels.Float64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// trained moves what a new model has at 0 or 1 off it, so that no operation is
// the identity. All are numbers of float32, as in the file.
func trained(m *nn.Model) *nn.Model {
	r := kerneltest.Rng(5)
	single := func(v float64) float64 { return float64(float32(v)) }
	for _, p := range m.Params() {
		if len(p.Shape()) == 1 {
			values := kerneltest.Randn[float64](r, p.Value.Len())
			for i, v := range values {
				values[i] = single(1 + 0.3*v)
			}
			p.Value.SetFloats(values)
		}
	}
	for _, b := range m.Buffers() {
		if strings.HasSuffix(b.Name, "running_mean") || strings.HasSuffix(b.Name, "running_var") {
			values := kerneltest.Randn[float64](r, b.Value.Len())
			for i, v := range values {
				values[i] = single(0.5 + v*v)
			}
			b.Value.SetFloats(values)
		}
	}
	return m
}

// small are models of every kind, and images of the size for them.
func small(t *testing.T, d *kernels.Device) (list []*nn.Model) {
	for _, name := range []string{"mlp", "lenet", "convnet", "resnet8-w8"} {
		m, err := nn.New(d, name, 10, 8, 6, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, trained(m))
	}
	r := rng.New(1, rng.Weights)
	for name, l := range map[string]nn.Layer{
		"bottleneck": nn.NewResNet(d, &r, nn.ResNetConfig{Blocks: []int{1, 2}, Width: 4, Bottleneck: true, Channels: 3, Classes: 10}),
		"basic":      nn.NewResNet(d, &r, nn.ResNetConfig{Blocks: []int{1, 2}, Width: 4, Channels: 3, Classes: 10}),
		"wide":       nn.NewWideResNet(d, &r, nn.WideResNetConfig{Depth: 10, Widen: 1, Channels: 3, Classes: 10}),
	} {
		list = append(list, trained(&nn.Model{Name: name, Layer: l, Classes: 10, Input: [3]int{8, 6, 3}}))
	}
	return list
}

// write returns the file.
func write(t *testing.T, f File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The file of a model, computed by the definitions of ONNX's operations, gives
// the logits of the model.
func TestLogits(t *testing.T) {
	d := device(t)
	for _, m := range small(t, d) {
		for _, n := range []int{1, 3} {
			h, w, c := m.Input[0], m.Input[1], m.Input[2]
			pixels := kerneltest.Randn[float64](kerneltest.Rng(7), n*h*w*c)
			tape := autograd.NewTape(kernels.NewArena(d))
			want := m.Forward(tape, autograd.Input(tensor.From(d, pixels, n, h, w, c)), nn.Mode{}).Value.Floats()
			shape, nchw := checkpoint.ToTorch([]int{n, h, w, c}, pixels)
			raw := slices.Clone(nchw)
			mean, std := []float64{0.5, 0.25, -1}, []float64{0.5, 2, 0.125}
			for i := range raw {
				k := i / (h * w) % c
				raw[i] = raw[i]*std[k] + mean[k]
			}
			for name, v := range map[string]struct {
				file  File
				input []float64
				tol   float64
			}{
				"plain":      {File{Model: m}, nchw, 1e-7},             // epsilon is a float32
				"folded":     {File{Model: m, Fold: true}, nchw, 1e-5}, // weights are rounded once more
				"normalised": {File{Model: m, Mean: mean, Std: std}, raw, 1e-7},
			} {
				p := parse(t, write(t, v.file))
				got := p.run(t, array{shape, v.input})
				if !slices.Equal(got.shape, []int{n, 10}) {
					t.Fatalf("%s, %s: logits %v, want [%d 10]", m.Name, name, got.shape, n)
				}
				largest := slices.Max(append([]float64{-slices.Min(want)}, want...))
				if err := kerneltest.Compare(got.values, want, v.tol*largest, 0); err != nil {
					t.Errorf("%s, %s, %d images: %v", m.Name, name, n, err)
				}
			}
		}
	}
}

func kinds(p *program) map[string]int {
	count := map[string]int{}
	for _, n := range p.nodes {
		count[string(n[nodeType][0].bytes)]++
	}
	return count
}

func TestFoldLeavesNoNormalisationBehindAConvolution(t *testing.T) {
	d := device(t)
	for _, m := range small(t, d) {
		plain, folded := kinds(parse(t, write(t, File{Model: m}))), kinds(parse(t, write(t, File{Model: m, Fold: true})))
		left := 0
		if m.Name == "wide" { // the first one of each of three blocks, and the last of all
			left = 4
		}
		if folded["BatchNormalization"] != left || folded["Conv"] != plain["Conv"] {
			t.Errorf("%s: %v, folded %v; want %d normalisations", m.Name, plain, folded, left)
		}
	}
}

func TestMetadataAndNames(t *testing.T) {
	d := device(t)
	m, err := nn.New(d, "convnet", 10, 8, 6, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	f := File{Model: m, Version: "1.2.3", Metadata: map[string]string{"dataset": "MNIST", "epoch": "3", "a": "1", "b": "2", "c": "3", "d": "4"}}
	file := write(t, f)
	p := parse(t, file)
	if p.meta["dataset"] != "MNIST" || p.meta["epoch"] != "3" {
		t.Errorf("metadata %v", p.meta)
	}
	if got := p.values["conv2.weight"].shape; !slices.Equal(got, []int{16, 8, 3, 3}) {
		t.Errorf("conv2.weight is %v, want [16 8 3 3]", got)
	}
	if again := write(t, f); !bytes.Equal(file, again) {
		t.Error("the same model makes another file")
	}
	top := fields(t, file)
	graph := fields(t, top[modelGraph][0].bytes)
	for field, want := range map[protowire.Number]string{graphInput: "input [batch 1 8 6]", graphOutput: "logits [batch 10]"} {
		if got := described(t, graph[field][0].bytes); got != want || len(graph[field]) != 1 {
			t.Errorf("the graph has %s, want %s", got, want)
		}
	}
	if v := fields(t, top[modelOpsets][0].bytes)[opsetVersion][0].number; v < 17 || string(top[modelProducerVersion][0].bytes) != "1.2.3" {
		t.Errorf("opset %d, version %s", v, top[modelProducerVersion][0].bytes)
	}
}

// A layer of one's own, whose names and way of computing are awkward.
type layer struct {
	forward func(t *autograd.Tape, x *autograd.Var) *autograd.Var
	params  []autograd.Param
}

func (l layer) Forward(t *autograd.Tape, x *autograd.Var, _ nn.Mode) *autograd.Var {
	return l.forward(t, x)
}
func (l layer) Params() []autograd.Param { return l.params }

func TestLayersOfOnesOwn(t *testing.T) {
	d := device(t)
	r := kerneltest.Rng(3)
	random := func(shape ...int) *autograd.Var {
		return autograd.NewParam(tensor.From(d, kerneltest.Randn[float64](r, tensor.Size(shape)), shape...))
	}
	w, fc, b := random(3, 1, 1, 3), random(2, 3), random(2)
	// The weight is shared, and the input used twice.
	shared := func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
		one := tensor.Window{Stride: 1}
		y := t.Add(t.Conv2d(t.Conv2d(x, w, nil, one), w, nil, one), x)
		y = t.AvgPool2d(y, 2, tensor.Window{Stride: 2, Pad: 1})
		y = t.AvgPool2d(y, 3, tensor.Window{Stride: 1, Pad: 1}) // as large as the image, and yet not the mean over it
		return t.Linear(t.Flatten(t.GlobalAvgPool2d(y)), fc, b)
	}
	params := []autograd.Param{{Name: "weight", Var: w}, {Name: "fc.weight", Var: fc}, {Name: "relu", Var: b}}
	m := &nn.Model{Name: "own", Layer: layer{shared, params}, Classes: 2, Input: [3]int{4, 4, 3}}
	pixels := kerneltest.Randn[float64](r, 4*4*3)
	want := shared(autograd.NewTape(kernels.NewArena(d)), autograd.Input(tensor.From(d, pixels, 1, 4, 4, 3))).Value.Floats()
	shape, nchw := checkpoint.ToTorch([]int{1, 4, 4, 3}, pixels)
	got := parse(t, write(t, File{Model: m})).run(t, array{shape, nchw})
	if err := kerneltest.Compare(got.values, want, 1e-6, 0); err != nil { // weights are rounded to float32
		t.Error(err)
	}

	running := autograd.Running{Mean: tensor.New(d, 3), Var: tensor.New(d, 3), Count: tensor.NewOf(d, kernels.Int32, 1)}
	key := tensor.NewOf(d, kernels.Int32, 3)
	for want, forward := range map[string]func(t *autograd.Tape, x *autograd.Var) *autograd.Var{
		`operation dropout: has no counterpart in ONNX`:              func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.Dropout(x, key, 0.5) },
		`operation relu: found an operand [1 4 4 3] that is neither`: func(t *autograd.Tape, x *autograd.Var) *autograd.Var { return t.ReLU(autograd.Input(x.Value)) },
		`found an operand [3 1 1 3] that is no parameter`: func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
			return t.Conv2d(x, random(3, 1, 1, 3), nil, tensor.Window{Stride: 1})
		},
		`operation batchnorm: found running statistics that are no`: func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
			return t.BatchNorm(x, b, b, nil, running, autograd.BatchNorm{})
		},
		`operation batchnorm: takes the statistics of the batch`: func(t *autograd.Tape, x *autograd.Var) *autograd.Var {
			return t.BatchNorm(x, b, b, nil, running, autograd.BatchNorm{Train: true})
		},
	} {
		m.Layer = layer{forward, params}
		if strings.Contains(want, "batchnorm") {
			m.Layer = layer{forward, []autograd.Param{{Name: "b", Var: random(3)}}}
			b = m.Layer.Params()[0].Var
		}
		err := File{Model: m}.Write(io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "onnx: own: ") {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// A full disk is one that refuses.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestFailedWrite(t *testing.T) {
	m, err := nn.New(device(t), "convnet", 10, 8, 8, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := (File{Model: m}).Write(full{}); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("error %v", err)
	}
}
