package analysis

import (
	"context"
	"slices"
	"testing"

	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/train"
)

// images are few, of 8 x 8 pixels, so that a test takes no time.
func images() *datasets.Dataset {
	whole := datasets.Synthetic(1, 24, 8)
	for _, s := range []*datasets.Split{&whole.Train, &whole.Test} {
		small := datasets.Split{N: s.N, H: 8, W: 8, C: s.C, Labels: s.Labels}
		for i := range s.N {
			for y := range small.H {
				from := (4*y*s.W + 12) * s.C
				small.Images = append(small.Images, s.Image(i)[from:from+small.W*small.C]...)
			}
		}
		*s = small
	}
	return whole
}

// mustSite returns a site with a small model of first weights that are not too
// symmetric: biases and statistics are no zeros and ones.
func mustSite(t *testing.T, model string, seed uint64) Site {
	t.Helper()
	return mustSiteOn(t, "cpu", model, seed)
}

func mustSiteOn(t *testing.T, device, model string, seed uint64) Site {
	t.Helper()
	c := train.Demo()
	c.Device, c.Threads, c.Model, c.Seed, c.Batch = device, 1, model, seed, 8
	j, err := train.OpenWith(c, images())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Close)
	w := j.Params.Weights.Floats()
	for i, offset := range j.Params.Offsets {
		for k := range j.Params.Lens[i] {
			w[offset+k] += 0.05 * float64((k+int(seed))%7-3)
		}
	}
	j.Params.Weights.SetFloats(w)
	p, err := j.Probe(context.Background(), &j.Data.Train, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Recalibrate(context.Background(), 2); err != nil {
		t.Fatal(err)
	}
	return Site{j, p}
}

// A state is a copy of what a site's model consists of.
type state struct{ weights, rest []float64 }

func stateOf(s Site) (all state) {
	all.weights = s.Params.Weights.Floats()
	for _, b := range s.Model.Buffers() {
		if b.Value.Data.Dtype() == kernels.Int32 {
			counts := make([]int32, b.Value.Len())
			kernels.Download(counts, b.Value.Data)
			for _, n := range counts {
				all.rest = append(all.rest, float64(n))
			}
			continue
		}
		all.rest = append(all.rest, b.Value.Floats()...)
	}
	return all
}

// wantSame fails unless two lists are equal, and without NaN.
func wantSame(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(got[i] == want[i]) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func wantState(t *testing.T, s Site, want state) {
	t.Helper()
	got := stateOf(s)
	wantSame(t, "weights", got.weights, want.weights)
	wantSame(t, "statistics", got.rest, want.rest)
}

// wantPadding fails unless what lies between parameters is zero.
func wantPadding(t *testing.T, s Site, arena []float64) {
	t.Helper()
	at := 0
	for i, offset := range slices.Concat(s.Params.Offsets, []int{len(arena)}) {
		for ; at < offset; at++ {
			if arena[at] != 0 {
				t.Fatalf("the padding has %v at %d", arena[at], at)
			}
		}
		if i < len(s.Params.Lens) {
			at += s.Params.Lens[i]
		}
	}
}

// scoreAt is the score of weights in an arena.
func scoreAt(t *testing.T, s Site, weights []float64) Score {
	t.Helper()
	before := s.Params.Weights.Floats()
	defer s.Params.Weights.SetFloats(before)
	s.Params.Weights.SetFloats(weights)
	return present(t, s)
}

// present is the score of a site as it is.
func present(t *testing.T, s Site) Score {
	t.Helper()
	score, err := s.Probe.Score(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return Score{Number(score.Loss), score.Accuracy}
}

func quiet(int, int) {}
