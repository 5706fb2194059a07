package kernels

import (
	"fmt"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// awkwardSegments has lengths around vectors and blocks, every option, and
// padding between the segments.
func awkwardSegments(r rig) *Segments {
	var list []Segment
	offset := 0
	for i, n := range lengths {
		list = append(list, Segment{Offset: offset, Len: n, Scaled: i%2 == 0, Frozen: i%5 == 3, NoDecay: i%3 == 0})
		offset += (n + 63 + 64*(i%2)) / 64 * 64
	}
	return NewSegments(r.dev, offset, list)
}

// crowdedSegments is awkwardSegments without the padding, from 1 on: hardly one
// starts on a vector.
func crowdedSegments(r rig) *Segments {
	s := awkwardSegments(r)
	offset := 1
	for i := range s.List {
		s.List[i].Offset = offset
		offset += s.List[i].Len
	}
	return NewSegments(r.dev, offset+2, s.List)
}

// A layout is the arenas of a test that compares devices.
type layout struct {
	name     string
	segments func(r rig) *Segments
	shifted  int // the operand that starts off the alignment, or -1
}

var layouts = []layout{
	{"padded", awkwardSegments, -1},
	{"crowded", crowdedSegments, -1},
	{"first shifted", awkwardSegments, 0},
	{"second shifted", awkwardSegments, 1},
	{"third shifted", awkwardSegments, 2},
}

// arena is the operand of the given number: behind a NaN if it is shifted.
func (l layout) arena(r rig, operand int, x []float64) Buffer {
	if operand != l.shifted {
		return r.floats(x...)
	}
	return r.floats(append([]float64{math.NaN()}, x...)...).Slice(1, 1+len(x))
}

// segmentMask is, per element, the index of its segment, or -1 in the padding.
func segmentMask(s *Segments) []int32 {
	mask := make([]int32, s.Size)
	fill(mask, -1)
	for i, seg := range s.List {
		fill(mask[seg.Offset:seg.Offset+seg.Len], int32(i))
	}
	return mask
}

// padded draws an arena whose padding is 0.
func padded(seed int, s *Segments) []float64 {
	x := normals(seed, s.Size)
	for i, segment := range segmentMask(s) {
		if segment < 0 {
			x[i] = 0
		}
	}
	return x
}

// The eps of one ascent has the length rho in the geometry of T, is a
// function of the direction of g alone, and leaves frozen segments and the
// padding where they are.
func TestAscendGoesToTheDistanceRho(t *testing.T) {
	const rho, eta = 0.5, 0.01
	r := float64Rig(t)
	s := awkwardSegments(r)
	mask := segmentMask(s)
	for _, scaled := range []bool{false, true} {
		for i := range s.List {
			s.List[i].Scaled = scaled && i%2 == 0
		}
		start, g, norm := padded(1, s), padded(2, s), r.junk(1)
		ascend := func(factor float64) []float64 {
			w, gradient := r.floats(start...), r.floats(g...)
			Scale(gradient, gradient, r.floats(factor))
			ScaledNorm(norm, w, gradient, s, eta)
			Ascend(w, gradient, norm, r.floats(rho), s, eta)
			return Floats(w)
		}
		w := ascend(1)
		length := 0.0
		for i, segment := range mask {
			eps := w[i] - start[i]
			if segment < 0 || s.List[segment].Frozen {
				if eps != 0 {
					t.Fatalf("element %d of segment %d is not to be perturbed, and moved by %v", i, segment, eps)
				}
				continue
			}
			if s.List[segment].Scaled {
				eps /= math.Abs(start[i]) + eta
			}
			length += eps * eps
		}
		if math.Abs(math.Sqrt(length)-rho) > 1e-12 {
			t.Errorf("scaled=%v: the length of eps/T is %v, want %v", scaled, math.Sqrt(length), rho)
		}
		for _, factor := range []float64{1e-6, 1e6} {
			if err := kerneltest.Compare(ascend(factor), w, 1e-9, 0); err != nil { // 1e-16 is added to the norm, which is 1e-4 or more
				t.Errorf("scaled=%v: with the gradient times %v: %v", scaled, factor, err)
			}
		}
		ScaledDistance(norm, r.floats(w...), r.floats(start...), s, eta)
		if got := Floats(norm)[0]; math.Abs(got-rho) > 1e-12 {
			t.Errorf("scaled=%v: ScaledDistance is %v, want %v", scaled, got, rho)
		}
	}
}

// One pass does what two do, to the bit, in frozen segments and off the alignment
// too, and leaves the padding alone.
func TestAscendAndCast(t *testing.T) {
	check := func(name string, r rig, l layout, rounded func(n int) Buffer) {
		s := l.segments(r)
		g, norm, rho := l.arena(r, 1, normals(2, s.Size)), r.floats(12.5), r.floats(.3)
		both, plain := l.arena(r, 0, padded(1, s)), l.arena(r, 0, padded(1, s))
		got, want := rounded(s.Size), rounded(s.Size)
		AscendAndCast(both, got, g, norm, rho, s, .01)
		Ascend(plain, g, norm, rho, s, .01)
		Cast(want, plain)
		if i := firstDifference(Floats(both), Floats(plain)); i >= 0 {
			t.Errorf("%s, %s: weight %d differs", name, l.name, i)
		}
		casts, wanted := Floats(got), Floats(want)
		for i, segment := range segmentMask(s) {
			if x, y := casts[i], wanted[i]; segment >= 0 && x != y || segment < 0 && r.dev.gpu != nil && !math.IsNaN(x) {
				t.Fatalf("%s, %s: element %d of segment %d is %v, want %v", name, l.name, i, segment, x, y)
			}
		}
	}
	for _, l := range layouts {
		for h := range halfCases(t) {
			check(h.String(), h.rig, l, func(n int) Buffer { return h.shifted(h.blank(n), max(l.shifted-1, 0)) })
		}
		for _, compute := range []Compute{ComputeFloat16, ComputeBFloat16} {
			r := openRig(t, Config{Name: "cpu", Compute: compute})
			check("cpu", r, l, r.junk)
		}
	}
}

func TestAscendByHand(t *testing.T) {
	r := float64Rig(t)
	s := NewSegments(r.dev, 4, []Segment{{Len: 2, Scaled: true}, {Offset: 2, Len: 1}, {Offset: 3, Len: 1, Frozen: true}})
	w, g, norm := r.floats(1, -3, 5, 7), r.floats(2, 1, 12, 100), r.junk(1)
	ScaledNorm(norm, w, g, s, 1) // T is 2, 4, 1, 0: T·g is 4, 4, 12, 0
	if got := Floats(norm)[0]; math.Abs(got-math.Sqrt(176)) > 1e-12 {
		t.Errorf("norm is %v, want √176", got)
	}
	Ascend(w, g, r.floats(8), r.floats(2), s, 1) // 2/8·T²·g = 1/4·(8, 16, 12, 0)
	if err := kerneltest.Compare(Floats(w), []float64{3, 1, 8, 7}, 1e-12, 0); err != nil {
		t.Error(err)
	}
}

func TestAscendOfAZeroGradient(t *testing.T) {
	for _, c := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, c)
		s := awkwardSegments(r)
		start, norm := padded(1, s), r.junk(1)
		w, g := r.floats(start...), r.floats(make([]float64, s.Size)...)
		ScaledNorm(norm, w, g, s, 0)
		Ascend(w, g, norm, r.floats(0.5), s, 0)
		if i := firstDifference(Floats(w), start); i >= 0 || Floats(norm)[0] != 0 {
			t.Errorf("%s: norm %v, element %d moved", c.Name, Floats(norm), i)
		}
	}
}

// What is not a sum rounds as the reference does, so its tolerance is 0. Sums
// are in float64 everywhere but in another order: 2⁻⁵³ times the 16,384
// elements of a block is far below the rounding of the result, half of
// 1.2e-7, which may fall to the other side.
func TestUpdatesAgree(t *testing.T) {
	for _, layout := range layouts {
		testUpdatesAgree(t, layout)
	}
}

func testUpdatesAgree(t *testing.T, l layout) {
	agreeEverywhere(t, l.name+" updates", 0, 0, func(r rig) []Buffer {
		s := l.segments(r)
		w, g := l.arena(r, 0, padded(1, s)), l.arena(r, 1, padded(2, s))
		slow, fast := l.arena(r, 1, padded(3, s)), l.arena(r, 2, padded(4, s))
		alpha := r.floats(normals(5, len(s.List))...)
		Fill(alpha.Slice(2, 5), 1)
		blend, clipped, projected := r.junk(s.Size), l.arena(r, 0, padded(2, s)), l.arena(r, 0, padded(6, s))
		Ascend(w, g, r.floats(12.5), r.floats(0.3), s, 0.01)
		Zero(blend)
		Interpolate(blend, slow, fast, alpha, s)
		Project(projected, slow, r.floats(3), r.floats(0.7), s)
		Project(projected, slow, r.floats(3), r.floats(3.1), s) // within the ball
		ClipNorm(clipped, r.floats(3), 2, s)
		ClipNorm(clipped, r.floats(3), 5, s) // within the limit
		Interpolate(slow, slow, fast, alpha, s)
		Interpolate(fast, blend, fast, alpha, s)
		summary := r.junk(3)
		Summary(summary, w)
		return []Buffer{w, blend, clipped, projected, slow, fast, summary}
	})
	agreeEverywhere(t, l.name+" sums", 0, 1.2e-7, func(r rig) []Buffer {
		s := l.segments(r)
		w, g, fast := l.arena(r, 0, padded(1, s)), l.arena(r, 1, padded(2, s)), l.arena(r, 2, padded(3, s))
		norm, distance, alpha, one := r.junk(1), r.junk(1), r.junk(len(s.List)), r.junk(len(s.List))
		ScaledNorm(norm, w, g, s, 0.01)
		ScaledDistance(distance, w, g, s, 0.01)
		Alignment(alpha, w, g, fast, s, false)
		Alignment(one, w, g, fast, s, true)
		return []Buffer{norm, distance, alpha, one}
	})
}

// More segments than threads add them up, and weights at 0, where T is 0 too
// without an eta.
func TestSumsOfManySegments(t *testing.T) {
	agreeEverywhere(t, "sums", 0, 1.2e-7, func(r rig) []Buffer {
		list := make([]Segment, 1100)
		for i := range list {
			list[i] = Segment{Offset: 2 * i, Len: 2, Scaled: i%2 == 0}
		}
		s := NewSegments(r.dev, 2200, list)
		center := normals(1, s.Size)
		fill(center[100:200], 0)
		w, g, fast := r.floats(center...), r.floats(normals(2, s.Size)...), r.floats(normals(3, s.Size)...)
		norm, distance, alpha, one := r.junk(1), r.junk(1), r.junk(len(list)), r.junk(len(list))
		ScaledNorm(norm, w, g, s, 0)
		ScaledDistance(distance, g, w, s, 0)
		Alignment(alpha, w, g, fast, s, false)
		Alignment(one, w, g, fast, s, true)
		return []Buffer{norm, distance, alpha, one}
	})
}

func TestPaddingStaysZero(t *testing.T) {
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu", Threads: 2}) {
		r := openRig(t, c)
		s := awkwardSegments(r)
		poisoned := func(seed int) Buffer { // the padding of operands is not read either
			x := normals(seed, s.Size)
			for i, segment := range segmentMask(s) {
				if segment < 0 {
					x[i] = math.NaN()
				}
			}
			return r.floats(x...)
		}
		w, a, b, m := r.floats(padded(1, s)...), poisoned(2), poisoned(3), r.floats(make([]float64, s.Size)...)
		one, alpha := r.floats(1), r.floats(constant(len(s.List), 0.3)...)
		Ascend(w, a, one, one, s, 0.1)
		SGDStep(w, w, m, a, one, r.floats(0), Buffer{}, SGD{Momentum: 0.9, WeightDecay: 0.1}, s)
		AdamWStep(w, w, m, m, a, one, r.ints(1), Buffer{}, AdamW{0.9, 0.999, 1e-8, 0.1}, s)
		Interpolate(w, a, b, alpha, s)
		Project(w, a, r.floats(2), one, s)
		ClipNorm(w, r.floats(2), 1, s)
		norm := r.junk(1)
		ScaledNorm(norm, a, b, s, 0.1)
		ScaledDistance(norm, a, b, s, 0.1)
		Alignment(alpha, a, b, w, s, true)
		for _, v := range append(Floats(norm), Floats(alpha)...) {
			if math.IsNaN(v) {
				t.Errorf("%s: a sum reads the padding", c.Name)
			}
		}
		weights, momentum := Floats(w), Floats(m)
		for i, segment := range segmentMask(s) {
			if segment < 0 && (weights[i] != 0 || momentum[i] != 0) {
				t.Fatalf("%s: padding at %d was written", c.Name, i)
			}
		}
	}
}

func TestProject(t *testing.T) {
	r := float64Rig(t)
	s := NewSegments(r.dev, 3, []Segment{{Len: 3}})
	center, distance := r.floats(1, 1, 1), r.junk(1)
	for _, c := range []struct{ rho, x, want float64 }{
		{10, 0.1, 0.1}, {5, 1 + 3.3, 1 + 3.3}, {1, 1 + 5, 1 + 1}, {2, 1, 1},
	} {
		w := r.floats(c.x, 1, 1)
		ScaledDistance(distance, w, center, s, 0)
		Project(w, center, distance, r.floats(c.rho), s)
		got := Floats(w)
		if math.Abs(got[0]-c.want) > 1e-12 || got[1] != 1 || got[2] != 1 {
			t.Errorf("rho %v: %v projects to %v, want %v", c.rho, c.x, got, c.want)
		}
		if c.want == c.x && got[0] != c.x {
			t.Errorf("rho %v: %v is within the ball and moved to %v", c.rho, c.x, got[0])
		}
	}
}

// The published clipping, PyTorch 1.13, float64: the gradient 3, -4, 12 with
// torch.nn.utils.clip_grad_norm_([p], 2.).
func TestClipNormOfPyTorch(t *testing.T) {
	r := float64Rig(t)
	s := NewSegments(r.dev, 3, []Segment{{Len: 3}})
	g, norm := r.floats(3, -4, 12), r.junk(1)
	ScaledNorm(norm, r.junk(3), g, s, 0)
	ClipNorm(g, norm, 20, s)
	if err := kerneltest.Compare(Floats(g), []float64{3, -4, 12}, 0, 0); err != nil {
		t.Errorf("below the limit: %v", err)
	}
	ClipNorm(g, norm, 2, s)
	if err := kerneltest.Compare(Floats(g), []float64{.461538426, -.615384568, 1.846153704}, 1e-8, 0); err != nil {
		t.Error(err)
	}
}

func TestAlignment(t *testing.T) {
	r := float64Rig(t)
	s := NewSegments(r.dev, 10, []Segment{{Len: 2}, {Offset: 2, Len: 2}, {Offset: 4, Len: 2}, {Offset: 6, Len: 2}, {Offset: 8, Len: 0}})
	slow := normals(1, 10)
	first, fast := append([]float64{}, slow...), append([]float64{}, slow...)
	move := func(x []float64, i int, d0, d1 float64) { x[i] += d0; x[i+1] += d1 }
	move(first, 0, 3, 4) // aligned
	move(fast, 0, 6, 8)
	move(first, 2, 1, 0) // orthogonal
	move(fast, 2, 0, 5)
	move(first, 4, 1, 2) // opposite
	move(fast, 4, -2, -4)
	alpha := r.junk(5) // the fourth does not move, the fifth is empty
	Alignment(alpha, r.floats(slow...), r.floats(first...), r.floats(fast...), s, false)
	if err := kerneltest.Compare(Floats(alpha), []float64{1, .5, 0, .5, .5}, 1e-12, 0); err != nil {
		t.Error(err)
	}
	Alignment(alpha, r.floats(slow...), r.floats(first...), r.floats(fast...), s, true)
	// u·v = 50 - 10, u·u = 25 + 1 + 5, v·v = 100 + 25 + 20
	want := (1 + 40/math.Sqrt(31*145)) / 2
	if err := kerneltest.Compare(Floats(alpha), constant(5, want), 1e-12, 0); err != nil {
		t.Errorf("global: %v", err)
	}
}

// Rounding never takes alpha out of [0, 1], not even of displacements that are
// parallel up to the last bit.
func TestAlignmentIsWithinBounds(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "cpu"}) {
		testAlignmentIsWithinBounds(t, openRig(t, config))
	}
}

func testAlignmentIsWithinBounds(t *testing.T, r rig) {
	s := NewSegments(r.dev, 300, []Segment{{Len: 300}})
	for seed := range 100 {
		u := normals(seed, 300)
		slow, alpha := r.floats(make([]float64, 300)...), r.junk(1)
		for _, sign := range []float64{1, -1} {
			v := make([]float64, 300)
			for i := range v {
				v[i] = sign * u[i] * 1.1
			}
			Alignment(alpha, slow, r.floats(u...), r.floats(v...), s, seed%2 == 0)
			got := Floats(alpha)[0]
			if !(got >= 0 && got <= 1) || math.Abs(got-(1+sign)/2) > 1e-6 {
				t.Fatalf("%s: seed %d sign %v: alpha is %v", r.dev.Name(), seed, sign, got)
			}
		}
	}
}

func TestInterpolateReachesBothEnds(t *testing.T) {
	for _, c := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, c)
		s := NewSegments(r.dev, 100, []Segment{{Len: 50}, {Offset: 50, Len: 50}})
		slow, fast, w := normals(1, 100), normals(2, 100), r.junk(100)
		Interpolate(w, r.floats(slow...), r.floats(fast...), r.floats(0, 1), s)
		if i := firstDifference(Floats(w), append(slow[:50:50], fast[50:]...)); i >= 0 {
			t.Errorf("%s: element %d is %v, between %v and %v", c.Name, i, Floats(w)[i], slow[i], fast[i])
		}
	}
}

func TestSummary(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "cpu"}) {
		name := config.Name
		r := openRig(t, config)
		out := r.junk(3)
		Summary(out, r.floats(3, -1, 4))
		if got := fmt.Sprint(Floats(out)); got != "[-1 2 4]" {
			t.Errorf("%s: least, mean and largest are %v", name, got)
		}
		for _, at := range []int{0, 1, 33, 258, 299} { // in the first and another thread, warp and turn of a block
			x := normals(at, 300)
			x[at] = math.NaN()
			Summary(out, r.floats(x...))
			for i, v := range Floats(out) {
				if !math.IsNaN(v) {
					t.Errorf("%s: the NaN at %d is hidden in number %d, %v", name, at, i, v)
				}
			}
		}
	}
}

// A NaN, which says that training diverged, is not lost on the way: not in a
// norm, not in a factor, not where a cosine is kept within its bounds.
func TestUpdatesKeepNaN(t *testing.T) {
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, c)
		s := NewSegments(r.dev, 5, []Segment{{Len: 5}})
		bad, one := r.floats(1, 2, math.NaN(), 4, 5), r.floats(1)
		norm, distance, alpha := r.junk(1), r.junk(1), r.floats(0)
		fresh := func() Buffer { return r.floats(1, 2, 3, 4, 5) }
		ScaledNorm(norm, fresh(), bad, s, 0)
		ScaledDistance(distance, bad, fresh(), s, 0)
		Alignment(alpha, fresh(), bad, fresh(), s, true)
		ascended, projected, clipped := fresh(), fresh(), fresh()
		Ascend(ascended, fresh(), norm, one, s, 0)
		Project(projected, fresh(), norm, one, s)
		ClipNorm(clipped, norm, 1, s)
		for i, b := range []Buffer{norm, distance, alpha, ascended, projected, clipped} {
			if v := Floats(b)[0]; !math.IsNaN(v) {
				t.Errorf("%s: result %d is %v, want NaN", c.Name, i, v)
			}
		}
	}
}
