package kernels

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"lbsam/kernels/kerneltest"
)

func someLabels(n, c int) []int32 {
	rng := kerneltest.Rng(n)
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = rng.Int32N(int32(c))
	}
	return labels
}

func TestCrossEntropyGradients(t *testing.T) {
	r := float64Rig(t)
	for _, size := range [][2]int{{1, 1}, {1, 2}, {7, 10}, {5, 17}} {
		for _, smoothing := range []float64{0, 0.1, 1} {
			n, c := size[0], size[1]
			logits, labels := r.floats(normals(1, n*c)...), r.ints(someLabels(n, c)...)
			loss, dlogits, scratch := r.junk(1), r.junk(n*c), r.junk(n*c)
			CrossEntropy(loss, dlogits, logits, labels, c, smoothing)
			if err := kerneltest.CheckGradient(f64(logits), f64(dlogits), func() float64 {
				CrossEntropy(loss, scratch, logits, labels, c, smoothing)
				return f64(loss)[0]
			}); err != nil {
				t.Errorf("[%d, %d] smoothing %v: %v", n, c, smoothing, err)
			}
		}
	}
}

func TestCrossEntropyAgrees(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 10}, {129, 10}, {33, 100}} {
		n, c := size[0], size[1]
		agree(t, fmt.Sprint(size), 0, 0, func(r rig) []Buffer {
			loss, dlogits, count := r.junk(1), r.junk(n*c), r.junk(1)
			logits, labels := r.floats(normals(1, n*c)...), r.ints(someLabels(n, c)...)
			CrossEntropy(loss, dlogits, logits, labels, c, 0.1)
			CountCorrect(count, logits, labels, c)
			return []Buffer{loss, dlogits, count}
		})
	}
}

// The numbers are those of PyTorch 1.13:
//
//	l = torch.tensor([[1., 2, -1], [0, .5, 3]], dtype=torch.float64, requires_grad=True)
//	loss = F.cross_entropy(l, torch.tensor([1, 0]), label_smoothing=s); loss.backward(); l.grad
func TestCrossEntropyOfPyTorch(t *testing.T) {
	for _, config := range []Config{{Name: "ref", Precision: Float64}, {Name: "cpu"}} {
		r := openRig(t, config)
		for _, c := range []struct {
			smoothing float64
			want      []float64
		}{
			{0, []float64{1.736442588, .1297482302, -.1473077437, .01755951348, -.4780067599, .03626072284, .441746037}},
			{.1, []float64{1.744775921, .1130815635, -.1139744103, .000892846813, -.4446734265, .01959405617, .4250793703}},
		} {
			loss, dlogits := r.junk(1), r.junk(6)
			CrossEntropy(loss, dlogits, r.floats(1, 2, -1, 0, .5, 3), r.ints(1, 0), 3, c.smoothing)
			tolerance := 1e-9
			if config.Precision == Float32 {
				tolerance = 1e-6
			}
			if err := kerneltest.Compare(append(Floats(loss), Floats(dlogits)...), c.want, tolerance, 0); err != nil {
				t.Errorf("%s, smoothing %v: %v", config.Name, c.smoothing, err)
			}
		}
	}
}

// Huge logits overflow nothing, and a class that is masked out by -Inf costs
// nothing.
func TestCrossEntropyOfExtremeLogits(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	loss, dlogits := r.junk(1), r.junk(6)
	CrossEntropy(loss, dlogits, r.floats(1e30, -1e30, math.Inf(-1), 1000, 1000, math.Inf(-1)), r.ints(0, 1), 3, 0)
	want := []float64{math.Ln2 / 2, 0, 0, 0, .25, -.25, 0}
	if err := kerneltest.Compare(append(Floats(loss), Floats(dlogits)...), want, 1e-7, 0); err != nil {
		t.Error(err)
	}
}

func TestCountCorrect(t *testing.T) {
	nan := math.NaN()
	for _, config := range []Config{{Name: "ref", Precision: Float64}, {Name: "ref"}, {Name: "cpu"}} {
		r := openRig(t, config)
		count := r.junk(1)
		logits := r.floats(
			1, 3, 2, // right
			5, 5, 1, // the first of equals: right
			5, 5, 1, // wrong
			nan, 1, 0, // the NaN is passed over: right
			nan, nan, nan, // never right
			-1, -2, nan) // right
		CountCorrect(count, logits, r.ints(1, 0, 1, 1, 2, 0), 3)
		if got := Floats(count)[0]; got != 4 {
			t.Errorf("%s: %v correct, want 4", config.Name, got)
		}
		CountCorrect(count, r.junk(0), r.ints(), 3)
		if got := Floats(count)[0]; got != 0 {
			t.Errorf("%s: %v of no rows are correct", config.Name, got)
		}
	}
}

func TestCrossEntropyPanics(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	entropy := func(logits int, c int, labels ...int32) func() {
		return func() { CrossEntropy(r.junk(1), r.junk(logits), r.junk(logits), r.ints(labels...), c, 0) }
	}
	for name, f := range map[string]func(){
		"no rows":             entropy(0, 3),
		"half a row":          entropy(4, 3, 1),
		"no classes":          entropy(4, 0, 1),
		"too few labels":      entropy(6, 3, 1),
		"label out of range":  entropy(6, 3, 1, 3),
		"label below 0":       entropy(6, 3, -1, 0),
		"count of half a row": func() { CountCorrect(r.junk(1), r.junk(5), r.ints(1), 3) },
	} {
		if message := mustPanic(t, name, f); !strings.HasPrefix(message, "kernels: C") {
			t.Errorf("%s: panic says %q", name, message)
		}
	}
}
