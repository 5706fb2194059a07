package optim

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019),
// with PyTorch's conventions. PyTorch's defaults are LR 1e-3, Beta1 0.9, Beta2
// 0.999, Eps 1e-8, WeightDecay 0.01.
type AdamW struct {
	Params                         *autograd.Params
	LR                             float64
	Beta1, Beta2, Eps, WeightDecay float64
	NoDecay                        []bool         // parameters without weight decay; nil: none
	Skip                           *tensor.Tensor // as in SGD; the number of the step goes on

	table *kernels.Segments
	lr    tensor.Scalar
	step  *tensor.Tensor // int32
	m, v  *tensor.Tensor
}

func (o *AdamW) init() {
	if o.table != nil {
		return
	}
	d := o.Params.Device()
	o.table = segments(o.Params, nil, nil, o.NoDecay)
	o.lr = tensor.NewScalar(d, o.LR)
	o.step = tensor.NewOf(d, kernels.Int32, 1)
	o.m, o.v = arena(o.Params), arena(o.Params)
}

// Step sets w to from, moved by the gradient g.
func (o *AdamW) Step(w, from, g *tensor.Tensor) {
	o.init()
	kernels.Increment(o.step.Data, 1)
	c := kernels.AdamW{Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, WeightDecay: o.WeightDecay}
	kernels.AdamWStep(w.Data, from.Data, o.m.Data, o.v.Data, g.Data, o.lr.Data, o.step.Data, buffer(o.Skip), c, o.table)
}

// SetLR changes the learning rate.
func (o *AdamW) SetLR(lr float64) {
	o.init()
	o.LR = lr
	o.lr.Set(lr)
}

// Moments are the averages of the gradient and of its square.
func (o *AdamW) Moments() []*tensor.Tensor {
	o.init()
	return []*tensor.Tensor{o.m, o.v}
}

// State is the moments and the number of steps.
func (o *AdamW) State() []State {
	o.init()
	return []State{{"adamw.m", o.m}, {"adamw.v", o.v}, {"adamw.step", o.step}}
}
