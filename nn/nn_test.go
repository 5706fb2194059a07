package nn

import (
	"math"
	"slices"
	"testing"

	"lbsam/autograd"
	"lbsam/internal/rng"
	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

func open(t *testing.T, name string, precision kernels.Dtype) *kernels.Device {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: name, Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func ref(t *testing.T) *kernels.Device { return open(t, "ref", kernels.Float64) }

// forward is the result of l for x of the given shape, and the shape.
func forward(d *kernels.Device, l Layer, m Mode, x []float64, shape ...int) ([]float64, []int) {
	tape := autograd.NewTape(kernels.NewArena(d))
	y := l.Forward(tape, autograd.Input(tensor.From(d, x, shape...)), m)
	return y.Value.Floats(), y.Shape()
}

func randn(seed, n int) []float64 { return kerneltest.Randn[float64](kerneltest.Rng(seed), n) }

func weights(seed uint64) *rng.Stream {
	r := rng.New(seed, rng.Weights)
	return &r
}

var train = Mode{Train: true, StatUpdates: 1}

func TestLayersByHand(t *testing.T) {
	d := ref(t)
	conv := NewConv2d(d, nil, 2, 1, 1, tensor.Window{Stride: 1}).WithBias(nil)
	conv.Weight.Value.SetFloats([]float64{10, 1})
	conv.Bias.Value.Fill(0.5)
	linear := NewLinear(d, nil, 2, 2)
	linear.Weight.Value.SetFloats([]float64{1, 2, 3, 4})
	linear.Bias.Value.SetFloats([]float64{0, 0.5})
	norm := NewBatchNorm2d(d, 1)
	norm.Eps = 0
	norm.Gamma.Value.Fill(2)
	norm.Beta.Value.Fill(1)
	for _, c := range []struct {
		name           string
		layer          Layer
		mode           Mode
		shape, becomes []int
		x, want        []float64
	}{
		{"conv2d", conv, train, []int{1, 1, 2, 2}, []int{1, 1, 2, 1}, []float64{1, 2, 3, 4}, []float64{12.5, 34.5}},
		{"linear", linear, train, []int{1, 2}, []int{1, 2}, []float64{5, 6}, []float64{17, 39.5}},
		{"relu", ReLU{}, train, []int{1, 3}, []int{1, 3}, []float64{-1, 0, 2}, []float64{0, 0, 2}},
		{"maxpool2d", MaxPool2d{Size: 2}, train, []int{1, 2, 2, 2}, []int{1, 1, 1, 2}, []float64{1, 8, 2, 7, 3, 6, 4, 5}, []float64{4, 8}},
		{"avgpool2d", AvgPool2d{Size: 2, Stride: 1}, train, []int{1, 2, 3, 1}, []int{1, 1, 2, 1}, []float64{1, 2, 3, 4, 5, 6}, []float64{3, 4}},
		{"globalavgpool2d", GlobalAvgPool2d{}, train, []int{1, 1, 2, 2}, []int{1, 1, 1, 2}, []float64{1, 2, 3, 6}, []float64{2, 4}},
		{"flatten", Flatten{}, train, []int{1, 1, 2, 2}, []int{1, 4}, []float64{1, 2, 3, 4}, []float64{1, 3, 2, 4}},
		// The batch has mean 4 and variance 1, the running statistics are 0 and 1.
		{"batchnorm2d training", norm, Mode{Train: true}, []int{2, 1, 1, 1}, []int{2, 1, 1, 1}, []float64{3, 5}, []float64{-1, 3}},
		{"batchnorm2d", norm, Mode{}, []int{2, 1, 1, 1}, []int{2, 1, 1, 1}, []float64{3, 5}, []float64{7, 11}},
		{"padded shortcut", padShortcut{oc: 3, stride: 2}, train, []int{1, 1, 2, 1}, []int{1, 1, 1, 3}, []float64{3, 5}, []float64{0, 3, 0}},
	} {
		got, shape := forward(d, c.layer, c.mode, c.x, c.shape...)
		if err := kerneltest.Compare(got, c.want, 1e-15, 0); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !slices.Equal(shape, c.becomes) {
			t.Errorf("%s: shape %v, want %v", c.name, shape, c.becomes)
		}
	}
}

func TestBatchNormStatisticsFollowTheMode(t *testing.T) {
	d := ref(t)
	for _, c := range []struct {
		mode  Mode
		mean  float64 // of the running mean, from 0 towards 4 by a tenth of the way
		count int32
	}{
		{Mode{}, 0, 0},
		{Mode{StatUpdates: 1}, 0, 0},
		{Mode{Train: true}, 0, 0},
		{Mode{Train: true, StatUpdates: 1}, 0.4, 1},
		{Mode{Train: true, StatUpdates: 2}, 0.76, 2},
	} {
		norm := NewBatchNorm2d(d, 1)
		forward(d, norm, c.mode, []float64{3, 5}, 2, 1, 1, 1)
		count := make([]int32, 1)
		kernels.Download(count, norm.Running.Count.Data)
		if mean := norm.Running.Mean.Floats()[0]; math.Abs(mean-c.mean) > 1e-15 || count[0] != c.count {
			t.Errorf("%+v: running mean %v after %d updates, want %v after %d", c.mode, mean, count[0], c.mean, c.count)
		}
	}
}

// The fused forms are the same numbers as their parts, one by one.
func TestFusedBatchNorm(t *testing.T) {
	d := ref(t)
	norm := NewBatchNorm2d(d, 3)
	tape := autograd.NewTape(kernels.NewArena(d))
	x := autograd.Input(tensor.From(d, randn(1, 24), 2, 2, 2, 3))
	residual := autograd.Input(tensor.From(d, randn(2, 24), 2, 2, 2, 3))
	for _, m := range []Mode{{}, train} {
		plain := norm.Forward(tape, x, m)
		for name, pair := range map[string][2]*autograd.Var{
			"ForwardReLU":    {norm.ForwardReLU(tape, x, m), tape.ReLU(plain)},
			"ForwardAddReLU": {norm.ForwardAddReLU(tape, x, residual, m), tape.ReLU(tape.Add(plain, residual))},
		} {
			if err := kerneltest.Compare(pair[0].Value.Floats(), pair[1].Value.Floats(), 1e-15, 1e-15); err != nil {
				t.Errorf("%s, %+v: %v", name, m, err)
			}
		}
	}
}

// So are a convolution and the normalisation behind it, alone and in a
// Sequential.
func TestConvolutionBehindBatchNorm(t *testing.T) {
	d := ref(t)
	conv, norm := conv3x3(d, weights(1), 3, 4, 1), NewBatchNorm2d(d, 4)
	norm.Running.Mean.Fill(0.3)
	tape := autograd.NewTape(kernels.NewArena(d))
	x := autograd.Input(tensor.From(d, randn(1, 24), 2, 2, 2, 3))
	residual := autograd.Input(tensor.From(d, randn(2, 32), 2, 2, 2, 4))
	for _, m := range []Mode{{}, train} {
		z := conv.Forward(tape, x, m)
		for name, pair := range map[string][2]*autograd.Var{
			"behind":     {norm.behind(conv, tape, x, residual, m, true), norm.ForwardAddReLU(tape, z, residual, m)},
			"Sequential": {Sequential{{"0", conv}, {"1", norm}, {"2", ReLU{}}, {"3", norm}}.Forward(tape, x, m), norm.Forward(tape, norm.ForwardReLU(tape, z, m), m)},
		} {
			if err := kerneltest.Compare(pair[0].Value.Floats(), pair[1].Value.Floats(), 0, 0); err != nil {
				t.Errorf("%s, %+v: %v", name, m, err)
			}
		}
	}
}

func TestDropout(t *testing.T) {
	d := ref(t)
	x := randn(1, 1000)
	drop := NewDropout(d, weights(1), 0.5)
	if y, _ := forward(d, drop, Mode{}, x, 1, 1000); kerneltest.Compare(y, x, 0, 0) != nil {
		t.Error("dropout changes x in evaluation")
	}
	if y, _ := forward(d, NewDropout(d, nil, 0), train, x, 1, 1000); kerneltest.Compare(y, x, 0, 0) != nil {
		t.Error("dropout with P 0 changes x")
	}
	first, _ := forward(d, drop, train, x, 1, 1000)
	second, _ := forward(d, drop, train, x, 1, 1000)
	kept, differ := 0, 0
	for i := range x {
		if first[i] != 0 {
			kept++
		}
		if first[i] != second[i] {
			differ++
		}
	}
	if kept < 420 || kept > 580 || differ < 420 || differ > 580 { // 5 standard deviations
		t.Errorf("%d of 1000 elements kept, %d not the same in the next pass, want about 500 each", kept, differ)
	}
	again := NewDropout(d, weights(1), 0.5)
	if y, _ := forward(d, again, train, x, 1, 1000); kerneltest.Compare(y, first, 0, 0) != nil {
		t.Error("the same seed drops other elements")
	}
	other := NewDropout(d, weights(2), 0.5)
	if y, _ := forward(d, other, train, x, 1, 1000); kerneltest.Compare(y, first, 0, 0) == nil {
		t.Error("another seed drops the same elements")
	}
}

func TestDropoutProbabilityIsChecked(t *testing.T) {
	for _, p := range []float64{-0.1, 1, math.NaN()} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("P %v was accepted", p)
				}
			}()
			NewDropout(ref(t), nil, p)
		}()
	}
}

func TestInitialWeights(t *testing.T) {
	conv := NewConv2d(ref(t), weights(7), 5, 40, 3, tensor.Window{Stride: 1, Pad: 1}).WithBias(weights(8))
	bound := 1 / math.Sqrt(5*3*3)
	for name, v := range map[string]*autograd.Var{"weight": conv.Weight, "bias": conv.Bias} {
		values := v.Value.Floats()
		mean, square, largest := 0.0, 0.0, 0.0
		for _, x := range values {
			mean += x / float64(len(values))
			square += x * x / float64(len(values))
			largest = max(largest, math.Abs(x))
			if x != float64(float32(x)) {
				t.Fatalf("%s: %v is no float32", name, x)
			}
		}
		// A uniform distribution has variance bound²/3; 5 standard deviations.
		near := 5 / math.Sqrt(3*float64(len(values)))
		if largest > bound || largest < 0.8*bound || math.Abs(mean) > near*bound || math.Abs(square-bound*bound/3) > near*bound*bound {
			t.Errorf("%s: largest %.4f, mean %.4f, mean square %.6f; want them of U(-%.4f, %.4f)", name, largest, mean, square, bound, bound)
		}
	}
}

func TestSequentialNames(t *testing.T) {
	d := ref(t)
	s := Sequential{
		{"0", NewConv2d(d, nil, 1, 2, 3, tensor.Window{Stride: 1})},
		{"1", Sequential{{"bn", NewBatchNorm2d(d, 2)}, {"relu", ReLU{}}, {"drop", NewDropout(d, nil, 0.1)}}},
	}
	got := ""
	for _, p := range s.Params() {
		got += p.Name + " "
	}
	for _, b := range s.Buffers() {
		got += b.Name + " "
	}
	const want = "0.weight 1.bn.weight 1.bn.bias 1.bn.running_mean 1.bn.running_var 1.bn.num_batches_tracked 1.drop.key "
	if got != want {
		t.Errorf("names are %q, want %q", got, want)
	}
	if !s.Random() || s[:1].Random() {
		t.Errorf("Random is %v with dropout, %v without", s.Random(), s[:1].Random())
	}
}
