package analysis

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"lbsam/internal/rng"
	"lbsam/kernels"
	"lbsam/tensor"
	"lbsam/train"
)

// A Spectrum is what Lanczos' method with a random start found of the Hessian's
// eigenvalues.
type Spectrum struct {
	H          float64      `json:"h"`          // the step of products
	Weights    int          `json:"weights"`    // that may move: eigenvalues that there are
	Vectors    int          `json:"vectors"`    // that were needed
	Converged  bool         `json:"converged"`  // all wanted ones have the wanted residual
	Largest    []Eigenvalue `json:"largest"`    // falling
	Smallest   Eigenvalue   `json:"smallest"`   // the most negative one, if there is one below 0
	Quadrature []Node       `json:"quadrature"` // of the density of all eigenvalues
}

// An Eigenvalue is an approximate one, θ, with what is known of its error.
type Eigenvalue struct {
	Value Number `json:"value"`
	// ‖Hy - θy‖ with y its vector, of length 1: so near to θ there is an eigenvalue.
	Residual Number `json:"residual"`
	// By how much y·Hy changes with twice the step: an estimate of what the step costs.
	StepError Number `json:"step_error"`
}

// A Node is an eigenvalue of Lanczos' matrix and its share: these are the nodes and
// the weights of a quadrature of the density of eigenvalues (stochastic Lanczos
// quadrature with one vector, Ghorbani et al. 2019).
type Node struct {
	Value float64 `json:"value"`
	Share float64 `json:"share"`
}

// A lanczos is Lanczos' method under way: vectors v of length 1 at right angles,
// in which H is the tridiagonal matrix of alpha and beta.
type lanczos struct {
	*products
	all         *tensor.Tensor // the vectors, in one arena
	count       int
	alpha, beta []float64 // diagonal; below it, beta[i] between vectors i and i+1
	next        *tensor.Tensor
}

// spectrum computes the wanted eigenvalues.
func (r *sharpnessRun) spectrum(ctx context.Context, p *products) (*Spectrum, error) {
	most := min(r.Hessian.Vectors, p.free())
	l := &lanczos{products: p, all: tensor.New(p.params.Device(), most*p.params.Size()), next: arena(p.params)}
	defer release(l.all, l.next)
	numbers := rng.New(r.Seed, rng.Analysis, 0, lanczosStart)
	z, length := p.draw(numbers.Norm)
	l.next.SetFloats(z)
	wanted := min(r.Hessian.Eigenvalues, most)
	s := &Spectrum{H: p.h, Weights: p.free()}
	for !s.Converged && l.count < most && length > 0 {
		var err error
		if length, err = l.extend(ctx, length); err != nil {
			return nil, err
		}
		r.tell(r.done+productCost*r.loss.N()*l.count, r.total)
		s.Converged = l.converged(wanted, r.Hessian.Tolerance)
	}
	s.Vectors = l.count
	return s, l.fill(ctx, s, wanted)
}

// vector is vector i.
func (l *lanczos) vector(i int) *tensor.Tensor {
	return l.all.Part(i*l.params.Size(), l.params.Size())
}

// extend makes next, of the given length, a vector, and next the part of its
// product with H that is at right angles to all vectors. It returns the length of
// that; 0 where nothing is left but rounding.
func (l *lanczos) extend(ctx context.Context, length float64) (float64, error) {
	v := l.vector(l.count)
	tensor.Copy(v, l.next)
	l.multiply(v, 1/length)
	if err := l.times(ctx, l.next, v, l.h); err != nil {
		return 0, err
	}
	l.count++
	whole := l.length(l.next)
	if !Number(whole).Finite() {
		return 0, train.CheckpointError{Err: fmt.Errorf("analysis: a gradient at distance %v from the weights is not finite: no second derivatives can be measured there", l.h)}
	}
	l.alpha = append(l.alpha, l.dot(v, 1, l.next, whole))
	left := whole
	for range 2 { // twice is enough: Giraud, Langou and Rozložník 2005
		for i := range l.count {
			u := l.vector(i)
			kernels.AddScaled(l.next.Data, u.Data, -l.dot(u, 1, l.next, left))
			left = l.length(l.next)
		}
	}
	if !(left > 1e-6*whole) {
		left = 0
	}
	l.beta = append(l.beta, left)
	return left, nil
}

// solve returns the eigenvalues of the tridiagonal matrix, rising, and its vectors
// in columns.
func (l *lanczos) solve() ([]float64, *mat.Dense) {
	t := mat.NewSymDense(l.count, nil)
	for i, a := range l.alpha {
		t.SetSym(i, i, a)
		if i > 0 {
			t.SetSym(i, i-1, l.beta[i-1])
		}
	}
	var e mat.EigenSym
	if !e.Factorize(t, true) {
		return nil, nil
	}
	vectors := &mat.Dense{}
	e.VectorsTo(vectors)
	return e.Values(nil), vectors
}

// converged reports whether the residuals of the largest eigenvalues, as Lanczos'
// method estimates them, are small.
func (l *lanczos) converged(wanted int, tolerance float64) bool {
	values, vectors := l.solve()
	n := len(values)
	if n < wanted {
		return false
	}
	for i := n - wanted; i < n; i++ {
		if residual := l.beta[n-1] * math.Abs(vectors.At(n-1, i)); !(residual <= tolerance*math.Abs(values[n-1])) {
			return false
		}
	}
	return n > 0
}

// fill computes what s says from the vectors.
func (l *lanczos) fill(ctx context.Context, s *Spectrum, wanted int) error {
	values, vectors := l.solve()
	for i, v := range values {
		first := vectors.At(0, i)
		s.Quadrature = append(s.Quadrature, Node{v, first * first})
	}
	for i := len(values) - 1; i >= max(0, len(values)-wanted); i-- {
		e, err := l.eigenvalue(ctx, values[i], vectors.ColView(i))
		if err != nil {
			return err
		}
		s.Largest = append(s.Largest, e)
	}
	var err error
	if len(values) > 0 {
		s.Smallest, err = l.eigenvalue(ctx, values[0], vectors.ColView(0))
	}
	return err
}

// eigenvalue measures how good an eigenvalue is. Its vector has the given shares
// of the vectors.
func (l *lanczos) eigenvalue(ctx context.Context, value float64, shares mat.Vector) (Eigenvalue, error) {
	y, product := arena(l.params), l.next
	defer release(y)
	for i := range l.count {
		kernels.AddScaled(y.Data, l.vector(i).Data, shares.AtVec(i))
	}
	var quotient [2]float64
	e := Eigenvalue{Value: Number(value)}
	for i, h := range []float64{2 * l.h, l.h} {
		if err := l.times(ctx, product, y, h); err != nil {
			return e, err
		}
		quotient[i] = l.dot(y, 1, product, l.length(product))
	}
	e.StepError = Number(math.Abs(quotient[0] - quotient[1]))
	kernels.AddScaled(product.Data, y.Data, -value)
	e.Residual = Number(l.length(product))
	return e, nil
}
