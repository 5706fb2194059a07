package optim

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// A Projection keeps descents from raising the loss of a reference batch, to
// first order: A-GEM (Chaudhry et al. 2019), whose reference is of a memory of
// earlier tasks. Before each descent, at the weights where its gradient g was
// taken, the gradient r of the reference is taken too, and
//
//	g -= min(0, g·r)/(r·r)·r
//
// Ascents climb the gradient of the training batch as it is. So SAM projects
// ∇L(w + e) against the reference's gradient at w + e, Lookbehind each of its K
// descents at its own perturbed weights, and PathMean each gradient of its mean.
// Clipping comes behind.
//
// It costs one evaluation per descent, which Evals of a Minimizer leaves out, and
// which moves BatchNorm's running statistics as the pass before it does. A nil
// Projection does nothing.
type Projection struct {
	// Batch is the Eval.Batch of the reference; 0: the steps have none.
	Batch int

	own, out *tensor.Tensor
	factor   tensor.Scalar
	all      *kernels.Segments
}

func (p *Projection) init(params *autograd.Params) {
	if p.own == nil {
		p.own, p.out = arena(params), arena(params)
		p.factor = tensor.NewScalar(params.Device(), 0)
		p.all = segments(params, nil, nil, nil)
	}
}

// apply returns g, the gradient behind e, projected. The gradients of params are
// afterwards as they were: the next ascent may use them.
func (p *Projection) apply(params *autograd.Params, loss Closure, e Eval, g *tensor.Tensor) *tensor.Tensor {
	if p == nil || p.Batch == 0 {
		return g
	}
	p.init(params)
	tensor.Copy(p.own, g)
	e.Batch, e.Micro = p.Batch, 0
	loss(e)
	kernels.Deconflict(p.out.Data, p.own.Data, params.Grads.Data, p.factor.Data, p.all)
	tensor.Copy(params.Grads, p.own)
	return p.out
}
