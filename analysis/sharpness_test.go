package analysis

import (
	"context"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/train"
)

func smallSharpness() Sharpness {
	return Sharpness{
		Geometries: Geometries(), Radii: []float64{0.1, 0.5}, M: []int{0, 2}, Steps: 5, Draws: 2, Eta: 0.01, Tensors: AllTensors, Seed: 3,
		Hessian: Hessian{Eigenvalues: 2, Vectors: 5, Tolerance: 1e-6, Traces: 2},
	}
}

// A measurement that fails at any moment puts the weights back, keeps what is
// finished, and goes on to the same numbers.
func TestSharpnessGoesOn(t *testing.T) {
	s := smallSharpness()
	run := func(folder string, fails int) ([]SharpnessPoint, int, error) {
		q := newQuadratic(t, openDevice(t, "ref", kernels.Float64), [5]float64{.7, -1.1, .4, .2, -.6})
		q.fails, q.images = fails, 3
		before := q.weights()
		j, err := OpenJournal[SharpnessPoint](folder, s)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		last := 0
		err = s.run(t.Context(), q.params, q, j, func(done, total int) {
			if done < last || done > total || total != s.cost(3) {
				t.Errorf("%d of %d behind %d of %d", done, total, last, s.cost(3))
			}
			last = done
		})
		if err == nil && last != s.cost(3) {
			t.Errorf("the work ended at %d of %d", last, s.cost(3))
		}
		if after := q.weights(); after != before {
			t.Errorf("failing at call %d: weights %v, were %v", fails, after, before)
		}
		return j.Points, q.calls, err
	}
	want, calls, err := run(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if parts := 1 + 2*2*(2+3) + 1 + 2; len(want) != parts { // clean, per geometry and radius, spectrum, trace
		t.Errorf("%d parts, want %d", len(want), parts)
	}
	for _, p := range want {
		if w := p.Worst; w != nil && w.Images != map[[2]int]int{{0, 0}: 3, {2, 0}: 2, {2, 1}: 1}[[2]int{w.M, w.Group}] {
			t.Errorf("%+v", w)
		}
	}
	for fails := 1; fails <= calls; fails += 3 {
		folder := t.TempDir()
		kept, _, err := run(folder, fails)
		if !errors.Is(err, errPlanted) {
			t.Fatalf("failing at call %d of %d: %v", fails, calls, err)
		}
		if len(kept) > 0 && !reflect.DeepEqual(kept, want[:len(kept)]) {
			t.Errorf("failing at call %d kept %+v", fails, kept)
		}
		got, _, err := run(folder, 0)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("behind a failure at call %d: %+v, %v, want %+v", fails, got, err, want)
		}
	}
}

// What a measurement takes of a device it gives back.
func TestSharpnessGivesMemoryBack(t *testing.T) {
	d := openDevice(t, "ptxsim", kernels.Float32)
	q := newQuadratic(t, d, [5]float64{.7, -1.1, .4, .2, -.6})
	s := smallSharpness()
	j, err := OpenJournal[SharpnessPoint](t.TempDir(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	before := d.Allocated()
	if err := s.run(t.Context(), q.params, q, j, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	if now := d.Allocated(); now != before {
		t.Errorf("%d bytes are left", now-before)
	}
}

// On average over directions a quadratic loss rises by rho²/2 times the mean
// eigenvalue of THT.
func TestAverageOfAQuadraticLoss(t *testing.T) {
	for geometry, scale := range map[string][5]float64{sam: ones, asam: {.7 + .01, 1.1 + .01, .4 + .01, 1, 1}} {
		s := Sharpness{Geometries: []string{geometry}, Radii: []float64{0.3}, Draws: 2000, Eta: 0.01, Tensors: AllTensors}
		q := newQuadratic(t, openDevice(t, "ref", kernels.Float64), [5]float64{.7, -1.1, .4, .2, -.6})
		_, q.b = q.at(q.weights())
		j, err := OpenJournal[SharpnessPoint](t.TempDir(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		if err := s.run(t.Context(), q.params, q, j, func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		want := 0.0
		for i := range scale {
			want += 0.3 * 0.3 / 2 * scale[i] * scale[i] * q.h[i][i] / 5
		}
		line := s.Result(j.Points).Lines[0]
		got, standard := float64(line.LossRise.Mean), float64(line.LossRise.Std)/math.Sqrt(2000)
		if !(math.Abs(got-want) < 3*standard) || !(standard < 0.02*want) || line.Parts != 2000 || line.Measure != Random {
			t.Errorf("%s: %+v, want a rise of %v ± %v", geometry, line, want, standard)
		}
	}
}

// Worst cases are averaged over images, their standard deviation is over groups.
func TestSharpnessResult(t *testing.T) {
	worst := func(group, images int, clean, one, most float64) SharpnessPoint {
		return SharpnessPoint{Geometry: sam, Radius: 0.1, Worst: &WorstCase{2, group, Rise{
			Images: images, Clean: Level{Number(clean), 1}, OneStep: Level{Number(one), 0.9}, Worst: Level{Number(most), 0.5},
		}}}
	}
	twice := Number(13)
	r := Sharpness{Steps: 3}.Result([]SharpnessPoint{
		{Clean: &Level{1, 0.75}},
		worst(0, 2, 1, 2, 4), worst(1, 1, 0, 3, 6),
		{Geometry: sam, Radius: 0.1, Average: &Average{0, Level{Number(math.NaN()), 0.5}}},
		{Trace: &TraceDraw{0, 10, &twice, 7}}, {Trace: &TraceDraw{1, 14, nil, 7}},
	})
	if len(r.Lines) != 3 || r.Clean.Loss != 1 {
		t.Fatalf("%+v", r)
	}
	if l := r.Lines[0]; l.Measure != WorstLoss || l.M != 2 || l.Parts != 2 || l.LossRise.Mean != 4 || !(math.Abs(float64(l.LossRise.Std)-3/math.Sqrt2) < 1e-12) || l.AccuracyLoss.Mean != 0.5 {
		t.Errorf("%+v", l)
	}
	if l := r.Lines[1]; l.Measure != OneStep || !(math.Abs(float64(l.LossRise.Mean)-5./3) < 1e-12) {
		t.Errorf("%+v", l)
	}
	if l := r.Lines[2]; l.Measure != Random || l.LossRise.Mean.Finite() || l.AccuracyLoss.Mean != 0.25 {
		t.Errorf("%+v", l)
	}
	if trace := r.Curvature.Trace; trace.Value != 12 || trace.Error != 2 || trace.StepError != 3 || trace.Weights != 7 {
		t.Errorf("%+v", trace)
	}
}

func TestSharpnessValidates(t *testing.T) {
	if err := smallSharpness().Validate(2); err == nil || !strings.Contains(err.Error(), "--m has 0 and 2, which are the same groups of 2 images") {
		t.Error(err)
	}
	for _, images := range []int{0, 3} {
		if err := smallSharpness().Validate(images); err != nil {
			t.Error(err)
		}
	}
	nan := math.NaN()
	for want, change := range map[string]func(s *Sharpness){
		`unknown geometry "asem" (did you mean asam?): want one of sam, asam`: func(s *Sharpness) { s.Geometries = []string{"asem"} },
		"--geometry has sam twice":                          func(s *Sharpness) { s.Geometries = []string{"sam", "sam"} },
		`unknown tensors "weihgts" (did you mean weights?)`: func(s *Sharpness) { s.Tensors = "weihgts" },
		"--radii has 0: want numbers above 0":               func(s *Sharpness) { s.Radii = []float64{1, 0} },
		"--radii has -1":                                    func(s *Sharpness) { s.Radii = []float64{-1} },
		"--radii has NaN":                                   func(s *Sharpness) { s.Radii = []float64{nan} },
		"--radii has +Inf":                                  func(s *Sharpness) { s.Radii = []float64{math.Inf(1)} },
		"--radii has 1 twice":                               func(s *Sharpness) { s.Radii = []float64{1, 2, 1} },
		"--m has 11, and there are 10 images":               func(s *Sharpness) { s.M = []int{11} },
		"--m has -1, and there are 10 images":               func(s *Sharpness) { s.M = []int{-1} },
		"--m has 3 and 3":                                   func(s *Sharpness) { s.M = []int{3, 3} },
		"--steps is -1":                                     func(s *Sharpness) { s.Steps = -1 },
		"--eta is NaN":                                      func(s *Sharpness) { s.Eta = nan },
		"--vectors is 0: want a number from 1":              func(s *Sharpness) { s.Hessian.Vectors = 0 },
		"--tolerance is NaN":                                func(s *Sharpness) { s.Hessian.Tolerance = nan },
		"--hessian-step is -1":                              func(s *Sharpness) { s.Hessian.Step = -1 },
		"--eigenvalues is 6 and --vectors 5":                func(s *Sharpness) { s.Hessian.Eigenvalues = 6 },
	} {
		s := smallSharpness()
		change(&s)
		err := s.Validate(10)
		if _, ok := errors.AsType[train.UsageError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A model whose loss is no number cannot be measured; a loss that becomes none
// nearby is the worst case.
func TestLossThatIsNoNumber(t *testing.T) {
	s := smallSharpness()
	run := func(q objective, p *quadratic) ([]SharpnessPoint, error) {
		j, err := OpenJournal[SharpnessPoint](t.TempDir(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		err = s.run(t.Context(), p.params, q, j, func(int, int) {})
		return j.Points, err
	}
	q := newQuadratic(t, openDevice(t, "ref", kernels.Float64), [5]float64{math.NaN(), -1.1, .4, .2, -.6})
	if _, err := run(q, q); err == nil || !strings.Contains(err.Error(), "the loss of the model is NaN") {
		t.Errorf("error %v", err)
	}
	q = newQuadratic(t, openDevice(t, "ref", kernels.Float64), [5]float64{.7, -1.1, .4, .2, -.6})
	edge := cliff{q, q.weights()}
	points, err := run(edge, q)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		if w := p.Worst; w != nil && (p.Radius == 0.1 || p.Geometry == sam) && w.Worst.Loss.Finite() != (p.Radius == 0.1) {
			t.Errorf("%+v: %+v", p, w)
		}
	}
	s.Geometries, s.Hessian.Step = nil, 0.5
	if _, err := run(edge, q); err == nil || !strings.Contains(err.Error(), "is not finite: no second derivatives") {
		t.Errorf("error %v", err)
	}
}

// cliff is a loss that ends at a distance of 0.4.
type cliff struct {
	*quadratic
	center [5]float64
}

func (c cliff) ScoreOf(ctx context.Context, lo, hi int) (train.Score, error) {
	score, err := c.quadratic.ScoreOf(ctx, lo, hi)
	return c.ends(score), err
}

func (c cliff) GradientOf(ctx context.Context, lo, hi int) (train.Score, error) {
	score, err := c.quadratic.GradientOf(ctx, lo, hi)
	if score = c.ends(score); math.IsNaN(score.Loss) {
		c.params.Grads.Fill(math.NaN())
	}
	return score, err
}

func (c cliff) ends(score train.Score) train.Score {
	distance := 0.0
	for i, w := range c.weights() {
		distance = math.Hypot(distance, w-c.center[i])
	}
	if distance > 0.4 {
		score.Loss = math.NaN()
	}
	return score
}
