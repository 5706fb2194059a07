package kernels

import (
	"fmt"
	"testing"

	"lbsam/kernels/kerneltest"
)

// mixings are rows for Mix of images 5 pixels high and 7 wide: all of a partner
// in some way, none of it, a box in the middle, at each edge, and one pixel.
var mixings = [][]float64{
	{1, 1, 0, 0, 0, 0}, {.25, .75, 0, 0, 0, 0}, {.5, 0, 0, 0, 0, 0}, {.5, 1, 1, 4, 2, 5},
	{.5, 1, 0, 5, 0, 7}, {.5, .5, 2, 5, 0, 3}, {.5, 1, 0, 1, 6, 7}, {.5, 1, 3, 3, 2, 5},
}

func (r rig) mix(x Buffer, row []float64, n, h, w, c int) []Buffer {
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(10 + i)
	}
	partners := r.ints(make([]int32, n)...)
	Mix(x, partners, r.ints(labels...), r.floats(row...), h, w, c)
	return []Buffer{x, partners}
}

// A pixel is two products and a sum of the same numbers on every device.
func TestMixAgrees(t *testing.T) {
	for _, s := range [][4]int{{0, 5, 7, 3}, {1, 5, 7, 3}, {2, 5, 7, 1}, {5, 5, 7, 3}, {4, 16, 16, 1}, {3, 13, 21, 1}, {6, 9, 29, 1}} { // 256 and 273: a block, and some threads
		n, h, w, c := s[0], s[1], s[2], s[3]
		agreeEverywhere(t, fmt.Sprint(s), 0, 0, func(r rig) (out []Buffer) {
			for _, row := range mixings {
				out = append(out, r.mix(r.floats(normals(n, n*h*w*c)...), row, n, h, w, c)...)
			}
			return out
		})
	}
}

func TestMixInHalf(t *testing.T) {
	for _, row := range mixings {
		exactInHalf(t, fmt.Sprint(row), func(h halfCase) []Buffer {
			x := h.shifted(h.activations(normals(1, 4*5*7*3)...), 1)
			return h.mix(x, row, 4, 5, 7, 3)
		})
	}
}

// The definition, pixel by pixel.
func TestMixIsTheDocumentedMixture(t *testing.T) {
	const n, h, w, c = 5, 5, 7, 2
	r := float64Rig(t)
	before := normals(1, n*h*w*c)
	for _, m := range mixings {
		out := r.mix(r.floats(before...), m, n, h, w, c)
		got := Floats(out[0])
		for at, v := range got {
			i, k := at/(h*w*c), at%(h*w*c)
			row, column := float64(k/c/w), float64(k/c%w)
			own, other := before[at], before[(n-1-i)*h*w*c+k]
			want := m[1]*own + (1-m[1])*other
			if m[2] <= row && row < m[3] && m[4] <= column && column < m[5] {
				want = other
			}
			if i == 2 { // in the middle
				want = own
			}
			if v != want {
				t.Fatalf("%v: image %d, element %d is %v, want %v", m, i, k, v, want)
			}
		}
		for i, v := range i32(out[1]) {
			if v != int32(10+n-1-i) {
				t.Errorf("the partner of image %d has label %d, want %d", i, v, 10+n-1-i)
			}
		}
	}
}

func TestMixPanics(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	mustPanic(t, "images of no pixels", func() { r.mix(r.junk(0), mixings[0], 2, 0, 7, 3) })
	mustPanic(t, "a row that is too short", func() { r.mix(r.junk(2*35), mixings[0][:5], 2, 5, 7, 1) })
	mustPanic(t, "too few images", func() { r.mix(r.junk(35), mixings[0], 2, 5, 7, 1) })
}

// Rows come in their order, and from the start behind the last.
func TestTakeRowTakesTheNext(t *testing.T) {
	agreeEverywhere(t, "TakeRow", 0, 0, func(r rig) (out []Buffer) {
		for _, c := range []int{1, 6, 300} {
			table, count := r.floats(normals(c, 3*c)...), r.ints(1)
			for range 4 {
				row := r.junk(c)
				TakeRow(row, table, count)
				out = append(out, row)
			}
			out = append(out, count)
		}
		return out
	})
	r := float64Rig(t)
	row, count := r.junk(2), r.ints(4)
	TakeRow(row, r.floats(1, 2, 3, 4, 5, 6), count)
	if got := f64(row); got[0] != 3 || got[1] != 4 || i32(count)[0] != 5 {
		t.Errorf("row %v and count %d, want the second row and 5", got, i32(count)[0])
	}
	mustPanic(t, "a table of half rows", func() { TakeRow(row, r.floats(1, 2, 3), count) })
}

// Two labels are two losses, weighted.
func TestMixedCrossEntropyIsTheMixture(t *testing.T) {
	const n, c, weight = 5, 33, 0.3
	labels, others := someLabels(n, c), someLabels(n+1, c)[1:]
	others[2] = labels[2]
	for _, smoothing := range []float64{0, .1} {
		r := float64Rig(t)
		logits := normals(1, n*c)
		alone := func(labels []int32) (loss float64, gradient []float64) {
			l, d := r.junk(1), r.junk(n*c)
			CrossEntropy(l, d, r.floats(logits...), r.ints(labels...), c, smoothing)
			return f64(l)[0], f64(d)
		}
		loss1, gradient1 := alone(labels)
		loss2, gradient2 := alone(others)
		want := []float64{weight*loss1 + (1-weight)*loss2}
		for i := range gradient1 {
			want = append(want, weight*gradient1[i]+(1-weight)*gradient2[i])
		}
		l, d := r.junk(1), r.junk(n*c)
		MixedCrossEntropy(l, d, r.floats(logits...), r.ints(labels...), r.ints(others...), r.floats(weight), c, smoothing)
		if err := kerneltest.Compare(append(Floats(l), Floats(d)...), want, 1e-14, 0); err != nil {
			t.Errorf("smoothing %v: %v", smoothing, err)
		}
		x := r.floats(logits...)
		value := func() float64 {
			MixedCrossEntropy(l, r.junk(n*c), x, r.ints(labels...), r.ints(others...), r.floats(weight), c, smoothing)
			return f64(l)[0]
		}
		if err := kerneltest.CheckGradient(f64(x), f64(d), value); err != nil {
			t.Errorf("smoothing %v: %v", smoothing, err)
		}
		// One rounding of numbers that float64 made, as in TestCrossEntropyAgrees.
		agreeEverywhere(t, "MixedCrossEntropy", 1e-14, 1.2e-7, func(r rig) []Buffer {
			l, d := r.junk(1), r.junk(n*c)
			MixedCrossEntropy(l, d, r.floats(logits...), r.ints(labels...), r.ints(others...), r.floats(weight), c, smoothing)
			return []Buffer{l, d}
		})
	}
	r := openRig(t, Config{Name: "cpu"})
	try := func(others, weight Buffer) func() {
		return func() {
			MixedCrossEntropy(r.junk(1), r.junk(4), r.junk(4), r.ints(0, 1), others, weight, 2, 0)
		}
	}
	mustPanic(t, "no weight", try(r.ints(0, 1), Buffer{}))
	mustPanic(t, "no other labels", try(Buffer{}, r.floats(1)))
	mustPanic(t, "another label out of range", try(r.ints(0, 2), r.floats(1)))
}
