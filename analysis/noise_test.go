package analysis

import (
	"math"
	"slices"
	"testing"
)

func newTestNoise(kind string) Noise {
	return Noise{Kind: kind, Tensors: Weights, Levels: []float64{0.1, 0.4}, Draws: 2, Seed: 5}
}

func TestNoiseIsResumable(t *testing.T) {
	n := newTestNoise(Multiplicative)
	n.Recalibrate = 1
	points := wantResumable(t, "resnet8-w8", n.Run)
	for i, want := range []NoisePoint{{}, {Level: 0.1}, {Level: 0.4}, {Level: 0.1, Draw: 1}, {Level: 0.4, Draw: 1}} {
		if p := points[i]; p.Level != want.Level || p.Draw != want.Draw || p.Tensor != "" || p.Recalibrated == nil || *p.Recalibrated == p.Score {
			t.Errorf("point %d is %+v, want level %v of draw %d, and another score with statistics of its own", i, p, want.Level, want.Draw)
		}
	}
	n.Recalibrate = 0
	for i, p := range wantResumable(t, "resnet8-w8", n.Run) {
		if p.Recalibrated != nil || p.Score != points[i].Score {
			t.Errorf("point %d without recalibration is %+v, with it %+v", i, p, points[i])
		}
	}
	s := mustSite(t, "resnet8-w8", 1)
	if clean := present(t, s); points[0].Score != clean {
		t.Errorf("without noise there is %+v, the model has %+v", points[0].Score, clean)
	}
}

// withNoise calls body with the weights under each draw and level.
func withNoise(t *testing.T, s Site, n Noise, tensor int, body func(draw int, level float64, noisy []float64)) {
	t.Helper()
	err := fromOrigins([]Site{s}, func(origins []*origin) error {
		site := newNoisySite(n, origins[0])
		defer site.close()
		for draw := range n.Draws {
			for _, level := range n.Levels {
				site.restoreWeights()
				site.take(draw)
				site.add(tensor, level)
				body(draw, level, s.Params.Weights.Floats())
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// z, which is told from the noisy weights by the formula of its kind, is standard
// normal, the same at every level, and another one in every draw; what has no noise
// stays as it is, and so does the padding.
func TestNoiseFormulas(t *testing.T) {
	s := mustSite(t, "resnet8-w8", 1)
	w := s.Params.Weights.Floats()
	for _, kind := range NoiseKinds() {
		n := newTestNoise(kind)
		drawn := map[int][]float64{}
		withNoise(t, s, n, -1, func(draw int, level float64, noisy []float64) {
			wantPadding(t, s, noisy)
			var z []float64
			for i, p := range s.Params.List {
				from, to := s.Params.Offsets[i], s.Params.Offsets[i]+s.Params.Lens[i]
				if len(p.Shape()) == 1 {
					wantSame(t, p.Name, noisy[from:to], w[from:to])
					continue
				}
				width := slices.Max(w[from:to]) - slices.Min(w[from:to])
				for k := from; k < to; k++ {
					unit := map[string]float64{Multiplicative: w[k], Additive: 1, RangeNoise: width}[kind]
					if math.Abs(unit) > 0.01 { // of a smaller one rounding hides z
						z = append(z, (noisy[k]-w[k])/unit/level)
					}
				}
			}
			count := float64(len(z))
			mean, square := 0.0, 0.0
			for _, v := range z {
				mean, square = mean+v/count, square+v*v/count
			}
			if !(math.Abs(mean) < 5/math.Sqrt(count) && math.Abs(square-1) < 5*math.Sqrt(2/count)) { // 5 deviations of each
				t.Errorf("%s: z has mean %v and mean square %v", kind, mean, square)
			}
			if drawn[draw] == nil {
				drawn[draw] = z
			}
			for i, v := range z {
				if !(math.Abs(v-drawn[draw][i]) < 1e-3) { // float32, at a level of 0.1 and a unit of 0.01
					t.Fatalf("%s: z is %v at one level and %v at another", kind, drawn[draw][i], v)
				}
			}
		})
		if slices.Equal(drawn[0], drawn[1]) {
			t.Errorf("%s: two draws are the same", kind)
		}
	}
}

// Alone, a tensor has the noise that it has among all.
func TestNoisePerLayer(t *testing.T) {
	s, n := mustSite(t, "lenet", 1), newTestNoise(RangeNoise)
	n.Tensors = AllTensors
	w := s.Params.Weights.Floats()
	var all [][]float64
	withNoise(t, s, n, -1, func(_ int, _ float64, noisy []float64) { all = append(all, noisy) })
	const tensor = 2
	from, to := s.Params.Offsets[tensor], s.Params.Offsets[tensor]+s.Params.Lens[tensor]
	i := 0
	withNoise(t, s, n, tensor, func(_ int, _ float64, noisy []float64) {
		want := slices.Clone(w)
		copy(want[from:to], all[i][from:to])
		wantSame(t, "weights", noisy, want)
		i++
	})

	n.PerLayer = true
	points := wantResumable(t, "lenet", n.Run)
	tensors := len(s.Params.List)
	if len(points) != 1+n.Draws*tensors*len(n.Levels) {
		t.Fatalf("%d points of %d tensors", len(points), tensors)
	}
	for i, p := range points[1:] {
		if want := s.Params.List[i/2%tensors].Name; p.Tensor != want || p.Draw != i/2/tensors || p.Level != n.Levels[i%2] {
			t.Errorf("point %d is %+v, want tensor %s", i+1, p, want)
		}
	}
}

func TestNoiseLevels(t *testing.T) {
	point := func(tensor string, level, loss, accuracy, again float64) NoisePoint {
		return NoisePoint{Tensor: tensor, Level: level, Score: Score{Number(loss), accuracy}, Recalibrated: &Score{Number(again), again}}
	}
	list := NoiseLevels([]NoisePoint{
		point("", 0, 1, 0.9, 2),
		point("a", 0.1, 2, 0.8, 4), point("b", 0.1, 3, 0.5, 1),
		point("a", 0.1, 4, 0.6, 6), point("b", 0.1, math.Inf(1), 0.1, 1),
	})
	if len(list) != 3 {
		t.Fatalf("%d levels, want 3: %+v", len(list), list)
	}
	a, b := list[1], list[2]
	if a.Tensor != "a" || a.Level != 0.1 || a.Draws != 2 || a.Loss.Mean != 3 || !near(float64(a.Loss.Std), math.Sqrt2) ||
		!near(float64(a.Accuracy.Mean), 0.7) || !near(float64(a.Accuracy.Std), math.Sqrt2/10) || a.Recalibrated.Loss.Mean != 5 {
		t.Errorf("a is %+v", a)
	}
	if b.Tensor != "b" || b.Loss.Mean.Finite() || b.Loss.Std.Finite() || !near(float64(b.Accuracy.Mean), 0.3) {
		t.Errorf("b, with a loss that is infinite, is %+v", b)
	}
	if clean := list[0]; clean.Draws != 1 || clean.Loss.Mean != 1 || clean.Loss.Std.Finite() {
		t.Errorf("one draw is %+v, want no deviation", clean)
	}
}
