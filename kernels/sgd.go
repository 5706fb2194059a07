package kernels

import "fmt"

// SGD is the constants of a step of stochastic gradient descent.
type SGD struct {
	Momentum, WeightDecay float64
	Nesterov              bool
}

// SGDStep sets w to from, moved down the gradient, as PyTorch's SGD moves it:
//
//	d = g + WeightDecay·from
//	momentum = Momentum·momentum + (1 - dampening[0])·d
//	w = from - lr[0]·momentum      or, with Nesterov, - lr[0]·(d + Momentum·momentum)
//
// PyTorch's first step takes d undamped, so dampening is 0 there. The
// momentum arena is absent if Momentum is 0; then w = from - lr[0]·d. If skip, an
// int32 that may be absent, is there and not 0, momentum stays and w = from. w may
// be from.
func SGDStep(w, from, momentum, g, lr, dampening, skip Buffer, c SGD, s *Segments) {
	defer w.dev.span("SGDStep", w, from, momentum, g, lr, dampening).again(momentum).end()
	s.check("SGDStep", []Buffer{lr, dampening}, w, from, g, momentum)
	if momentum.IsNil() && c.Momentum != 0 {
		panic(fmt.Sprintf("kernels: SGDStep with momentum %v needs its arena", c.Momentum))
	}
	mustSkip("SGDStep", w, skip)
	if w.dev.gpu != nil {
		s.launch("sgd_step", w, from, again(momentum), g, lr, dampening, skip, float32(c.Momentum), float32(c.WeightDecay), c.Nesterov)
		return
	}
	if s.stays(w, from, skip) {
		return
	}
	if w.dtype == Float64 {
		sgdStep(w.dev, f64(w), f64(momentum), f64(g), f64(lr)[0], f64(dampening)[0], c, s, sgdRef[float64])
		return
	}
	sgdStep(w.dev, f32(w), f32(momentum), f32(g), f32(lr)[0], f32(dampening)[0], c, s, forDevice(w.dev, sgdCPU, sgdRef[float32]))
}

func sgdStep[T Float](d *Device, w, momentum, g []T, lr, dampening T, c SGD, s *Segments, loop func(w, momentum, g []T, c sgd[T])) {
	s.each(d, func(_ int, b block) {
		numbers := sgd[T]{T(c.Momentum), T(c.WeightDecay), lr, 1 - dampening, c.Nesterov}
		if s.List[b.segment].NoDecay {
			numbers.decay = 0
		}
		loop(part(w, b), part(momentum, b), part(g, b), numbers)
	})
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
