package analysis

import (
	"math"
	"testing"

	"lbsam/kernels"

	"gonum.org/v1/gonum/mat"
)

// highest is the largest rise gᵀd + ½ dᵀHd of a quadratic loss with ‖d/T‖₂ ≤ rho,
// by the equation for the Lagrange multiplier, and the largest eigenvalue of THT.
func (q *quadratic) highest(scale [5]float64, rho float64) (rise, largest float64) {
	h := mat.NewSymDense(5, nil)
	_, g := q.at(q.weights())
	for i := range 5 {
		g[i] *= scale[i]
		for j := range i + 1 {
			h.SetSym(i, j, scale[i]*q.h[i][j]*scale[j])
		}
	}
	var e mat.EigenSym
	if !e.Factorize(h, true) {
		panic("no eigenvalues")
	}
	vectors := &mat.Dense{}
	e.VectorsTo(vectors)
	values := e.Values(nil)
	var inEigen mat.VecDense
	inEigen.MulVec(vectors.T(), mat.NewVecDense(5, g[:]))
	at := func(multiplier float64) (length, rise float64) {
		for i, v := range values {
			d := inEigen.AtVec(i) / (multiplier - v)
			length += d * d
			rise += inEigen.AtVec(i)*d + v*d*d/2
		}
		return math.Sqrt(length), rise
	}
	lo, hi := values[4], values[4]+1e6
	for range 200 {
		if middle := (lo + hi) / 2; middle > lo && middle < hi {
			if length, _ := at(middle); length > rho {
				lo = middle
			} else {
				hi = middle
			}
		}
	}
	_, rise = at(hi)
	return rise, values[4]
}

var ones = [5]float64{1, 1, 1, 1, 1}

// The loss that many steps find in a ball is the highest one: of a quadratic loss
// it is known. Near its minimum it is rho²/2 times the largest eigenvalue.
func TestWorstCaseOfAQuadraticLoss(t *testing.T) {
	for _, c := range []struct {
		name, geometry, tensors string
		scale                   [5]float64
		nearMinimum             bool
	}{
		{"sam", sam, AllTensors, ones, false},
		{"sam near the minimum", sam, AllTensors, ones, true},
		{"asam", asam, AllTensors, [5]float64{.7 + .01, 1.1 + .01, .4 + .01, 1, 1}, false},
		{"sam of weights", sam, Weights, [5]float64{1, 1, 1, 0, 0}, false},
		{"asam of weights", asam, Weights, [5]float64{.7 + .01, 1.1 + .01, .4 + .01, 0, 0}, false},
	} {
		for _, d := range []*kernels.Device{openDevice(t, "ref", kernels.Float64), openDevice(t, "cpu", kernels.Float32), openDevice(t, "ptxsim", kernels.Float32)} {
			q := newQuadratic(t, d, [5]float64{.7, -1.1, .4, .2, -.6})
			_, q.b = q.at(q.weights())
			q.b[2] += 1e-3 // else no ascent knows where to go
			if !c.nearMinimum {
				q.b = [5]float64{.1, -.2, .3, 0, .4}
			}
			want, largest := q.highest(c.scale, 0.3)
			if half := 0.3 * 0.3 / 2 * largest; c.nearMinimum && !(math.Abs(want-half) < 0.01*half) {
				t.Fatalf("the highest rise is %v, of the largest eigenvalue alone %v", want, half)
			}
			b := newBall(q.params, c.geometry, c.tensors, 0.01)
			a := newAscent(b, q, 40)
			before := q.weights()
			got, err := a.run(t.Context(), 0, 1, 0.3)
			if err != nil {
				t.Fatal(err)
			}
			rise := float64(got.Worst.Loss - got.Clean.Loss)
			// From below, as far as 40 steps come; the float32 loss is about 1, with an error of 1e-7.
			if !(rise > want*(1-1e-3) && rise < want*(1+1e-6)) {
				t.Errorf("%s on %s: a rise of %v, want %v", c.name, d.Name(), rise, want)
			}
			if !(math.Abs(got.Distance-0.3) < 1e-6) {
				t.Errorf("%s on %s: at distance %v, want the radius 0.3", c.name, d.Name(), got.Distance)
			}
			b.restore()
			if after := q.weights(); after != before {
				t.Errorf("%s on %s: weights %v, were %v", c.name, d.Name(), after, before)
			}
		}
	}
}

// Steps that jump over the highest point become shorter. The loss is
// L = -½‖w‖², so that all lies on a line: the best point is where its loss says.
func TestWorstCaseWithinTheBall(t *testing.T) {
	for steps, want := range map[int]float64{3: 0.015, 40: 0.02} { // behind 3 steps none is shorter
		q := newQuadratic(t, openDevice(t, "ref", kernels.Float64), [5]float64{.2})
		q.h = [5][5]float64{{-1}, {0, -1}, {0, 0, -1}, {0, 0, 0, -1}, {0, 0, 0, 0, -1}}
		got, err := newAscent(newBall(q.params, sam, AllTensors, 0), q, steps).run(t.Context(), 0, 1, 0.3)
		if err != nil {
			t.Fatal(err)
		}
		rise := float64(got.Worst.Loss - got.Clean.Loss)
		if !(rise > 0.99*want && rise < 0.02+1e-12) {
			t.Errorf("%d steps: a rise of %v, want %v", steps, rise, want)
		}
		if left := math.Sqrt(max(0, 0.04-2*rise)); !(math.Abs(math.Abs(got.Distance-0.2)-left) < 1e-6) {
			t.Errorf("%d steps: distance %v at a rise of %v", steps, got.Distance, rise)
		}
	}
}

// The first step ends where SAM's and ASAM's ascent does:
// rho·T²g/‖Tg‖ (Kwon et al. 2021, equation 4).
func TestFirstStepIsSAMs(t *testing.T) {
	w := [5]float64{.7, -1.1, .4, .2, -.6}
	for geometry, scale := range map[string][5]float64{sam: ones, asam: {.7 + .01, 1.1 + .01, .4 + .01, 1, 1}} {
		q := newQuadratic(t, openDevice(t, "ref", kernels.Float64), w)
		q.b = [5]float64{.1, -.2, .3, 0, .4}
		_, g := q.at(w)
		length, moved := 0.0, w
		for i := range g {
			length += scale[i] * g[i] * scale[i] * g[i]
		}
		for i := range g {
			moved[i] += 0.05 * scale[i] * scale[i] * g[i] / math.Sqrt(length)
		}
		want, _ := q.at(moved)
		for _, steps := range []int{1, 20} {
			got, err := newAscent(newBall(q.params, geometry, AllTensors, 0.01), q, steps).run(t.Context(), 0, 1, 0.05)
			if err != nil {
				t.Fatal(err)
			}
			if !(math.Abs(float64(got.OneStep.Loss)-want) < 1e-12) { // rounding of float64
				t.Errorf("%s: a loss of %v behind the first step of %d, want %v", geometry, got.OneStep.Loss, steps, want)
			}
			q.params.Weights.SetFloats(spread(q, w))
		}
	}
}

func spread(q *quadratic, w [5]float64) []float64 {
	all := make([]float64, q.params.Size())
	for i, at := range q.places() {
		all[at] = w[i]
	}
	return all
}

// The published checkpoints for 100 steps (Croce and Hein 2020, section 3.1).
func TestCheckpoints(t *testing.T) {
	at := checkpoints(100)
	for _, want := range []int{22, 41, 57, 70, 80, 87, 93, 99} {
		if !at[want] {
			t.Errorf("no check behind step %d of 100: %v", want, at)
		}
	}
	if len(at) != 8 || len(checkpoints(1)) != 0 {
		t.Errorf("checks behind %v of 100, %v of 1", at, checkpoints(1))
	}
}
