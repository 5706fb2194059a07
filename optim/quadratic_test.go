package optim

import (
	"testing"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// quadratic is L(w) = ½ wᵀHw - bᵀw in five weights, in two parameters:
// "weight", the first three, and "bias". Micro-batch i of m sees b shifted by
// a vector that cancels over the micro-batches; batch i sees it scaled.
type quadratic struct {
	params *autograd.Params
	micro  int
	evals  []Eval
	stats  int // BatchNorm updates asked for
	loss   tensor.Scalar
}

var (
	hessian = [5][5]float64{{2, .3, 0, .1, 0}, {.3, 1, .2, 0, .1}, {0, .2, .5, 0, 0}, {.1, 0, 0, 1.5, .2}, {0, .1, 0, .2, .8}}
	linear  = [5]float64{.1, -.2, .3, 0, .4}
	origin  = [5]float64{.7, -1.1, .4, .2, -.6}
	shift   = [5]float64{.2, .1, -.3, .15, -.05}
)

func newQuadratic(t *testing.T) *quadratic {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: "ref", Precision: kernels.Float64})
	if err != nil {
		t.Fatal(err)
	}
	return quadraticOn(d)
}

func quadraticOn(d *kernels.Device) *quadratic {
	return &quadratic{
		params: autograd.NewParams([]autograd.Param{
			{Name: "weight", Var: autograd.NewParam(tensor.From(d, origin[:3], 3))},
			{Name: "bias", Var: autograd.NewParam(tensor.From(d, origin[3:], 2))},
		}),
		micro: 1,
		loss:  tensor.NewScalar(d, 0),
	}
}

// weights are the five weights.
func (q *quadratic) weights() []float64 { return q.gather(q.params.Weights) }

func (q *quadratic) gather(arena *tensor.Tensor) []float64 {
	all := arena.Floats()
	return append(append([]float64{}, all[:3]...), all[64:66]...)
}

// at is the loss and the gradient at w of one micro-batch.
func (q *quadratic) at(w []float64, e Eval) (loss float64, grad [5]float64) {
	sign := 0.0
	if q.micro > 1 {
		sign = 1 - 2*float64(e.Micro%2)
	}
	for i := range w {
		b := linear[i]*(1+0.5*float64(e.Batch)) + sign*shift[i]
		for j := range w {
			grad[i] += hessian[i][j] * w[j]
			loss += w[i] * hessian[i][j] * w[j] / 2
		}
		grad[i] -= b
		loss -= b * w[i]
	}
	for i := range grad {
		grad[i] /= float64(q.micro)
	}
	return loss / float64(q.micro), grad
}

// closure is the Closure of q.
func (q *quadratic) closure(e Eval) tensor.Scalar {
	q.evals = append(q.evals, e)
	q.stats += e.StatUpdates
	loss, grad := q.at(q.weights(), e)
	q.params.List[0].Grad.SetFloats(grad[:3])
	q.params.List[1].Grad.SetFloats(grad[3:])
	q.loss.Set(loss)
	return q.loss
}

// run does the given number of steps and returns the weights.
func (q *quadratic) run(m Minimizer, steps int) []float64 {
	for range steps {
		m.Step(q.closure, nil)
	}
	return q.weights()
}
