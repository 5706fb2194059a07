package golden

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lbsam/kernels"
)

// trace is one of the built-in traces.
func trace(t *testing.T, name string) *Trace {
	t.Helper()
	traces, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range traces {
		if tr.Name() == name {
			return tr
		}
	}
	t.Fatalf("there is no trace %s", name)
	return nil
}

// failed lists the quantities that do not pass.
func failed(checks []Check) (list []string) {
	for _, c := range checks {
		if !c.Pass() {
			list = append(list, c.Quantity)
		}
	}
	return list
}

func TestJudgeAcceptsTheTraceItself(t *testing.T) {
	tr := trace(t, "convnet/LookbehindASAM/k3/adaptive/seed1")
	checks := Judge(tr, tr.Numbers(), kernels.Float64)
	if len(checks) != len(quantities) {
		t.Errorf("%d quantities are judged, want all %d", len(checks), len(quantities))
	}
	for _, c := range checks {
		if !c.Pass() || c.Error != 0 || !c.Judged {
			t.Errorf("%+v", c)
		}
	}
}

// Every quantity is held to its bound: with its largest number 2 % beyond the
// bound it fails, 2 % within it passes.
func TestJudgeHoldsEveryQuantityToItsBound(t *testing.T) {
	for _, name := range []string{"mlp/SGD/seed1", "convnet/LookbehindASAM/k3/adaptive/seed1"} {
		tr := trace(t, name)
		for _, precision := range []kernels.Dtype{kernels.Float32, kernels.Float64} {
			for q, list := range tr.Numbers() {
				if len(list) == 0 {
					continue
				}
				allowed, _ := bound(q, tr.Float32Error[q], precision)
				for _, c := range []struct {
					part float64
					want []string
				}{{0.98, nil}, {-0.98, nil}, {1.02, []string{q}}, {-1.02, []string{q}}} {
					got := tr.Numbers()
					doctored := slices.Clone(list)
					at, scale := largestAt(doctored)
					if q == "alpha" {
						scale = 1
					}
					doctored[at] += c.part * allowed * scale
					got[q] = doctored
					if f := failed(Judge(tr, got, precision)); !slices.Equal(f, c.want) {
						t.Errorf("%s %v: %s off by %v of its bound: %v fails, want %v", name, precision, q, c.part, f, c.want)
					}
				}
			}
		}
	}
}

func largestAt(list []float64) (at int, magnitude float64) {
	for i, v := range list {
		if math.Abs(v) > magnitude {
			at, magnitude = i, math.Abs(v)
		}
	}
	return at, magnitude
}

func TestJudgeFailsOnWhatIsNoNumber(t *testing.T) {
	tr := trace(t, "resnet-bottleneck-w4/LookbehindASAM/k3/adaptive/seed1") // most of it is not judged in float32
	for q, list := range tr.Numbers() {
		doctored := map[string][]float64{
			"missing number": list[1:], "no numbers": nil, "extra number": append(slices.Clone(list), 0),
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			last := slices.Clone(list)
			last[len(last)-1] = v
			doctored[fmt.Sprint(v)] = last
		}
		for what, list := range doctored {
			for _, precision := range []kernels.Dtype{kernels.Float32, kernels.Float64} {
				got := tr.Numbers()
				got[q] = list
				if f := failed(Judge(tr, got, precision)); !slices.Equal(f, []string{q}) {
					t.Errorf("%s in %s: %v fails, want %s", what, q, f, q)
				}
			}
		}
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		quantity  string
		err32     float64
		precision kernels.Dtype
		want      float64
		judged    bool
	}{
		{"weight_l2", 0, kernels.Float64, 1e-9, true},
		{"weight_l2", 0.5, kernels.Float64, 5e-7, true},
		{"first_loss", 0.5, kernels.Float64, 5e-7, true},
		{"weight_l2", 0, kernels.Float32, 1e-5, true},
		{"weight_l2", 4e-4, kernels.Float32, 8e-3, true},
		{"weight_l2", 6e-4, kernels.Float32, 1.2e-2, false},
		{"alpha", 1, kernels.Float32, 20, false},
		{"first_loss", 0, kernels.Float32, 1e-5, true},
		{"first_loss", 1e-4, kernels.Float32, 2e-3, true},
		{"first_loss", 6e-4, kernels.Float32, 5e-3, true},
		{"first_norm", 1, kernels.Float32, 5e-3, true},
	} {
		got, judged := bound(c.quantity, c.err32, c.precision)
		if math.Abs(got-c.want) > 1e-12*c.want || judged != c.judged {
			t.Errorf("%s, float32 error %g, %v: bound %g, judged %v, want %g, %v", c.quantity, c.err32, c.precision, got, judged, c.want, c.judged)
		}
	}
}
