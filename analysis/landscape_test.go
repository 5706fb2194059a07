package analysis

import (
	"math"
	"path/filepath"
	"testing"

	"lbsam/kernels"
	"lbsam/tensor"
	"lbsam/train/checkpoint"
)

func newTestLandscape(points int) Landscape {
	g := Grid{-1, 1, points}
	return Landscape{X: g, Y: &g, Normalise: FilterNorm, Tensors: Weights, Seed: 7}
}

func TestLandscapeIsResumable(t *testing.T) {
	l := newTestLandscape(3)
	points := wantResumable(t, "resnet8-w8", l.Run)
	if len(points) != 9 {
		t.Fatalf("%d points, want 9", len(points))
	}
	for i, p := range points {
		if p.X != float64(i%3-1) || *p.Y != float64(i/3-1) {
			t.Errorf("point %d is (%v, %v)", i, p.X, *p.Y)
		}
	}
	l.Recalibrate = 2
	again := wantResumable(t, "resnet8-w8", l.Run)
	if again[0].Score == points[0].Score {
		t.Error("recalibrated statistics change nothing")
	}
}

// The points are w + x·d + y·e, and the middle is the model itself to the bit.
func TestLandscapePoints(t *testing.T) {
	s, l := mustSite(t, "resnet8-w8", 1), newTestLandscape(5)
	w, middle := s.Params.Weights.Floats(), present(t, s)
	d, e := l.direction(s.Job, 0).Floats(), l.direction(s.Job, 1).Floats()
	j := mustJournalOf[LandscapePoint](t)
	if err := l.Run(t.Context(), []Site{s}, j, quiet); err != nil {
		t.Fatal(err)
	}
	for _, p := range j.Points {
		at := make([]float64, len(w))
		for i := range w {
			at[i] = w[i] + p.X*d[i] + *p.Y*e[i]
		}
		want := scoreAt(t, s, at)
		if p.X == 0 && *p.Y == 0 && p.Score != middle {
			t.Errorf("the middle has %+v, the model %+v", p.Score, middle)
		}
		if !(math.Abs(float64(p.Loss-want.Loss)) <= 1e-4*float64(want.Loss)) { // the weights are rounded twice
			t.Errorf("at (%v, %v) the loss is %v, want %v", p.X, *p.Y, p.Loss, want.Loss)
		}
	}
}

// A line is the row y = 0 of the plane.
func TestLandscapeLine(t *testing.T) {
	s, l := mustSite(t, "mlp", 1), newTestLandscape(3)
	plane := mustJournalOf[LandscapePoint](t)
	if err := l.Run(t.Context(), []Site{s}, plane, quiet); err != nil {
		t.Fatal(err)
	}
	l.Y = nil
	points := wantResumable(t, "mlp", Landscape{X: Grid{-1, 1, 4}, Normalise: LayerNorm, Tensors: AllTensors}.Run)
	if len(points) != 4 || points[0].Y != nil {
		t.Errorf("a line has points %+v", points)
	}
	line := mustJournalOf[LandscapePoint](t)
	if err := l.Run(t.Context(), []Site{s}, line, quiet); err != nil {
		t.Fatal(err)
	}
	for i, p := range line.Points {
		if p.Score != plane.Points[3+i].Score {
			t.Errorf("at %v the line has %+v, the plane %+v", p.X, p.Score, plane.Points[3+i].Score)
		}
	}
}

func mustJournalOf[Point any](t *testing.T) *Journal[Point] {
	t.Helper()
	j, err := OpenJournal[Point](t.TempDir(), "settings")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// near reports whether two lengths agree up to the rounding of float32.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*b }

// Each filter, or each tensor, of a direction is as long as that of the weights;
// the padding and what does not move are 0.
func TestDirectionsAreNormalised(t *testing.T) {
	s := mustSite(t, "resnet8-w8", 1)
	w := s.Params.Weights.Floats()
	for _, c := range []struct {
		norm, tensors string
		parts         func(shape []int) int // of a tensor, that are as long as those of w
	}{
		{FilterNorm, Weights, func(shape []int) int { return shape[0] }},
		{LayerNorm, Weights, func(shape []int) int { return 1 }},
		{FilterNorm, AllTensors, func(shape []int) int {
			if len(shape) == 1 {
				return 1
			}
			return shape[0]
		}},
		{NoNorm, Weights, nil},
	} {
		l := Landscape{Normalise: c.norm, Tensors: c.tensors, Seed: 3}
		d := l.direction(s.Job, 0).Floats()
		wantSame(t, "the same direction", l.direction(s.Job, 0).Floats(), d)
		wantPadding(t, s, d)
		for i, p := range s.Params.List {
			from, n := s.Params.Offsets[i], s.Params.Lens[i]
			d, w := d[from:from+n], w[from:from+n]
			switch {
			case c.tensors == Weights && len(p.Shape()) == 1:
				wantSame(t, p.Name, d, make([]float64, n))
			case c.parts == nil:
				if mean := norm(d) / math.Sqrt(float64(n)); !(math.Abs(mean-1) < 4/math.Sqrt(2*float64(n))) { // 4 deviations of it
					t.Errorf("%s is of standard deviation %v, want 1", p.Name, mean)
				}
			default:
				size := n / c.parts(p.Shape())
				for k := 0; k < n; k += size {
					if got, want := norm(d[k:k+size]), norm(w[k:k+size]); !near(got, want) || want == 0 {
						t.Errorf("%s by %s: part %d of %s is %v long, the weights %v", c.norm, c.tensors, k/size, p.Name, got, want)
					}
				}
			}
		}
	}
}

// Directions differ by axis and seed, and what moves does not change the others.
func TestDirectionsAreIndependent(t *testing.T) {
	s := mustSite(t, "resnet8-w8", 1)
	l := Landscape{Normalise: FilterNorm, Tensors: Weights, Seed: 3}
	d := l.direction(s.Job, 0).Floats()
	other := l
	other.Seed = 4
	for name, e := range map[string][]float64{"axis": l.direction(s.Job, 1).Floats(), "seed": other.direction(s.Job, 0).Floats()} {
		dot := 0.0
		for i := range d {
			dot += d[i] * e[i]
		}
		if cos := dot / norm(d) / norm(e); !(math.Abs(cos) < 0.1) { // it has deviation 1/√19218
			t.Errorf("directions of another %s have cosine %v", name, cos)
		}
	}
	other = l
	other.Tensors = AllTensors
	all := other.direction(s.Job, 0).Floats()
	for i, v := range d {
		if v != 0 && all[i] != v {
			t.Fatalf("weight %d has %v alone and %v with all", i, v, all[i])
		}
	}
}

func TestSaveDirections(t *testing.T) {
	s, l := mustSite(t, "lenet", 1), newTestLandscape(3)
	path := filepath.Join(t.TempDir(), "directions.safetensors")
	if err := l.SaveDirections(path, s.Job); err != nil {
		t.Fatal(err)
	}
	var entries []checkpoint.Entry
	for _, axis := range []string{"x.", "y."} {
		for _, p := range s.Params.List {
			entries = append(entries, checkpoint.Entry{Name: axis + p.Name, Tensor: tensor.New(s.Device, p.Shape()...)})
		}
	}
	if _, err := checkpoint.Import(path, "lenet", entries); err != nil {
		t.Fatal(err)
	}
	for axis := range 2 {
		d := l.direction(s.Job, uint32(axis))
		for i, p := range s.Params.List {
			got := entries[axis*len(s.Params.List)+i]
			wantSame(t, got.Name, got.Tensor.Floats(), kernels.Floats(d.Part(s.Params.Offsets[i], p.Shape()...).Data))
		}
	}
	wantFolderError(t, l.SaveDirections(filepath.Join(path, "x"), s.Job), path)
}
