package train

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/optim"
	"lbsam/tensor"
)

// In 16 bits a run goes where it goes in float32, as far as the format carries.
// The emulation on the processor goes where the tensor cores of the interpreter
// go, as far as the order of sums decides which way a number is rounded.
func TestSixteenBitsTrain(t *testing.T) {
	run := func(device, precision string) (weights []float64, losses []float64) {
		c := tiny(device, "LookbehindSAM")
		c.Epochs, c.LogEvery, c.Precision = 2, 1, precision
		j, s := openFew(t, c), &intervals{}
		defer j.Close()
		if _, err := j.Run(context.Background(), nil, s); err != nil {
			t.Fatal(precision, err)
		}
		if n := j.undo.count(); n != 0 {
			t.Errorf("%s: %d steps were taken back", precision, n)
		}
		return j.Params.Weights.Floats(), s.losses
	}
	// Six steps of gradients that are rounded to 11 or 8 bits in every layer, at
	// a learning rate of 0.01.
	for precision, tolerance := range map[string]float64{"fp16": 0.004, "bf16": 0.03} {
		emulated, emulatedLosses := run("cpu", precision)
		agree := func(what string, got, losses, want, wantLosses []float64, tolerance float64) {
			if err := kerneltest.Compare(got, want, tolerance, 0); err != nil {
				t.Errorf("%s, %s: %v", precision, what, err)
			}
			if err := kerneltest.Compare(losses, wantLosses, 10*tolerance, 0); err != nil {
				t.Errorf("%s, %s: losses: %v", precision, what, err)
			}
		}
		plain, plainLosses := run("cpu", "float32")
		agree("emulated beside float32", emulated, emulatedLosses, plain, plainLosses, tolerance)
		if kerneltest.Compare(emulated, plain, tolerance/1000, 0) == nil {
			t.Errorf("%s: the emulation does not round", precision)
		}
		onPTX(t, func(t *testing.T, device string) {
			got, losses := run(device, precision)
			agree(device, got, losses, plain, plainLosses, tolerance)
			agree(device+" beside the emulation", got, losses, emulated, emulatedLosses, tolerance/100)
		})
	}
}

// intervals keeps the losses of a run.
type intervals struct {
	losses []float64
	undone int
}

func (i *intervals) Step(Progress) {}
func (i *intervals) Epoch(Epoch)   {}
func (i *intervals) Interval(v Interval) {
	i.losses, i.undone = append(i.losses, v.Loss), v.Undone
}

// A step in which a gradient overflows changes nothing, not even statistics,
// with and without recording; the run goes on.
func TestAnOverflowIsTakenBack(t *testing.T) {
	onPTX(t, func(t *testing.T, device string) {
		for _, graphs := range []bool{false, true} {
			for _, minimizer := range []string{"SGD", "SAM, adamw", "MultistepSAM", "PathMeanASAM", "LookbehindASAM", "LookaheadSAM"} {
				name, optimizer, _ := strings.Cut(minimizer, ", ")
				c := tiny(device, name)
				c.Precision, c.LossScale, c.Graphs, c.Epochs = "fp16", 1<<24, graphs, 2
				c.Optimizer = cmp.Or(optimizer, c.Optimizer)
				j := openFew(t, c)
				before := everything(j)
				if _, err := j.Run(context.Background(), nil, nil); err != nil {
					t.Fatal(minimizer, err)
				}
				if err := kerneltest.Compare(everything(j), before, 0, 0); err != nil {
					t.Errorf("%s, graphs %v: %v", minimizer, graphs, err)
				}
				if n, steps := j.undo.count(), j.at.Step; n != steps || steps == 0 {
					t.Errorf("%s, graphs %v: %d of %d steps were taken back", minimizer, graphs, n, steps)
				}
				j.Close()
			}
		}
	})
}

// overflowing is a minimizer whose last gradient of each step overflows.
type overflowing struct {
	optim.Minimizer
	overflow *tensor.Tensor
}

func (m overflowing) Step(loss optim.Closure, log *optim.Log) tensor.Scalar {
	return m.Minimizer.Step(func(e optim.Eval) tensor.Scalar {
		l := loss(e)
		if e.Inner == m.Evals()-1 {
			m.overflow.Fill(1)
		}
		return l
	}, log)
}

// What the gradients before it have done by then is taken back too.
func TestALateOverflowIsTakenBack(t *testing.T) {
	for _, minimizer := range []string{"SGD", "SAM", "MultistepSAM", "PathMeanASAM", "LookbehindASAM", "LookaheadSAM"} {
		c := tiny("ptxsim", minimizer)
		c.Precision, c.LossScale, c.Graphs = "fp16", 16, false
		j := openFew(t, c)
		j.method.Minimizer = overflowing{j.method.Minimizer, j.undo.overflow}
		before := everything(j)
		mustRun(t, j)
		if err := kerneltest.Compare(everything(j), before, 0, 0); err != nil {
			t.Errorf("%s: %v", minimizer, err)
		}
		if n, steps := j.undo.count(), j.at.Step; n != steps || steps == 0 {
			t.Errorf("%s: %d of %d steps were taken back", minimizer, n, steps)
		}
		j.Close()
	}
}

// A run none of whose steps can be done has diverged.
func TestOverflowForeverDiverges(t *testing.T) {
	c := tiny("ptxsim", "SAM")
	c.Precision, c.LossScale, c.Epochs = "fp16", 1<<24, 100
	_, err := openFew(t, c).Run(context.Background(), nil, nil)
	if !errors.As(err, new(Diverged)) {
		t.Errorf("%v, want Diverged", err)
	}
}

// The statistics of BatchNorm that were moved to other memory are the model's.
func TestPackedBuffersAreTheModels(t *testing.T) {
	c := tiny("ptxsim", "SGD")
	c.Precision, c.Epochs, c.LossScale = "fp16", 1, 16
	j := openFew(t, c)
	mustRun(t, j)
	for _, b := range j.Model.Buffers() {
		if b.Value.Data.Dtype() != j.Device.Precision() {
			continue
		}
		values := b.Value.Floats()
		start := 0.0
		if slices.Contains([]string{"bn1.running_var", "bn2.running_var"}, b.Name) {
			start = 1
		}
		for i, v := range values {
			if v == start || math.IsNaN(v) {
				t.Errorf("%s: element %d is %v after training", b.Name, i, v)
			}
		}
	}
}
