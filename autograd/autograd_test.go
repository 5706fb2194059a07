package autograd

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// A network is one operation, or a few, on operands that all get a gradient.
type network struct {
	name   string
	shapes [][]int
	apply  func(t *Tape, in []*Var) *Var
}

func running(d *kernels.Device, c int) Running {
	r := Running{Mean: tensor.New(d, c), Var: tensor.New(d, c), Count: tensor.NewOf(d, kernels.Int32, 1)}
	r.Var.Fill(1.5)
	r.Mean.Fill(0.25)
	return r
}

func networks(d *kernels.Device) []network {
	train, eval := BatchNorm{Eps: 1e-5, Momentum: 0.1, Train: true}, BatchNorm{Eps: 1e-5}
	fused := train
	fused.ReLU = true
	evalFused := eval
	evalFused.ReLU = true
	r, two := running(d, 3), running(d, 2)
	key := tensor.NewOf(d, kernels.Int32, 3)
	kernels.Upload(key.Data, []int32{7, 1, 2})
	one := tensor.Window{Stride: 1, Pad: 1}
	return []network{
		{"conv2d", [][]int{{2, 5, 4, 3}, {2, 3, 3, 3}, {2}}, func(t *Tape, in []*Var) *Var { return t.Conv2d(in[0], in[1], in[2], one) }},
		{"conv2d stride 2 no bias", [][]int{{2, 5, 6, 1}, {3, 3, 2, 1}}, func(t *Tape, in []*Var) *Var {
			return t.Conv2d(in[0], in[1], nil, tensor.Window{Stride: 2})
		}},
		{"linear", [][]int{{3, 5}, {4, 5}, {4}}, func(t *Tape, in []*Var) *Var { return t.Linear(in[0], in[1], in[2]) }},
		{"relu", [][]int{{3, 5}}, func(t *Tape, in []*Var) *Var { return t.ReLU(in[0]) }},
		{"add", [][]int{{3, 5}, {3, 5}}, func(t *Tape, in []*Var) *Var { return t.Add(in[0], in[1]) }},
		{"add to itself", [][]int{{3, 5}}, func(t *Tape, in []*Var) *Var { return t.Add(in[0], in[0]) }},
		{"dropout", [][]int{{3, 7}}, func(t *Tape, in []*Var) *Var { return t.Dropout(in[0], key, 0.4) }},
		{"batchnorm", [][]int{{2, 2, 3, 3}, {3}, {3}}, func(t *Tape, in []*Var) *Var { return t.BatchNorm(in[0], in[1], in[2], nil, r, train) }},
		{"batchnorm relu add", [][]int{{2, 2, 3, 3}, {3}, {3}, {2, 2, 3, 3}}, func(t *Tape, in []*Var) *Var {
			return t.BatchNorm(in[0], in[1], in[2], in[3], r, fused)
		}},
		{"batchnorm eval", [][]int{{2, 2, 3, 3}, {3}, {3}}, func(t *Tape, in []*Var) *Var { return t.BatchNorm(in[0], in[1], in[2], nil, r, eval) }},
		{"batchnorm eval relu add", [][]int{{2, 2, 3, 3}, {3}, {3}, {2, 2, 3, 3}}, func(t *Tape, in []*Var) *Var {
			return t.BatchNorm(in[0], in[1], in[2], in[3], r, evalFused)
		}},
		{"batchnorm relu add used twice", [][]int{{2, 2, 3, 3}, {3}, {3}, {2, 2, 3, 3}, {3, 3, 3, 3}}, func(t *Tape, in []*Var) *Var {
			y := t.BatchNorm(in[0], in[1], in[2], in[3], r, fused)
			return t.Add(y, t.Conv2d(y, in[4], nil, one))
		}},
		{"batchnorm add used three times", [][]int{{2, 2, 3, 3}, {3}, {3}, {2, 2, 3, 3}, {3, 3, 3, 3}}, func(t *Tape, in []*Var) *Var {
			y := t.BatchNorm(in[0], in[1], in[2], in[3], r, train)
			return t.Add(t.Add(t.Conv2d(y, in[4], nil, one), y), y)
		}},
		{"batchnorm eval relu used four times", [][]int{{2, 2, 3, 3}, {3}, {3}, {3, 3, 3, 3}}, func(t *Tape, in []*Var) *Var {
			y := t.BatchNorm(in[0], in[1], in[2], nil, r, evalFused)
			return t.Add(t.Add(t.Conv2d(y, in[3], nil, one), y), t.Add(y, y))
		}},
		{"conv2d batchnorm relu add", [][]int{{2, 4, 3, 2}, {3, 3, 3, 2}, {3}, {3}, {3}, {2, 4, 3, 3}}, func(t *Tape, in []*Var) *Var {
			return t.Conv2dBatchNorm(in[0], in[1], in[2], one, in[3], in[4], in[5], r, fused)
		}},
		{"batchnorm eval behind conv2d", [][]int{{2, 4, 3, 2}, {3, 3, 3, 2}, {3}, {3}}, func(t *Tape, in []*Var) *Var {
			return t.Conv2dBatchNorm(in[0], in[1], nil, one, in[2], in[3], nil, r, eval)
		}},
		{"maxpool2d", [][]int{{2, 5, 4, 3}}, func(t *Tape, in []*Var) *Var { return t.MaxPool2d(in[0], 3, tensor.Window{Stride: 2, Pad: 1}) }},
		{"avgpool2d", [][]int{{2, 5, 4, 3}}, func(t *Tape, in []*Var) *Var { return t.AvgPool2d(in[0], 2, tensor.Window{Stride: 2, Pad: 1}) }},
		{"globalavgpool2d", [][]int{{2, 5, 4, 3}}, func(t *Tape, in []*Var) *Var { return t.GlobalAvgPool2d(in[0]) }},
		{"custom", [][]int{{3, 5}, {3, 5}}, custom},
		{"flatten", [][]int{{2, 3, 4, 3}}, func(t *Tape, in []*Var) *Var { return t.Flatten(in[0]) }},
		{"flatten of pixels", [][]int{{2, 1, 1, 3}}, func(t *Tape, in []*Var) *Var { return t.Flatten(in[0]) }},
		{"flatten of a channel used twice", [][]int{{2, 3, 2, 1}, {2, 6}}, func(t *Tape, in []*Var) *Var {
			x := t.ReLU(in[0])
			return t.Add(t.ReLU(t.Add(t.Flatten(x), in[1])), t.Flatten(x))
		}},
		{"padshortcut", [][]int{{2, 5, 4, 3}}, func(t *Tape, in []*Var) *Var { return t.PadShortcut(in[0], 6, 2) }},
		{"residual block", [][]int{{2, 4, 4, 2}, {2, 3, 3, 2}, {2}, {2}}, func(t *Tape, in []*Var) *Var {
			y := t.Conv2d(in[0], in[1], nil, one)
			y = t.BatchNorm(y, in[2], in[3], nil, two, fused)
			y = t.Conv2d(y, in[1], nil, one) // the weight is shared, the input used twice
			return t.BatchNorm(y, in[2], in[3], in[0], two, fused)
		}},
	}
}

// custom is 3a + max(b, 0) + max(b, 0), with its own gradient and with dy handed on.
func custom(t *Tape, in []*Var) *Var {
	a, r := t.Arena(), t.ReLU(in[1])
	y := tensor.Temp(a, r.Shape()...)
	tensor.Copy(y, r.Value)
	kernels.AddScaled(y.Data, in[0].Value.Data, 3)
	kernels.AddScaled(y.Data, r.Value.Data, 1)
	twice := tensor.Temp(a, 1) // something that backward reads
	twice.Fill(2)
	return t.Custom([]*Var{in[0], in[0], r}, y, func(dy *tensor.Tensor) []*tensor.Tensor {
		da := tensor.Temp(a, dy.Shape...)
		tensor.Copy(da, dy)
		kernels.AddScaled(da.Data, dy.Data, 2)      // da = 3 dy
		kernels.Scale(dy.Data, dy.Data, twice.Data) // db = 2 dy
		return []*tensor.Tensor{da, nil, dy}
	}, twice)
}

func TestCustomMistakesPanic(t *testing.T) {
	d := open(t, "ref", kernels.Float64)
	for want, grads := range map[string]func(dy *tensor.Tensor) []*tensor.Tensor{
		"0 gradients of 1 operands":                  func(*tensor.Tensor) []*tensor.Tensor { return nil },
		"gradient of operand 0 is [3 2], want [2 3]": func(dy *tensor.Tensor) []*tensor.Tensor { return []*tensor.Tensor{dy.View(3, 2)} },
	} {
		func() {
			defer func() {
				if message := fmt.Sprint(recover()); !strings.Contains(message, want) {
					t.Errorf("panic %q, want %q", message, want)
				}
			}()
			tape := NewTape(kernels.NewArena(d))
			x := NewParam(tensor.New(d, 2, 3))
			y := tape.Custom([]*Var{x}, tensor.Temp(tape.Arena(), 2, 3), grads)
			tape.Backward(head(tape, y, tensor.NewScalar(d, 0)))
		}()
	}
}

// head turns the result of a network into a loss that weighs every element
// differently: cross-entropy of its rows with smoothed labels.
func head(t *Tape, y *Var, loss tensor.Scalar) *Var {
	d := y.Device()
	if len(y.Shape()) == 4 {
		y = t.Flatten(y)
	}
	labels := make([]int32, y.Shape()[0])
	for i := range labels {
		labels[i] = int32(i % y.Shape()[1])
	}
	l := tensor.NewOf(d, kernels.Int32, len(labels))
	kernels.Upload(l.Data, labels)
	return t.CrossEntropy(loss, y, l, 0.1)
}

// A loss of two labels is that of both, weighted, with its gradient, and in
// lockstep with the CPU too.
func TestMixedCrossEntropy(t *testing.T) {
	const n, c, weight = 4, 5, 0.3
	ref, cpu := open(t, "ref", kernels.Float64), open(t, "cpu", kernels.Float32)
	labels, others := tensor.NewOf(ref, kernels.Int32, n), tensor.NewOf(ref, kernels.Int32, n)
	kernels.Upload(labels.Data, []int32{0, 1, 2, 3})
	kernels.Upload(others.Data, []int32{4, 1, 0, 2})
	x := parameters(ref, kerneltest.Rng(1), [][]int{{n, c}})[0]
	loss := tensor.NewScalar(ref, 0)
	run := func(tape *Tape, labels, others, weight *tensor.Tensor) []float64 {
		x.Grad.Zero()
		tape.Backward(tape.MixedCrossEntropy(loss, x, labels, others, weight, 0.1))
		return append(x.Grad.Floats(), loss.Read())
	}
	tape := NewTape(kernels.NewArena(ref))
	want, second := run(tape, labels, nil, nil), run(tape, others, nil, nil)
	for i, v := range second {
		want[i] = weight*want[i] + (1-weight)*v
	}
	l := NewLockstep(tape, cpu)
	if err := kerneltest.Compare(run(tape, labels, others, tensor.From(ref, []float64{weight}, 1)), want, 1e-14, 0); err != nil {
		t.Error(err)
	}
	if !(l.Ratio <= 1) || l.Compared < 2 {
		t.Errorf("%d compared, worst %s: %.3g of what is allowed", l.Compared, l.Worst, l.Ratio)
	}
}

func open(t *testing.T, name string, precision kernels.Dtype) *kernels.Device {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: name, Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func parameters(d *kernels.Device, rng *rand.Rand, shapes [][]int) []*Var {
	var in []*Var
	for _, shape := range shapes {
		in = append(in, NewParam(tensor.From(d, kerneltest.Randn[float64](rng, tensor.Size(shape)), shape...)))
	}
	return in
}

func TestGradients(t *testing.T) {
	d := open(t, "ref", kernels.Float64)
	for i, n := range networks(d) {
		t.Run(n.name, func(t *testing.T) {
			in := parameters(d, kerneltest.Rng(i), n.shapes)
			arena := kernels.NewArena(d)
			arena.Poison = true
			tape, scalar := NewTape(arena), tensor.NewScalar(d, 0)
			tape.Backward(head(tape, n.apply(tape, in), scalar))
			if used := arena.Used(); used != 0 {
				t.Errorf("%d bytes of the arena are still in use after Backward", used)
			}
			for j, v := range in {
				x, dx := v.Value.Floats(), v.Grad.Floats()
				loss := func() float64 {
					v.Value.SetFloats(x)
					head(tape, n.apply(tape, in), scalar)
					tape.Reset()
					return scalar.Read()
				}
				if err := kerneltest.CheckGradient(x, dx, loss); err != nil {
					t.Errorf("operand %d: %v", j, err)
				}
				v.Value.SetFloats(x)
			}
		})
	}
}

func TestLockstepAcceptsTheCPU(t *testing.T) {
	ref, cpu := open(t, "ref", kernels.Float64), open(t, "cpu", kernels.Float32)
	for i, n := range networks(ref) {
		in := parameters(ref, kerneltest.Rng(i), n.shapes)
		tape := NewTape(kernels.NewArena(ref))
		l := NewLockstep(tape, cpu)
		if n.name == "dropout" || n.name == "custom" || strings.HasPrefix(n.name, "batchnorm eval") {
			continue // state that lives on the reference device only, or nothing to do again
		}
		want := gradients(ref, n, in)
		tape.Backward(head(tape, n.apply(tape, in), tensor.NewScalar(ref, 0)))
		if !(l.Ratio <= 1) || l.Compared < 4 {
			t.Errorf("%s: %d compared, worst %s: %.3g of what is allowed", n.name, l.Compared, l.Worst, l.Ratio)
		}
		for j, v := range in { // lockstep must not change the reference's result
			if err := kerneltest.Compare(v.Grad.Floats(), want[j], 1e-14, 1e-14); err != nil {
				t.Errorf("%s: gradient of operand %d: %v", n.name, j, err)
			}
			v.Grad.Zero()
		}
	}
}

// gradients are those of the operands of n without lockstep.
func gradients(d *kernels.Device, n network, in []*Var) (grads [][]float64) {
	tape := NewTape(kernels.NewArena(d))
	tape.Backward(head(tape, n.apply(tape, in), tensor.NewScalar(d, 0)))
	for _, v := range in {
		grads = append(grads, v.Grad.Floats())
		v.Grad.Zero()
	}
	return grads
}

func TestLockstepCanFail(t *testing.T) {
	ref, cpu := open(t, "ref", kernels.Float64), open(t, "cpu", kernels.Float32)
	tape := NewTape(kernels.NewArena(ref))
	l := NewLockstep(tape, cpu)
	x := NewParam(tensor.From(ref, []float64{1, -2, 3}, 1, 3))
	tape.ReLU(x)
	l.compare("doctored", tensor.From(cpu, []float64{1, 0, 3.001}, 1, 3), tensor.From(ref, []float64{1, 0, 3}, 1, 3), 1)
	if l.Ratio <= 1 {
		t.Errorf("lockstep accepted 3.001 for 3: %v", l.Ratio)
	}
}

func TestParamsArena(t *testing.T) {
	d := open(t, "ref", kernels.Float64)
	a, b := NewParam(tensor.From(d, []float64{1, 2, 3}, 3)), NewParam(tensor.From(d, []float64{4, 5}, 2, 1))
	p := NewParams([]Param{{"a", a}, {"b", b}})
	if p.Count() != 5 || p.Size() != 128 || p.Offsets[1] != 64 {
		t.Errorf("%d weights in an arena of %d at %v", p.Count(), p.Size(), p.Offsets)
	}
	p.Weights.Part(64, 1).Fill(9)
	if got := b.Value.Floats(); got[0] != 9 || got[1] != 5 {
		t.Errorf("parameter b is %v, want a view of the arena [9 5]", got)
	}
	b.Grad.Fill(2)
	if got := p.Grads.Floats()[64]; got != 2 {
		t.Errorf("gradient arena holds %v, want 2", got)
	}
}

// On a device with memory of its own the old memory is given back, of weights and of
// gradients.
func TestParamsKeepTheirArenasAlone(t *testing.T) {
	d := open(t, "ptxsim", kernels.Float32)
	before := d.Allocated()
	p := NewParams([]Param{{"a", NewParam(tensor.New(d, 1000))}, {"b", NewParam(tensor.New(d, 3, 5))}})
	if got, want := d.Allocated()-before, int64(2*4*p.Size()); got != want {
		t.Errorf("%d bytes are in use, want %d", got, want)
	}
}

// Begin makes the rounded weights, but for once behind a pass that says that it
// does.
func TestRoundedWeights(t *testing.T) {
	d, err := kernels.Open(kernels.Config{Name: "cpu", Compute: kernels.ComputeBFloat16})
	if err != nil {
		t.Fatal(err)
	}
	w := NewParam(tensor.New(d, 1))
	p := NewParams([]Param{{"w", w}})
	p.Weights.Fill(1.0 / 3)
	rounded := p.Rounded()
	rounded.Fill(7)
	for i, want := range []float64{7, 171. / 512} {
		p.Begin()
		if got := rounded.Floats()[0]; got != want {
			t.Errorf("evaluation %d reads %v, want %v", i, got, want)
		}
	}
	plain := NewParams([]Param{{"w", NewParam(tensor.New(open(t, "cpu", kernels.Float32), 1))}})
	if plain.Rounded() != nil {
		t.Error("weights in float32 are rounded")
	}
	plain.Begin()
}
