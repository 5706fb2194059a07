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

// Hosts run one loop. Kernels compute in float64 too but in another order, so
// that a result may be rounded to the other side: half of 1.2e-7. A margin
// makes the prediction sure, so that the loss and the gradient at the label are
// small differences of large numbers, good to 1e-14 in float64.
func TestCrossEntropyAgrees(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 10}, {5, 31}, {4, 32}, {5, 33}, {129, 10}, {33, 100}, {2, 1000}} {
		for _, margin := range []float64{0, 15, 100} {
			for _, smoothing := range []float64{0, 0.1} {
				n, c := size[0], size[1]
				logits, labels := normals(1, n*c), someLabels(n, c)
				for i := range labels {
					at := i*c + int(labels[i])
					logits[at] = float64(float32(logits[at] + margin))
				}
				run := func(r rig) []Buffer {
					loss, dlogits, count := r.junk(1), r.junk(n*c), r.junk(1)
					logits, labels := r.floats(logits...), r.ints(labels...)
					CrossEntropy(loss, dlogits, logits, labels, c, smoothing)
					CountCorrect(count, logits, labels, c)
					return []Buffer{loss, dlogits, count}
				}
				name := fmt.Sprintf("%v margin %v smoothing %v", size, margin, smoothing)
				agree(t, name, 0, 0, run)
				agreeOnPTX(t, name, 1e-14, 1.2e-7, run)
			}
		}
	}
}

// Logits of 16 bits; the loss and its gradient are float32.
func TestCrossEntropyInHalf(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 10}, {5, 31}, {9, 33}, {2, 100}} {
		for shift := range 2 {
			n, c := size[0], size[1]
			agreeInHalf(t, fmt.Sprint(size), 1e-14, 1.2e-7, func(h halfCase) []Buffer {
				loss, dlogits, count := h.junk(1), h.junk(n*c), h.junk(1)
				logits, labels := h.shifted(h.activations(normals(1, n*c)...), shift), h.ints(someLabels(n, c)...)
				CrossEntropy(loss, dlogits, logits, labels, c, 0.1)
				CountCorrect(count, logits, labels, c)
				return []Buffer{loss, dlogits, count}
			})
		}
	}
	nan, inf := math.NaN(), math.Inf(1)
	exactInHalf(t, "broken logits", func(h halfCase) []Buffer {
		var all []Buffer
		for _, row := range [][]float64{{nan, 1, 2}, {1, 2, nan}, {inf, 1, 2}, {-inf, -inf, -inf}, {nan, 2, 1}} {
			loss, dlogits, count := h.junk(1), h.floats(0, 0, 0), h.junk(1)
			logits := h.activations(row...)
			CrossEntropy(loss, dlogits, logits, h.ints(1), 3, 0)
			CountCorrect(count, logits, h.ints(1), 3)
			all = append(all, loss, dlogits, count)
		}
		return all
	})
}

// Where softmax(logits) is nearly the wanted distribution, the gradient is
// their difference: as good as the exponentials of float64, 1e-14.
func TestCrossEntropyNearItsMinimum(t *testing.T) {
	const c = 10
	agreeOnPTX(t, "near the minimum", 2e-14, 1.2e-7, func(r rig) []Buffer {
		logits := make([]float64, 5*c)
		for i := range 5 { // q is 0.91 at label 3, 0.01 elsewhere
			logits[i*c+3] = float64(float32(math.Log(91) + float64(i)*1e-6))
		}
		loss, dlogits := r.junk(1), r.junk(5*c)
		CrossEntropy(loss, dlogits, r.floats(logits...), r.ints(3, 3, 3, 3, 3), c, 0.1)
		return []Buffer{loss, dlogits}
	})
}

// The numbers are those of PyTorch 1.13:
//
//	l = torch.tensor([[1., 2, -1], [0, .5, 3]], dtype=torch.float64, requires_grad=True)
//	loss = F.cross_entropy(l, torch.tensor([1, 0]), label_smoothing=s); loss.backward(); l.grad
func TestCrossEntropyOfPyTorch(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "cpu"}) {
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
	for _, config := range ptxAnd(Config{Name: "cpu"}) {
		name := config.Name
		r := openRig(t, config)
		loss, dlogits := r.junk(1), r.junk(6)
		CrossEntropy(loss, dlogits, r.floats(1e30, -1e30, math.Inf(-1), 1000, 1000, math.Inf(-1)), r.ints(0, 1), 3, 0)
		want := []float64{math.Ln2 / 2, 0, 0, 0, .25, -.25, 0}
		if err := kerneltest.Compare(append(Floats(loss), Floats(dlogits)...), want, 1e-7, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What no probability comes from makes the loss and its row of the gradient
// NaN, and leaves the other row alone; a masked label costs infinity.
func TestCrossEntropyOfBrokenLogits(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		name := config.Name
		r := openRig(t, config)
		for _, row := range [][]float64{{nan, 1, 2}, {1, 2, nan}, {inf, 1, 2}, {1, inf, inf}, {-inf, -inf, -inf}} {
			loss, dlogits := r.junk(1), r.junk(6)
			Fill(loss, 0)
			CrossEntropy(loss, dlogits, r.floats(append([]float64{1, 1, 1}, row...)...), r.ints(0, 1), 3, 0)
			if v := Floats(loss)[0]; !math.IsNaN(v) {
				t.Errorf("%s: logits %v make the loss %v, want NaN", name, row, v)
			}
			for i, v := range Floats(dlogits) {
				if math.IsNaN(v) != (i >= 3) {
					t.Errorf("%s: logits %v make the gradient %v", name, row, Floats(dlogits))
					break
				}
			}
		}
		for _, smoothing := range []float64{0, 0.1} {
			loss, dlogits := r.junk(1), r.junk(3)
			CrossEntropy(loss, dlogits, r.floats(1, -inf, 2), r.ints(1), 3, smoothing)
			if v := Floats(loss)[0]; !math.IsInf(v, 1) {
				t.Errorf("%s: a masked label costs %v, want infinity", name, v)
			}
		}
	}
}

// A kernel cannot panic: a label out of range shows as NaN, in its own row.
func TestCrossEntropyOfBadLabelsOnPTX(t *testing.T) {
	for _, r := range ptxRigs(t) {
		for _, label := range []int32{-1, 3, math.MaxInt32, math.MinInt32} {
			loss, dlogits, count := r.floats(0), r.floats(normals(1, 6)...), r.junk(1)
			logits, labels := r.floats(1, 2, 3, 3, 2, 1), r.ints(label, 0)
			CrossEntropy(loss, dlogits, logits, labels, 3, 0.1)
			CountCorrect(count, logits, labels, 3)
			nan := 0
			for _, v := range Floats(dlogits)[:3] {
				if math.IsNaN(v) {
					nan++
				}
			}
			if v := Floats(dlogits); nan != 3 || math.IsNaN(v[3]+v[4]+v[5]) || !math.IsNaN(Floats(loss)[0]) || Floats(count)[0] != 1 {
				t.Errorf("%s: label %d: loss %v, gradient %v, %v correct", r.dev.Name(), label, Floats(loss), v, Floats(count))
			}
		}
	}
}

func TestCountCorrect(t *testing.T) {
	nan := math.NaN()
	for _, config := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "ref"}, Config{Name: "cpu"}) {
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

// Equals and NaN wherever they lie among the lanes of a warp.
func TestCountCorrectAgrees(t *testing.T) {
	for _, c := range []int{2, 31, 33, 70} {
		agreeEverywhere(t, fmt.Sprint(c), 0, 0, func(r rig) []Buffer { return r.countEach(c, r.floats) })
		exactInHalf(t, fmt.Sprint(c), func(h halfCase) []Buffer { return h.countEach(c, h.activations) })
	}
}

// countEach tells of each of 50 rows whether it is right; operand makes the
// logits.
func (r rig) countEach(c int, operand func(x ...float64) Buffer) []Buffer {
	const n = 50
	rng := kerneltest.Rng(c)
	logits, labels, counts := make([]float64, n*c), make([]int32, n), r.junk(n)
	for i := range logits {
		logits[i] = []float64{math.NaN(), math.Inf(-1), -1, 0, 1}[rng.IntN(5)]
	}
	for i := range n { // the place of the reference, or one behind it
		labels[i] = int32((place(logits[i*c:(i+1)*c]) + i%2) % c)
	}
	device, places := operand(logits...), r.ints(labels...)
	for i := range n {
		CountCorrect(counts.Slice(i, i+1), device.Slice(i*c, (i+1)*c), places.Slice(i, i+1), c)
	}
	return []Buffer{counts}
}

// place is where the largest element is, the first of equals, NaN left out.
func place(row []float64) (at int) {
	for j, v := range row {
		if v > row[at] || math.IsNaN(row[at]) {
			at = j
		}
	}
	return at
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
