package analysis

import (
	"context"
	"math"
	"testing"

	"lbsam/datasets"
	"lbsam/kernels"
)

// On a device with memory of its own, each measurement gives back what it took, and
// a point takes none.
func TestMeasurementsGiveMemoryBack(t *testing.T) {
	s := mustSiteOn(t, "ptxsim", "resnet8-w8", 1)
	p, err := s.Job.Probe(t.Context(), &datasets.Split{N: 2, H: 8, W: 8, C: 3, Images: make([]uint8, 2*8*8*3), Labels: []uint8{0, 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Probe = p // of two images: the interpreter is slow
	present(t, s)
	before, state := s.Device.Allocated(), stateOf(s)
	l := Landscape{X: Grid{0, 1, 3}, Normalise: FilterNorm, Tensors: Weights}
	n := toSite(t, s, Grid{0, 1, 3})
	z := Noise{Kind: Additive, Tensors: Weights, Levels: []float64{0.1, 0.2}, Draws: 1}
	for name, run := range map[string]func(tell func(int, int)) error{
		"landscape": func(tell func(int, int)) error {
			return l.Run(t.Context(), []Site{s}, mustJournalOf[LandscapePoint](t), tell)
		},
		"interpolation": func(tell func(int, int)) error {
			return n.Run(t.Context(), []Site{s}, mustJournalOf[LandscapePoint](t), tell)
		},
		"noise": func(tell func(int, int)) error {
			return z.Run(t.Context(), []Site{s}, mustJournalOf[NoisePoint](t), tell)
		},
	} {
		var during []int64
		if err := run(func(int, int) { during = append(during, s.Device.Allocated()) }); err != nil {
			t.Fatal(err)
		}
		if during[1] != during[2] {
			t.Errorf("%s: the third point took %d bytes", name, during[2]-during[1])
		}
		if now := s.Device.Allocated(); now != before {
			t.Errorf("%s: %d bytes are left", name, now-before)
		}
		wantState(t, s, state)
	}
}

// A statistic that is no number at one point does not spoil the next ones, whose
// statistics are taken anew.
func TestRecalibrationForgets(t *testing.T) {
	s := mustSite(t, "resnet8-w8", 1)
	var scores []Score
	err := fromOrigins([]Site{s}, func(origins []*origin) error {
		for _, spoil := range []float64{1, math.NaN()} {
			for _, i := range statistics(s.Job) {
				kernels.Fill(s.Model.Buffers()[i].Value.Data, spoil)
			}
			score, err := origins[0].score(context.Background(), 2)
			if err != nil {
				return err
			}
			scores = append(scores, score)
		}
		return nil
	})
	if err != nil || scores[0] != scores[1] {
		t.Errorf("scores %+v with statistics that began as 1 and as NaN: %v", scores, err)
	}
}
