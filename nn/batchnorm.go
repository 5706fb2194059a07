package nn

import (
	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// BatchNorm2d normalises each channel of x [n, h, w, c], by the statistics of
// the batch when training and by the running ones otherwise, then scales by
// Gamma and adds Beta. Files name those two weight and bias.
type BatchNorm2d struct {
	Gamma, Beta   *autograd.Var // [c]
	Running       autograd.Running
	Eps, Momentum float64
}

// NewBatchNorm2d starts with Gamma 1, Beta 0, running mean 0 and variance 1,
// PyTorch's default, as are Eps and Momentum.
func NewBatchNorm2d(d *kernels.Device, c int) *BatchNorm2d {
	b := &BatchNorm2d{
		Gamma: constant(d, 1, c), Beta: constant(d, 0, c),
		Running: autograd.Running{
			Mean: tensor.New(d, c), Var: tensor.New(d, c), Count: tensor.NewOf(d, kernels.Int32, 1),
		},
		Eps: 1e-5, Momentum: 0.1,
	}
	b.Running.Var.Fill(1)
	return b
}

// Forward returns the normalised x.
func (b *BatchNorm2d) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	return b.apply(t, x, nil, m, false)
}

// ForwardReLU returns max(Forward(x), 0) in one operation.
func (b *BatchNorm2d) ForwardReLU(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	return b.apply(t, x, nil, m, true)
}

// ForwardAddReLU returns max(Forward(x) + residual, 0) in one operation: the
// end of a residual block.
func (b *BatchNorm2d) ForwardAddReLU(t *autograd.Tape, x, residual *autograd.Var, m Mode) *autograd.Var {
	return b.apply(t, x, residual, m, true)
}

func (b *BatchNorm2d) apply(t *autograd.Tape, x, add *autograd.Var, m Mode, relu bool) *autograd.Var {
	return t.BatchNorm(x, b.Gamma, b.Beta, add, b.Running, b.in(m, relu))
}

// behind returns the normalised convolution of x, plus residual unless it is nil,
// and max(·, 0) of that with relu: what b makes of c's Forward, in one operation.
func (b *BatchNorm2d) behind(c *Conv2d, t *autograd.Tape, x, residual *autograd.Var, m Mode, relu bool) *autograd.Var {
	return t.Conv2dBatchNorm(x, c.Weight, c.Bias, c.Window, b.Gamma, b.Beta, residual, b.Running, b.in(m, relu))
}

// in is how b normalises in a mode.
func (b *BatchNorm2d) in(m Mode, relu bool) autograd.BatchNorm {
	momentum := b.Momentum
	if m.StatMomentum != 0 {
		momentum = m.StatMomentum
	}
	return autograd.BatchNorm{Eps: b.Eps, Momentum: momentum, ReLU: relu, Train: m.Train, Updates: m.StatUpdates}
}

// Params lists Gamma and Beta.
func (b *BatchNorm2d) Params() []autograd.Param { return weightAndBias(b.Gamma, b.Beta) }

// Buffers lists the running statistics.
func (b *BatchNorm2d) Buffers() []Buffer {
	return []Buffer{
		{"running_mean", b.Running.Mean, true},
		{"running_var", b.Running.Var, true},
		{"num_batches_tracked", b.Running.Count, true},
	}
}
