package analysis

import (
	"context"
	"math"

	"lbsam/internal/rng"
	"lbsam/kernels"
	"lbsam/tensor"
)

// A Hessian is how the second derivatives of the loss are measured, H, by products
// Hv = (g(w + hv) - g(w - hv))/2h of central differences, with v of length 1 and
// the gradient g of all images. That is the mean of their products with v
// over a length of 2h.
//
// At a ReLU's kink g jumps. A step that crosses none sees the Hessian of the
// pieces between kinks, which is what automatic differentiation computes. One that
// crosses some sees their jumps by 2h too, on average the curvature that the loss
// has at that scale. Float32 is too coarse for the former; float64 is not.
type Hessian struct {
	Eigenvalues int     `json:"eigenvalues"` // largest ones wanted, and the smallest; 0: none
	Vectors     int     `json:"vectors"`     // products of Lanczos' method, at most
	Tolerance   float64 `json:"tolerance"`   // residual, relative to the largest eigenvalue, with which it is content
	Traces      int     `json:"traces"`      // random vectors for the trace; 0: none
	Step        float64 `json:"step"`        // h, relative to the length of the weights that may move; 0: StepFor the precision
}

// StepFor is the Step that suits a precision: in float32 the root of its rounding.
// From 1e-5 to 3e-3, with resnet8-w8 and 1000 images, the largest eigenvalues had
// the smallest residuals and changed least near that. In float64 it is one that
// crosses next to no kinks.
func StepFor(precision kernels.Dtype) float64 {
	if precision == kernels.Float64 {
		return 1e-8
	}
	return 2e-4
}

// A TraceDraw is an estimate of the Hessian's trace, z·Hz with z of random signs
// (Hutchinson 1990). The first draw has a second estimate, with twice the step h.
type TraceDraw struct {
	Draw    int     `json:"draw"`
	Trace   Number  `json:"trace"`
	Twice   *Number `json:"twice_the_step,omitempty"`
	Weights int     `json:"weights"` // that may move
}

// products computes products with the Hessian at the center of a ball, over the
// weights that may move.
type products struct {
	*ball
	loss   objective
	whole  *kernels.Segments // all of an arena
	zero   *tensor.Tensor
	cosine tensor.Scalar
	factor tensor.Scalar
	h      float64
}

func newProducts(b *ball, loss objective, step float64) *products {
	d := b.params.Device()
	p := &products{
		ball: b, loss: loss, zero: arena(b.params),
		whole:  kernels.NewSegments(d, b.params.Size(), []kernels.Segment{{Len: b.params.Size()}}),
		cosine: tensor.NewScalar(d, 0), factor: tensor.NewScalar(d, 0),
	}
	kernels.ScaledNorm(b.norm.Data, b.center.Data, b.center.Data, b.table, 0)
	p.h = step * b.norm.Read()
	return p
}

func (p *products) release() {
	release(p.zero, p.cosine.Tensor, p.factor.Tensor)
	p.whole.Release()
}

// times sets y = Hv, computed with the step h. v has length 1.
func (p *products) times(ctx context.Context, y, v *tensor.Tensor, h float64) error {
	for _, side := range []float64{h, -h} {
		p.restore()
		kernels.AddScaled(p.params.Weights.Data, v.Data, side)
		if _, err := p.loss.GradientOf(ctx, 0, p.loss.N()); err != nil {
			return err
		}
		if side > 0 {
			tensor.Copy(y, p.params.Grads)
		} else {
			kernels.AddScaled(y.Data, p.params.Grads.Data, -1)
		}
	}
	for i, frozen := range p.frozen {
		if frozen {
			y.Part(p.params.Offsets[i], p.params.Lens[i]).Zero()
		}
	}
	p.multiply(y, 1/(2*h))
	return nil
}

// multiply sets x = s·x.
func (p *products) multiply(x *tensor.Tensor, s float64) {
	p.factor.Set(s)
	kernels.Scale(x.Data, x.Data, p.factor.Data)
}

// length is ‖x‖₂.
func (p *products) length(x *tensor.Tensor) float64 {
	kernels.ScaledNorm(p.norm.Data, x.Data, x.Data, p.whole, 0)
	return p.norm.Read()
}

// dot is x·y, of vectors whose lengths are given: by their cosine, which
// Alignment measures on the device, with sums in float64.
func (p *products) dot(x *tensor.Tensor, lengthX float64, y *tensor.Tensor, lengthY float64) float64 {
	const least = 1e-8 // length that Alignment divides by
	kernels.Alignment(p.cosine.Data, p.zero.Data, x.Data, y.Data, p.whole, true)
	return (2*p.cosine.Read() - 1) * max(lengthX, least) * max(lengthY, least)
}

// curvature measures the spectrum and the trace.
func (r *sharpnessRun) curvature(ctx context.Context, b *ball) error {
	defer b.leave()
	step := r.Hessian.Step
	if step == 0 {
		step = StepFor(b.params.Device().Precision())
	}
	p := newProducts(b, r.loss, step)
	defer p.release()
	if r.Hessian.Eigenvalues > 0 {
		err := r.measure(r.loss.N()*r.Hessian.spectrumCost(), func() (SharpnessPoint, error) {
			s, err := r.spectrum(ctx, p)
			return SharpnessPoint{Spectrum: s}, err
		})
		if err != nil {
			return err
		}
	}
	v, y := arena(b.params), arena(b.params)
	defer release(v, y)
	for draw := range r.Hessian.Traces {
		err := r.measure(r.loss.N()*traceCost(draw), func() (SharpnessPoint, error) {
			t, err := p.trace(ctx, v, y, draw, rng.New(r.Seed, rng.Analysis, uint32(draw), traceDraws))
			return SharpnessPoint{Trace: t}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// trace estimates the trace of the Hessian with one vector of random signs, which
// becomes v; y is scratch.
func (p *products) trace(ctx context.Context, v, y *tensor.Tensor, draw int, numbers rng.Stream) (*TraceDraw, error) {
	n := p.free()
	sign := 1 / math.Sqrt(float64(n))
	z, _ := p.draw(func() float64 { return math.Copysign(sign, float64(numbers.Uint32()&1)-0.5) })
	v.SetFloats(z)
	t := &TraceDraw{Draw: draw, Weights: n}
	estimate := func(h float64) (Number, error) {
		err := p.times(ctx, y, v, h)
		return Number(float64(n) * p.dot(v, 1, y, p.length(y))), err
	}
	var err error
	if t.Trace, err = estimate(p.h); err == nil && draw == 0 {
		t.Twice = new(Number)
		*t.Twice, err = estimate(2 * p.h)
	}
	return t, err
}

// productCost is what a product costs, in forward passes.
const productCost = 2 * gradientCost

func traceCost(draw int) int {
	if draw == 0 {
		return 2 * productCost
	}
	return productCost
}

// spectrumCost is what the spectrum costs if all vectors are needed.
func (h Hessian) spectrumCost() int {
	if h.Eigenvalues == 0 {
		return 0
	}
	return productCost * (h.Vectors + 2*(h.Eigenvalues+1))
}

func (h Hessian) cost() int {
	cost := h.spectrumCost()
	for draw := range h.Traces {
		cost += traceCost(draw)
	}
	return cost
}
