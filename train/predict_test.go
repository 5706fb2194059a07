package train

import (
	"context"
	"math"
	"slices"
	"testing"

	"lbsam/datasets"
	"lbsam/kernels/kerneltest"
)

func mustPredict(t *testing.T, j *Job, split *datasets.Split, samples []int32) Predictions {
	t.Helper()
	p, err := j.Predict(context.Background(), split, samples)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// singles is x for Compare.
func singles(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// checkPredictions holds p to the loss and the accuracy that the device found.
func checkPredictions(t *testing.T, p Predictions, want Score) {
	t.Helper()
	if p.N() != want.Images || p.Score != want {
		t.Fatalf("%d predictions with score %+v, want %+v", p.N(), p.Score, want)
	}
	loss, right := 0.0, 0
	for i, label := range p.Labels {
		sum := 0.0
		for _, v := range p.Row(i) {
			sum += float64(v)
		}
		if !(math.Abs(sum-1) < 1e-6) { // ten roundings of numbers below 1
			t.Errorf("the probabilities of image %d add up to %v", i, sum)
		}
		loss -= math.Log(float64(p.Row(i)[label]))
		if class, _ := p.Best(i); class == int(label) {
			right++
		}
	}
	n := float64(p.N())
	if got := float64(right) / n; got != want.Accuracy {
		t.Errorf("accuracy %v, want %v", got, want.Accuracy)
	}
	if got := loss / n; !(math.Abs(got-want.Loss) < 1e-5*want.Loss) { // float32 sums of a few terms
		t.Errorf("loss %v, want %v", got, want.Loss)
	}
}

// What the host makes of the logits is what the device found.
func TestPredictionsAgreeWithTheScore(t *testing.T) {
	predict := func(t *testing.T, device string) []float32 {
		c := tiny(device, "SGD")
		c.ValSplit, c.Precision, c.Epochs = 0.3, "float32", 1
		j := openFew(t, c)
		defer j.Close() // a GPU takes one job at a time
		test, err := j.Test(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		p := mustPredict(t, j, &j.Data.Test, nil)
		checkPredictions(t, p, test)
		held, err := j.Validate(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		checkPredictions(t, mustPredict(t, j, &j.Data.Train, j.held), held)
		return p.Probabilities
	}
	want := predict(t, "cpu")
	check := func(t *testing.T, device string) {
		if err := kerneltest.Compare(singles(predict(t, device)), singles(want), 1e-5, 0); err != nil { // sums in another order
			t.Error(err)
		}
	}
	t.Run("ref", func(t *testing.T) { check(t, "ref") })
	onPTX(t, check)
}

// Images that are no part of the data, with labels or without, are classified
// as those of the data.
func TestPredictOtherImages(t *testing.T) {
	onPTX(t, func(t *testing.T, device string) {
		c := tiny(device, "SGD")
		c.Precision = "fp16" // logits of 16 bits
		j := openFew(t, c)
		defer j.Close()
		want := mustPredict(t, j, &j.Data.Test, nil)
		other := j.Data.Test
		got := mustPredict(t, j, &other, nil)
		if !slices.Equal(got.Probabilities, want.Probabilities) || !slices.Equal(got.Labels, want.Labels) || got.Score != want.Score {
			t.Errorf("%v, want %v", got, want)
		}
		if len(j.splits) != 1 {
			t.Errorf("%d splits lie on the device, want the one of the data", len(j.splits))
		}
		other.Labels = nil
		got = mustPredict(t, j, &other, nil)
		if !slices.Equal(got.Probabilities, want.Probabilities) || got.Labels != nil || got.Score != (Score{}) || other.Labels != nil {
			t.Errorf("without labels: %v, want the probabilities of %v and no more", got, want)
		}
	})
}

func TestPredictHasLimits(t *testing.T) {
	c := tiny("cpu", "SGD")
	c.LimitBatches = 1
	j := openFew(t, c)
	p := mustPredict(t, j, &j.Data.Train, []int32{7, 3, 5, 9, 2, 6})
	if want := []int32{7, 3, 5, 9}; !slices.Equal(p.Labels, want) || p.N() != 4 { // label i mod 10
		t.Errorf("labels %v of %d images, want %v", p.Labels, p.N(), want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := j.Predict(ctx, &j.Data.Test, nil); err == nil {
		t.Error("a context that has ended is no error")
	}
}

func TestSoftmaxOfExtremes(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	p := Predictions{Classes: []string{"a", "b", "c"}, Labels: []int32{1, 0, 2, 2, 0}}
	p.Probabilities = appendSoftmax(nil, []float64{
		1000, 1000, -1000,
		math.Log(1), math.Log(2), math.Log(5),
		1, nan, 2,
		1, inf, 2,
		-inf, 3, 3,
	}, 3)
	want := []float64{0.5, 0.5, 0, 0.125, 0.25, 0.625, nan, nan, nan, nan, nan, nan, 0, 0.5, 0.5}
	for i, v := range p.Probabilities {
		if !(math.Abs(float64(v)-want[i]) < 1e-7) && !(v != v && want[i] != want[i]) {
			t.Errorf("probability %d is %v, want %v", i, v, want[i])
		}
	}
	for i, want := range []int{0, 2, -1, -1, 1} {
		if class, _ := p.Best(i); class != want {
			t.Errorf("image %d: class %d, want %d", i, class, want)
		}
	}
	got := p.Confusion()
	for i, want := range [][]int{{0, 1, 1}, {1, 0, 0}, {0, 0, 0}} {
		if !slices.Equal(got[i], want) {
			t.Errorf("label %d was counted as %v, want %v", i, got[i], want)
		}
	}
}
