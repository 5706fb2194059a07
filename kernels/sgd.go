package kernels

import "fmt"

// SGD is the constants of a step of stochastic gradient descent.
type SGD struct {
	Momentum, WeightDecay float64
	Nesterov              bool
}

// SGDStep moves w down the gradient, as PyTorch's SGD does:
//
//	d = g + WeightDecay·w
//	momentum = Momentum·momentum + (1 - dampening[0])·d
//	w -= lr[0]·momentum            or, with Nesterov, lr[0]·(d + Momentum·momentum)
//
// PyTorch's first step takes d undamped, so dampening is 0 there. The
// momentum arena is absent if Momentum is 0; then w -= lr[0]·d.
func SGDStep(w, momentum, g, lr, dampening Buffer, c SGD, s *Segments) {
	s.check("SGDStep", []Buffer{lr, dampening}, w, g, momentum)
	if momentum.IsNil() && c.Momentum != 0 {
		panic(fmt.Sprintf("kernels: SGDStep with momentum %v needs its arena", c.Momentum))
	}
	s.each(w.dev, func(_ int, b block) {
		decay := c.WeightDecay
		if s.List[b.segment].NoDecay {
			decay = 0
		}
		if w.dtype == Float64 {
			sgdRef(f64(w)[b.lo:b.hi], part(f64(momentum), b), f64(g)[b.lo:b.hi],
				sgd[float64]{c.Momentum, decay, f64(lr)[0], 1 - f64(dampening)[0], c.Nesterov})
			return
		}
		sgdCPU(f32(w)[b.lo:b.hi], part(f32(momentum), b), f32(g)[b.lo:b.hi],
			sgd[float32]{float32(c.Momentum), float32(decay), f32(lr)[0], 1 - f32(dampening)[0], c.Nesterov})
	})
}

// part is the block of an arena that may be absent.
func part[T Float](arena []T, b block) []T {
	if arena == nil {
		return nil
	}
	return arena[b.lo:b.hi]
}

// sgd is the numbers of one block of SGDStep; fresh is 1 - dampening.
type sgd[T Float] struct {
	momentum, decay, lr, fresh T
	nesterov                   bool
}

// sgdRef is one block of SGDStep. Each product is rounded before it is added,
// on every device.
func sgdRef[T Float](w, momentum, g []T, c sgd[T]) {
	for i, d := range g {
		d += T(c.decay * w[i])
		if momentum != nil {
			momentum[i] = T(c.momentum*momentum[i]) + T(c.fresh*d)
			if c.nesterov {
				d += T(c.momentum * momentum[i])
			} else {
				d = momentum[i]
			}
		}
		w[i] -= T(c.lr * d)
	}
}
