package analysis

import (
	"math"
	"testing"

	"lbsam/autograd"
	"lbsam/internal/rng"
	"lbsam/kernels"

	"gonum.org/v1/gonum/mat"
)

// exact is the Hessian of a net by differences of gradients for one weight after
// the other, and the numbers of its rows that belong to weights of matrices.
func exact(t *testing.T, p *autograd.Params, loss objective, h float64) (full *mat.SymDense, matrices []int) {
	t.Helper()
	var places []int
	for i, at := range p.Offsets {
		for j := range p.Lens[i] {
			if len(p.List[i].Shape()) > 1 {
				matrices = append(matrices, len(places))
			}
			places = append(places, at+j)
		}
	}
	w := p.Weights.Floats()
	both := mat.NewDense(len(places), len(places), nil)
	for column, at := range places {
		was := w[at]
		for _, side := range []float64{h, -h} {
			w[at] = was + side
			p.Weights.SetFloats(w)
			if _, err := loss.GradientOf(t.Context(), 0, loss.N()); err != nil {
				t.Fatal(err)
			}
			g := p.Grads.Floats()
			for row, at := range places {
				both.Set(row, column, both.At(row, column)+g[at]/(2*side))
			}
		}
		w[at] = was
	}
	p.Weights.SetFloats(w)
	full = mat.NewSymDense(len(places), nil)
	for i := range places {
		for j := range i + 1 {
			full.SetSym(i, j, (both.At(i, j)+both.At(j, i))/2)
		}
	}
	return full, matrices
}

// part is the rows and columns of a matrix with the given numbers.
func part(full *mat.SymDense, rows []int) *mat.SymDense {
	s := mat.NewSymDense(len(rows), nil)
	for i, row := range rows {
		for j := range i + 1 {
			s.SetSym(i, j, full.At(row, rows[j]))
		}
	}
	return s
}

// Lanczos' method and Hutchinson's agree with all eigenvalues of the full matrix.
func TestSpectrumOfASmallNet(t *testing.T) {
	net := newTinyNet(openDevice(t, "ref", kernels.Float64))
	all, matrices := exact(t, net.params, net, 1e-6)
	for tensors, full := range map[string]*mat.SymDense{AllTensors: all, Weights: part(all, matrices)} {
		b := newBall(net.params, sam, tensors, 0)
		var e mat.EigenSym
		if !e.Factorize(full, false) {
			t.Fatal("no eigenvalues")
		}
		values, n := e.Values(nil), full.SymmetricDim()
		r := &sharpnessRun{Sharpness: Sharpness{Hessian: Hessian{Eigenvalues: 3, Vectors: 60, Tolerance: 1e-7}}, loss: net, tell: func(int, int) {}}
		p := newProducts(b, net, StepFor(kernels.Float64))
		s, err := r.spectrum(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		largest := values[n-1]
		t.Logf("%s: %d weights, eigenvalues from %v to %v, trace %v; %+v", tensors, n, values[0], values[n-3:], mat.Trace(full), s)
		if s.Weights != n || !s.Converged || len(s.Largest) != 3 || s.Vectors > 60 {
			t.Errorf("%s: %+v", tensors, s)
		}
		for i, got := range append(s.Largest, s.Smallest) {
			want := values[max(0, n-1-i)]
			if i == 3 {
				want = values[0]
			}
			// Rounding of float64 by the step, 1e-16/1e-7, and what the tolerance allows.
			if !(math.Abs(float64(got.Value)-want) < 1e-6*largest) {
				t.Errorf("%s: eigenvalue %d is %v, want %v", tensors, i, got.Value, want)
			}
			if !(float64(got.Residual) < 1e-5*largest) || !(float64(got.StepError) < 1e-6*largest) {
				t.Errorf("%s: eigenvalue %d: %+v", tensors, i, got)
			}
		}
		share := 0.0
		for _, node := range s.Quadrature {
			share += node.Share
		}
		if !(math.Abs(share-1) < 1e-9) {
			t.Errorf("%s: the density adds up to %v", tensors, share)
		}
		testTrace(t, p, full)
	}
}

// A quadratic loss of five weights has its five eigenvalues on every device.
func TestSpectrumOfAQuadraticLoss(t *testing.T) {
	for _, c := range []struct {
		device          string
		precision       kernels.Dtype
		step, tolerance float64 // rounding of the loss' gradient by the step
	}{{"ref", kernels.Float64, 1e-4, 1e-11}, {"cpu", kernels.Float32, 0.1, 1e-5}, {"ptxsim", kernels.Float32, 0.1, 1e-5}} {
		q := newQuadratic(t, openDevice(t, c.device, c.precision), [5]float64{.7, -1.1, .4, .2, -.6})
		r := &sharpnessRun{Sharpness: Sharpness{Hessian: Hessian{Eigenvalues: 4, Vectors: 9}}, loss: q, tell: func(int, int) {}}
		s, err := r.spectrum(t.Context(), newProducts(newBall(q.params, sam, AllTensors, 0), q, c.step))
		if err != nil {
			t.Fatal(err)
		}
		h := mat.NewSymDense(5, nil)
		for i := range 5 {
			for j := range i + 1 {
				h.SetSym(i, j, q.h[i][j])
			}
		}
		var e mat.EigenSym
		if !e.Factorize(h, false) || s.Vectors != 5 || len(s.Largest) != 4 {
			t.Fatalf("%s: %+v", c.device, s)
		}
		for i, got := range append(s.Largest, s.Smallest) {
			if want := e.Values(nil)[4-i]; !(math.Abs(float64(got.Value)-want) < c.tolerance) || !(float64(got.Residual) < 10*c.tolerance) {
				t.Errorf("%s: eigenvalue %d is %+v, want %v", c.device, i, got, want)
			}
		}
	}
}

// testTrace tests that the mean over many vectors is the trace, and one estimate
// zᵀHz.
func testTrace(t *testing.T, p *products, full *mat.SymDense) {
	v, y := arena(p.params), arena(p.params)
	const draws = 40
	var list []TraceDraw
	for draw := range draws {
		d, err := p.trace(t.Context(), v, y, draw, rng.New(1, rng.Analysis, uint32(draw), traceDraws))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, *d)
	}
	got, want := traceOf(list), mat.Trace(full)
	// A normal deviate is within 3 standard errors in 997 of 1000 cases; that of signs is known.
	variance := 0.0
	for i := range p.free() {
		for j := range i {
			variance += 4 * full.At(i, j) * full.At(i, j)
		}
	}
	standard := math.Sqrt(variance / draws)
	if !(math.Abs(float64(got.Value)-want) < 3*standard) {
		t.Errorf("trace %+v, want %v ± %v", got, want, standard)
	}
	if ratio := float64(got.Error) / standard; !(ratio > 0.6 && ratio < 1.5) { // of 40 samples, 1 ± 0.11 and what their tails add
		t.Errorf("standard error %v, want about %v", got.Error, standard)
	}
	if !(float64(got.StepError) < 1e-4*want) {
		t.Errorf("the step costs %v of %v", got.StepError, want)
	}
}

// One estimate of the trace is zᵀHz, z being signs.
func TestTraceDraw(t *testing.T) {
	q := newQuadratic(t, openDevice(t, "ref", kernels.Float64), ones)
	p := newProducts(newBall(q.params, sam, AllTensors, 0), q, 1e-3)
	v, y := arena(q.params), arena(q.params)
	got, err := p.trace(t.Context(), v, y, 0, rng.New(7, rng.Analysis, 0, traceDraws))
	if err != nil {
		t.Fatal(err)
	}
	z, want := v.Floats(), 0.0
	for i, a := range q.places() {
		if sign := z[a] * math.Sqrt(5); !(math.Abs(math.Abs(sign)-1) < 1e-12) {
			t.Errorf("element %d is %v", i, sign)
		}
		for j, b := range q.places() {
			want += 5 * z[a] * q.h[i][j] * z[b]
		}
	}
	// A quadratic loss has no third derivatives: what is left is rounding, 1e-16/1e-3.
	if !(math.Abs(float64(got.Trace)-want) < 1e-11) || !(math.Abs(float64(*got.Twice)-want) < 1e-11) || got.Weights != 5 {
		t.Errorf("%+v, want %v of 5", got, want)
	}
}

// A dot product by way of a cosine is one.
func TestDot(t *testing.T) {
	for _, c := range []struct {
		device    string
		precision kernels.Dtype
		tolerance float64 // of the cosine, which is rounded where it is near 1/2
	}{{"ref", kernels.Float64, 1e-15}, {"cpu", kernels.Float32, 1e-7}, {"ptxsim", kernels.Float32, 1e-7}} {
		q := newQuadratic(t, openDevice(t, c.device, c.precision), ones)
		p := newProducts(newBall(q.params, sam, AllTensors, 0), q, 1e-3)
		x, y := arena(q.params), arena(q.params)
		x.SetFloats(spread(q, [5]float64{1, -2, 3, 0.5, 1}))
		y.SetFloats(spread(q, [5]float64{-3, 1, 2, 4, -2}))
		if got := p.dot(x, p.length(x), y, p.length(y)); !(math.Abs(got-1) < 30*c.tolerance) { // -3-2+6+2-2; lengths 3.9 and 5.8
			t.Errorf("%s: %v, want 1", c.device, got)
		}
		if got := p.dot(x, p.length(x), p.zero, 0); !(math.Abs(got) < 1e-14) {
			t.Errorf("%s: %v, want 0", c.device, got)
		}
	}
}
