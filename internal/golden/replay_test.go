package golden

import (
	"slices"
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/optim"
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

// The residual networks take seconds in float64; a few of them stand for all.
const few = "mlp|convnet|basic.*k2/adaptive/seed1|bottleneck.*SGD"
const fewest = "mlp|convnet|bottleneck.*SGD"

func TestTraces(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
	}{
		{"float64 on ref", Options{Device: "ref", Precision: kernels.Float64, Filter: few}},
		{"float64 on ref without reuse", Options{Device: "ref", Precision: kernels.Float64, Filter: "(mlp|convnet)/Lookbehind", NoReuse: true}},
		{"float32 on ref", Options{Device: "ref", Filter: "mlp|convnet"}},
		{"float32 on cpu", Options{Device: "cpu"}},
		{"lockstep on cpu", Options{Device: "cpu", Lockstep: true, Filter: fewest}},
		{"float32 on ptxsim", Options{Device: "ptxsim", Filter: "mlp|convnet"}},
		{"lockstep on ptxsim", Options{Device: "ptxsim", Lockstep: true, Filter: "bottleneck.*SGD"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := &strings.Builder{}
			failed, err := Verify(b, c.o)
			if failed != 0 || err != nil {
				t.Errorf("%d failed, %v\n%s", failed, err, b)
			}
		})
	}
}

// A rule of the method that is not the published one must not pass.
func TestWrongRulesFail(t *testing.T) {
	const static, adaptive = "mlp/LookbehindSAM/k2/alpha0.5/seed1", "mlp/LookbehindSAM/k2/adaptive/seed1"
	const asam, norm = "mlp/LookbehindASAM/k2/alpha0.5/seed1", "convnet/LookbehindSAM/k2/alpha0.5/seed1"
	for _, c := range []struct {
		name, trace string
		mutate      func(m *optim.Lookbehind, base *optim.SGD)
		float64Only bool
	}{
		{"one alpha for all", adaptive, func(m *optim.Lookbehind, _ *optim.SGD) { m.Scope = optim.AlphaGlobal }, false},
		{"static alpha", adaptive, func(m *optim.Lookbehind, _ *optim.SGD) { m.Adaptive, m.Alpha = false, 1 }, false},
		{"another alpha", static, func(m *optim.Lookbehind, _ *optim.SGD) { m.Alpha = 0.5001 }, true},
		{"momentum starts again", static, func(m *optim.Lookbehind, _ *optim.SGD) { m.Pull = optim.MomentumReset }, false},
		{"momentum is pulled back", static, func(m *optim.Lookbehind, _ *optim.SGD) { m.Pull = optim.MomentumInterpolate }, false},
		{"dampening", static, func(_ *optim.Lookbehind, b *optim.SGD) { b.Dampening = 0.9 }, false},
		{"Nesterov", static, func(_ *optim.Lookbehind, b *optim.SGD) { b.Nesterov = true }, false},
		{"no weight decay", static, func(_ *optim.Lookbehind, b *optim.SGD) { b.WeightDecay = 0 }, false},
		{"weight decay of weights only", static, func(_ *optim.Lookbehind, b *optim.SGD) { b.NoDecay = []bool{false, true, false, true} }, true},
		{"rate rounded to float32", static, func(_ *optim.Lookbehind, b *optim.SGD) { b.LR = float64(float32(b.LR)) }, true},
		{"radius rounded to float32", static, func(m *optim.Lookbehind, _ *optim.SGD) { m.Ascent.Rho = float64(float32(m.Ascent.Rho)) }, true},
		{"one ascent less", static, func(m *optim.Lookbehind, _ *optim.SGD) { m.K = 1 }, false},
		{"SAM for ASAM", asam, func(m *optim.Lookbehind, _ *optim.SGD) { m.Ascent.Scaled = nil }, false},
		{"biases scaled too", asam, func(m *optim.Lookbehind, _ *optim.SGD) { m.Ascent.Scaled = []bool{true, true, true, true} }, false},
		{"no eta", asam, func(m *optim.Lookbehind, _ *optim.SGD) { m.Ascent.Eta = 0 }, false},
		{"biases not perturbed", static, func(m *optim.Lookbehind, _ *optim.SGD) { m.Ascent.Frozen = []bool{false, true, false, true} }, false},
		{"statistics of the first pass", norm, func(m *optim.Lookbehind, _ *optim.SGD) { m.Ascent.Stats = optim.StatsFirst }, false},
		{"no statistics", norm, func(m *optim.Lookbehind, _ *optim.SGD) { m.Ascent.Stats = optim.StatsNone }, false},
	} {
		for _, device := range []*kernels.Device{open(t, "ref", kernels.Float64), open(t, "cpu", kernels.Float32)} {
			precision := device.Precision()
			if c.float64Only && precision == kernels.Float32 {
				continue
			}
			r, err := newRun(trace(t, c.trace), device, true)
			if err != nil {
				t.Fatal(err)
			}
			m := r.minimizer.(*optim.Lookbehind)
			c.mutate(m, m.Base.(*optim.SGD))
			if f := failed(Judge(r.trace, r.run(), precision)); len(f) == 0 {
				t.Errorf("%s passes in %v", c.name, precision)
			}
		}
	}
}

// A trace whose numbers are not those of its config must not pass.
func TestDoctoredTracesFail(t *testing.T) {
	ref := open(t, "ref", kernels.Float64)
	for _, c := range []struct {
		name   string
		doctor func(tr *Trace)
		want   string
	}{
		{"a loss is off by 1e-6", func(tr *Trace) { tr.Steps[2].DescentLoss[1] *= 1 + 1e-6 }, "descent_loss"},
		{"another seed", func(tr *Trace) { tr.Config.Seed++ }, "first_loss"},
		{"another rate", func(tr *Trace) { tr.Config.LR *= 1 + 1e-5 }, "weight_sum"},
		{"another weight decay", func(tr *Trace) { tr.Config.WeightDecay *= 1.01 }, "weight_l2"},
		{"another rho", func(tr *Trace) { tr.Config.Rho *= 1 + 1e-5 }, "descent_loss"},
		{"a step too few", func(tr *Trace) { tr.Config.Steps-- }, "eval_logits"},
		{"a running mean is missing", func(tr *Trace) { delete(tr.RunningStats, "bn1.running_mean") }, "running_l2"},
		{"no running statistics", func(tr *Trace) { tr.RunningStats = nil }, "running_sum"},
	} {
		tr := trace(t, "convnet/LookbehindSAM/k2/alpha0.5/seed1")
		c.doctor(tr)
		n, err := Replay(tr, ref, true)
		if err != nil {
			t.Fatal(err)
		}
		if f := failed(Judge(tr, n, kernels.Float64)); !slices.Contains(f, c.want) {
			t.Errorf("%s: %v fails, want %s to", c.name, f, c.want)
		}
	}
}

func TestTracesOfAnotherModelAreErrors(t *testing.T) {
	ref := open(t, "ref", kernels.Float64)
	for _, c := range []struct {
		name   string
		doctor func(tr *Trace)
		want   string
	}{
		{"a parameter less", func(tr *Trace) { tr.Params = tr.Params[1:] }, "in 9 parameters, the trace 1602 in 8"},
		{"another total", func(tr *Trace) { tr.NumParams++ }, "the trace 1603"},
		{"another order", func(tr *Trace) { tr.Params[1], tr.Params[2] = tr.Params[2], tr.Params[1] }, "parameter 1 of the model is bn1.weight [8], of the trace bn1.bias [8]"},
		{"another shape", func(tr *Trace) { tr.Params[0].Shape = []int{8, 9, 3, 1} }, "of the trace conv1.weight [8 9 3 1]"},
	} {
		tr := trace(t, "convnet/SGD/seed1")
		c.doctor(tr)
		if _, err := Replay(tr, ref, true); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// k+1 gradients and 2k give the same numbers, bit for bit.
func TestReuseChangesNothing(t *testing.T) {
	ref := open(t, "ref", kernels.Float32)
	tr := trace(t, "convnet/LookbehindASAM/k3/adaptive/seed1")
	with, err := Replay(tr, ref, true)
	if err != nil {
		t.Fatal(err)
	}
	without, err := Replay(tr, ref, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range quantities {
		if !slices.Equal(with[q], without[q]) {
			t.Errorf("%s: %v with reuse, %v without", q, with[q], without[q])
		}
	}
}

// The replay must not change what the reference computes in lockstep.
func TestLockstepIsTheReference(t *testing.T) {
	tr := trace(t, "convnet/LookbehindASAM/k2/adaptive/seed1")
	n, a, err := Lockstep(tr, open(t, "cpu", kernels.Float32), true)
	if err != nil {
		t.Fatal(err)
	}
	if f := failed(Judge(tr, n, kernels.Float64)); len(f) != 0 || a.Compared < 200 || !(a.Ratio > 0 && a.Ratio <= 1) {
		t.Errorf("%v fails, %+v", f, a)
	}
}
