package datasets

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"runtime"
	"testing"
)

// The hash was printed by the first version. It changes with the drawing, and
// then every result on the synthetic set changes too.
func TestSyntheticIsFixed(t *testing.T) {
	d := Synthetic(1, 40, 20)
	h := sha256.New()
	for _, s := range []Split{d.Train, d.Test} {
		h.Write(s.Images)
		h.Write(s.Labels)
	}
	const want = "02fcf6ceeeadda3113694c992f068b0bb9f2f1fd51abe6ee839cf1118c2064d8"
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != want {
		t.Errorf("the hash of Synthetic(1, 40, 20) is %s, want %s", got, want)
	}
}

func TestSyntheticImagesAreIndependent(t *testing.T) {
	d := Synthetic(1, 40, 40)
	if bytes.Equal(d.Train.Images, d.Test.Images) {
		t.Error("train and test images are the same")
	}
	if bytes.Equal(d.Train.Images, Synthetic(2, 40, 1).Train.Images) {
		t.Error("two seeds give the same images")
	}
	seen := map[string]bool{}
	for _, s := range []Split{d.Train, d.Test} {
		for i := range s.N {
			seen[string(s.Image(i))] = true
		}
	}
	if len(seen) != 80 {
		t.Errorf("%d distinct images of 80", len(seen))
	}
	if longer := Synthetic(1, 60, 1); !bytes.Equal(longer.Train.Images[:len(d.Train.Images)], d.Train.Images) {
		t.Error("an image depends on how many there are")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	if !bytes.Equal(d.Train.Images, Synthetic(1, 40, 1).Train.Images) {
		t.Error("an image depends on the number of workers")
	}
}

// TestSynthetic opens the set as the command line does.
func TestSynthetic(t *testing.T) {
	d, err := Open("synthetic", "no such folder")
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.N != SyntheticTrain || d.Test.N != SyntheticTest || len(d.Classes) != 10 {
		t.Errorf("%d train images, %d test images, %d classes", d.Train.N, d.Test.N, len(d.Classes))
	}
	checkMoments(t, d, 0.01)
	accuracy := linearAccuracy(d, 4, 0.02)
	t.Logf("a linear model has %.1f%% of the test images right", 100*accuracy)
	if !(accuracy > 0.12 && accuracy < 0.60) { // chance is 0.10 with a deviation of 0.0095
		t.Errorf("a linear model has accuracy %.3f, want 0.12 to 0.60: pixels hint at the class, but do not tell it", accuracy)
	}
}

// linearAccuracy trains a multinomial logistic regression on normalised pixels by
// plain SGD and returns its best accuracy on the test images after any epoch.
func linearAccuracy(d *Dataset, epochs int, lr float32) (best float64) {
	inputs, classes := d.Train.H*d.Train.W*d.Train.C, len(d.Classes)
	w := make([]float32, classes*(inputs+1)) // [class, input], the last input being 1
	x, p := make([]float32, inputs+1), make([]float64, classes)
	for epoch := range epochs {
		rate := lr / float32(inputs) * 10 / float32(1+epoch)
		for _, i := range Order(nil, 1, epoch, d.Train.N) {
			normalise(x, d, d.Train.Image(int(i)))
			softmax(p, w, x)
			p[d.Train.Labels[i]]--
			for c := range p {
				axpy(w[c*len(x):(c+1)*len(x)], x, -rate*float32(p[c]))
			}
		}
		right := 0
		for i := range d.Test.N {
			normalise(x, d, d.Test.Image(i))
			softmax(p, w, x)
			if argmax(p) == int(d.Test.Labels[i]) {
				right++
			}
		}
		best = max(best, float64(right)/float64(d.Test.N))
	}
	return best
}

func normalise(x []float32, d *Dataset, image []uint8) {
	for j, v := range image {
		c := j % len(d.Mean)
		x[j] = float32((float64(v)/255 - d.Mean[c]) / d.Std[c])
	}
	x[len(image)] = 1
}

// softmax sets p [c] to the class probabilities of x under the weights w [c, len(x)].
func softmax(p []float64, w, x []float32) {
	most, sum := math.Inf(-1), 0.0
	for c := range p {
		p[c] = float64(dotProduct(w[c*len(x):(c+1)*len(x)], x))
		most = max(most, p[c])
	}
	for c := range p {
		p[c] = math.Exp(p[c] - most)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
}

func dotProduct(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	n := len(a) &^ 3
	for i := 0; i < n; i += 4 {
		s0, s1, s2, s3 = s0+a[i]*b[i], s1+a[i+1]*b[i+1], s2+a[i+2]*b[i+2], s3+a[i+3]*b[i+3]
	}
	for i := n; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

func axpy(y, x []float32, a float32) {
	for i, v := range x {
		y[i] += a * v
	}
}

func argmax(p []float64) (best int) {
	for c := range p {
		if p[c] > p[best] {
			best = c
		}
	}
	return best
}

func BenchmarkSynthetic(b *testing.B) {
	for b.Loop() {
		Synthetic(SyntheticSeed, SyntheticTrain, SyntheticTest)
	}
}
