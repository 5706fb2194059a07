package analysis

import (
	"math"
	"testing"
)

// toSite returns an interpolation from a site to another one.
func toSite(t *testing.T, to Site, x Grid) Interpolation {
	t.Helper()
	end, err := NewSnapshot(to.Job)
	if err != nil {
		t.Fatal(err)
	}
	return Interpolation{X: x, Statistics: true, To: end}
}

func TestInterpolationIsResumable(t *testing.T) {
	n := toSite(t, mustSite(t, "resnet8-w8", 2), Grid{-0.5, 1.5, 5})
	points := wantResumable(t, "resnet8-w8", n.Run)
	n.Recalibrate = 1
	if again := wantResumable(t, "resnet8-w8", n.Run); again[2].Score == points[2].Score {
		t.Error("recalibrated statistics change nothing")
	}
}

// At 0 and 1 the models are met to the bit; with the statistics of the first model
// the second one is not itself.
func TestInterpolationEnds(t *testing.T) {
	first, second := mustSite(t, "resnet8-w8", 1), mustSite(t, "resnet8-w8", 2)
	n := toSite(t, second, Grid{0, 1, 3})
	run := func() []LandscapePoint {
		j := mustJournalOf[LandscapePoint](t)
		if err := n.Run(t.Context(), []Site{first}, j, quiet); err != nil {
			t.Fatal(err)
		}
		return j.Points
	}
	points := run()
	for i, s := range map[int]Site{0: first, 2: second} {
		if want := present(t, s); points[i].Score != want || !want.Loss.Finite() {
			t.Errorf("at %v: %+v, the model has %+v", points[i].X, points[i].Score, want)
		}
	}
	n.Statistics = false
	kept := run()
	if kept[0] != points[0] || kept[2] == points[2] {
		t.Errorf("with the statistics of the first model: %+v, with those between: %+v", kept, points)
	}
}

// Far outside weights go on, and statistics, whose variances would be negative, end
// at those of the nearer model.
func TestInterpolationOutside(t *testing.T) {
	n := toSite(t, mustSite(t, "resnet8-w8", 2), Grid{-30, 30, 3})
	first := mustSite(t, "resnet8-w8", 1)
	w, end, before := first.Params.Weights.Floats(), n.To.weights, statisticsOf(first)
	err := fromOrigins([]Site{first}, func(origins []*origin) error {
		m := n.along(origins[0])
		defer m.close()
		m.to(30)
		moved := stateOf(first)
		wantPadding(t, first, moved.weights)
		for i, v := range moved.weights {
			if want := -29*w[i] + 30*end[i]; !(math.Abs(v-want) <= 1e-5*(29*math.Abs(w[i])+30*math.Abs(end[i]))) { // float32
				t.Fatalf("weight %d is %v, want %v", i, v, want)
			}
		}
		wantSame(t, "statistics beyond the second model", statisticsOf(first), n.To.statistics)
		m.to(-30)
		wantSame(t, "statistics beyond the first model", statisticsOf(first), before)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// statisticsOf are the running means and variances at a site.
func statisticsOf(s Site) (list []float64) {
	for _, i := range statistics(s.Job) {
		list = append(list, s.Model.Buffers()[i].Value.Floats()...)
	}
	return list
}

func TestInterpolationOfAnotherShape(t *testing.T) {
	n := toSite(t, mustSite(t, "lenet", 2), Grid{0, 1, 3})
	defer func() {
		if recover() == nil {
			t.Error("weights of another model were taken")
		}
	}()
	n.Run(t.Context(), []Site{mustSite(t, "mlp", 1)}, mustJournalOf[LandscapePoint](t), quiet)
}

func TestBarrier(t *testing.T) {
	line := func(losses ...float64) (points []LandscapePoint) {
		for i, v := range losses {
			points = append(points, LandscapePoint{X: float64(i-1) / 4, Score: Score{Loss: Number(v)}})
		}
		return points
	}
	for _, c := range []struct {
		losses []float64 // at -1/4, 0, ... 5/4
		want   float64
	}{
		{[]float64{9, 1, 2, 3, 2, 1, 9}, 2},
		{[]float64{9, 1, 2, 3, 4, 5, 9}, 0},
		{[]float64{9, 1, 0, 0, 0, 5, 9}, 0},
		{[]float64{9, 1, 5, 3, 4, 5, 9}, 3},
		{[]float64{9, 1, math.NaN(), 3, 4, 5, 9}, math.NaN()},
		{[]float64{9, 1, 2, 3, 4, math.Inf(1), 9}, math.NaN()},
		{[]float64{9, 1, 2, 3}, math.NaN()},
	} {
		if got := float64(Barrier(line(c.losses...))); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("the barrier of %v is %v, want %v", c.losses, got, c.want)
		}
	}
}
