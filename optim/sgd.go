package optim

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// SGD is stochastic gradient descent with PyTorch's conventions (see
// kernels.SGDStep).
type SGD struct {
	Params                           *autograd.Params
	LR                               float64
	Momentum, Dampening, WeightDecay float64
	Nesterov                         bool
	NoDecay                          []bool // parameters without weight decay; nil: none

	// Skip is an int32 [1] that, where it is not 0, keeps a Step from moving the
	// weights and the momentum; nil: none. It may change from step to step.
	Skip *tensor.Tensor

	table         *kernels.Segments
	lr, dampening tensor.Scalar
	momentum      *tensor.Tensor
}

func (o *SGD) init() {
	if o.table != nil {
		return
	}
	d := o.Params.Device()
	o.table = segments(o.Params, nil, nil, o.NoDecay)
	o.lr = tensor.NewScalar(d, o.LR)
	o.dampening = tensor.NewScalar(d, 0) // the first step is undamped
	if o.Momentum != 0 {
		o.momentum = arena(o.Params)
	}
}

// Step sets w to from, moved by the gradient g.
func (o *SGD) Step(w, from, g *tensor.Tensor) {
	o.init()
	c := kernels.SGD{Momentum: o.Momentum, WeightDecay: o.WeightDecay, Nesterov: o.Nesterov}
	kernels.SGDStep(w.Data, from.Data, buffer(o.momentum), g.Data, o.lr.Data, o.dampening.Data, buffer(o.Skip), c, o.table)
	if o.Dampening != 0 {
		o.dampening.Set(o.Dampening)
	}
}

// SetLR changes the learning rate.
func (o *SGD) SetLR(lr float64) {
	o.init()
	o.LR = lr
	o.lr.Set(lr)
}

// Moments is the momentum, if there is any.
func (o *SGD) Moments() []*tensor.Tensor {
	o.init()
	if o.momentum == nil {
		return nil
	}
	return []*tensor.Tensor{o.momentum}
}

// State is the momentum and whether the first step is done.
func (o *SGD) State() []State {
	o.init()
	if o.momentum == nil {
		return nil
	}
	return []State{{"sgd.momentum", o.momentum}, {"sgd.dampening", o.dampening.Tensor}}
}
