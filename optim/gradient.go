package optim

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// gradient evaluates the gradient of a whole batch, however many micro-batches
// it comes in.
type gradient struct {
	params  *autograd.Params
	clip    float64
	micro   int
	project *Projection // nil: of no gradient

	sum  *tensor.Tensor // of the micro-batches, or the clipped gradient
	norm tensor.Scalar
	all  *kernels.Segments
}

// evaluate leaves the gradient of the batch in params.Grads and its loss in
// loss.
func (g *gradient) evaluate(closure Closure, e Eval, loss tensor.Scalar) {
	if g.micro == 1 {
		tensor.Copy(loss.Tensor, closure(e).Tensor)
		return
	}
	g.scratch()
	for e.Micro = range g.micro {
		part := closure(e)
		if e.Micro == 0 {
			tensor.Copy(loss.Tensor, part.Tensor)
			tensor.Copy(g.sum, g.params.Grads)
			continue
		}
		tensor.AddTo(loss.Tensor, part.Tensor)
		tensor.AddTo(g.sum, g.params.Grads)
	}
	tensor.Copy(g.params.Grads, g.sum)
}

// descent returns what a descent follows: grad, the gradient of the pass e, projected
// and clipped. The weights must still be those of e.
func (g *gradient) descent(closure Closure, e Eval, grad *tensor.Tensor) *tensor.Tensor {
	return g.clipped(g.project.apply(g.params, closure, e, grad))
}

// clipped returns grad, or a clipped copy of it: the ascent goes on from the
// gradient as it was.
func (g *gradient) clipped(grad *tensor.Tensor) *tensor.Tensor {
	if g.clip == 0 {
		return grad
	}
	g.scratch()
	tensor.Copy(g.sum, grad)
	kernels.ScaledNorm(g.norm.Data, g.sum.Data, g.sum.Data, g.all, 0)
	kernels.ClipNorm(g.sum.Data, g.norm.Data, g.clip, g.all)
	return g.sum
}

func (g *gradient) scratch() {
	if g.sum == nil {
		g.sum = arena(g.params)
		g.norm = tensor.NewScalar(g.params.Device(), 0)
		g.all = segments(g.params, nil, nil, nil)
	}
}
