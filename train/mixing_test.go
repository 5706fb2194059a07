package train

import (
	"math"
	"testing"

	"lbsam/internal/rng"
	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
)

// Shares have the mean 1/2 and the variance 1/(8a+4) of Beta(a, a).
func TestBetaHasItsMoments(t *testing.T) {
	const n = 20000
	for _, a := range []float64{0.01, 0.2, 1, 4} {
		s := rng.New(1, rng.Mixing)
		var sum, squares float64
		for range n {
			v := beta(&s, a)
			if !(v >= 0 && v <= 1) {
				t.Fatalf("alpha %v: %v", a, v)
			}
			sum += v
			squares += (v - 0.5) * (v - 0.5)
		}
		want := 1 / (8*a + 4)
		// 5 standard deviations; the square of v - 1/2 strays no more than that of a normal number.
		if d := 5 * math.Sqrt(want/n); !(math.Abs(sum/n-0.5) < d) {
			t.Errorf("alpha %v: mean %v, want 0.5 ± %v", a, sum/n, d)
		}
		if d := 5 * want * math.Sqrt(2.0/n); !(math.Abs(squares/n-want) < d) {
			t.Errorf("alpha %v: variance %v, want %v ± %v", a, squares/n, want, d)
		}
	}
}

// What is drawn for a batch is what kernels.Mix takes, depends on the seed, the
// epoch and the batch, and weighs labels by what is left of the images.
func TestMixingOfABatch(t *testing.T) {
	const h, w = 8, 12
	c := Config{Mixup: 0.4, Cutmix: 1, Seed: 3}
	seen, boxes, empty := map[float64]bool{}, 0, 0
	for epoch := range 20 {
		for batch := range 50 {
			m := c.mixing(epoch, batch, h, w)
			if m != c.mixing(epoch, batch, h, w) {
				t.Fatal("two draws of one batch differ")
			}
			weight, share, top, bottom, left, right := m[0], m[1], m[2], m[3], m[4], m[5]
			if !(0 <= top && top <= bottom && bottom <= h && 0 <= left && left <= right && right <= w && share >= 0.5) {
				t.Fatalf("%v", m)
			}
			outside := 1 - (bottom-top)*(right-left)/(h*w)
			if weight != share*outside {
				t.Errorf("%v: weight %v, want the part %v of %v", m, weight, share, outside)
			}
			if share == 1 {
				boxes++
				if outside == 1 {
					empty++
				}
			} else if outside != 1 {
				t.Errorf("%v is mixup with a box", m)
			}
			seen[weight] = true
		}
	}
	if boxes < 420 || boxes > 580 { // 500 ± 16
		t.Errorf("%d of 1000 batches have a box, want about half", boxes)
	}
	if len(seen) < 500 || empty > 100 {
		t.Errorf("%d different weights, %d boxes of nothing", len(seen), empty)
	}
	other := c
	other.Seed++
	if c.mixing(1, 1, h, w) == other.mixing(1, 1, h, w) {
		t.Error("the seed changes nothing")
	}
	for _, only := range []Config{{Mixup: 0.4}, {Cutmix: 1}} {
		for batch := range 50 {
			if m := only.mixing(0, batch, h, w); (m[1] == 1) != (only.Cutmix > 0) {
				t.Fatalf("%+v: %v", only, m)
			}
		}
	}
}

// A batch of mixed images trains on both labels: with the whole weight on one of
// them, and its images alone, the gradient is that of the plain batch.
func TestMixedImagesTrainOnBothLabels(t *testing.T) {
	gradient := func(mixing []float64) []float64 {
		c := small("mlp", "SGD")
		c.Mixup = 1
		j := mustOpen(t, c)
		s := j.source(j.trainingSet())
		defer s.close()
		s.begin(t.Context(), 0, 0)
		sizes, err := s.next(1)
		if err != nil {
			t.Fatal(err)
		}
		s.bring(0, sizes[0])
		if mixing != nil {
			j.feeder.prepare(0, sizes[0], j.feeder.augment)
			j.feeder.slots[0].mixing.SetFloats(mixing)
			j.feeder.slots[0].mixed = mixing[0] != 1
		}
		j.step()
		return j.Params.Weights.Floats()
	}
	plain := gradient([]float64{1, 1, 0, 0, 0, 0})
	if kerneltest.Compare(gradient(nil), plain, 1e-6, 0) == nil {
		t.Error("mixed images train as plain ones")
	}
	if kerneltest.Compare(gradient([]float64{0.5, 1, 0, 0, 0, 0}), plain, 1e-6, 0) == nil {
		t.Error("the second labels change nothing")
	}
}

// A batch that serves again is mixed as it was.
func TestARepeatedBatchIsMixedToo(t *testing.T) {
	c := small("mlp", "LookbehindSAM")
	c.NewBatches, c.Mixup = true, 1
	j := mustOpen(t, c)
	s := j.source(j.trainingSet())
	defer s.close()
	s.begin(t.Context(), 0, 0)
	sizes, err := s.next(1)
	if err != nil {
		t.Fatal(err)
	}
	s.bring(0, sizes[0])
	j.feeder.repeat(1, 0)
	all := func(slot int) (numbers []float64) {
		x, _ := j.feeder.part(slot, 0, sizes[0])
		partners, weight := j.feeder.mix(slot, 0, sizes[0])
		if partners == nil {
			t.Fatalf("the batch in slot %d is not mixed", slot)
		}
		labels := make([]int32, partners.Len())
		kernels.Download(labels, partners.Data)
		for _, v := range labels {
			numbers = append(numbers, float64(v))
		}
		return append(append(numbers, weight.Floats()...), x.Value.Floats()...)
	}
	if err := kerneltest.Compare(all(1), all(0), 0, 0); err != nil {
		t.Error(err)
	}
}

// Mixed and cut images are the same ones on a device that runs PTX.
func TestMixingOnPTXIsThatOnTheCPU(t *testing.T) {
	run := func(device string) []float64 {
		c := tiny(device, "SGD")
		c.Epochs, c.Precision, c.Mixup, c.Cutmix, c.Cutout, c.Smoothing = 1, "float32", 0.4, 1, 3, 0.1
		j := openFew(t, c)
		defer j.Close()
		mustRun(t, j)
		return everything(j)
	}
	want := run("cpu")
	onPTX(t, func(t *testing.T, device string) {
		// Five steps of sums in another order, of weights and statistics below 10.
		if err := kerneltest.Compare(run(device), want, 2e-4, 0); err != nil {
			t.Error(err)
		}
	})
}
