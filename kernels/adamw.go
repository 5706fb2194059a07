package kernels

import "math"

// AdamW is the constants of a step of Adam with decoupled weight decay.
type AdamW struct {
	Beta1, Beta2, Eps, WeightDecay float64
}

// AdamWStep sets w to from, moved as PyTorch's AdamW moves it (Loshchilov and Hutter
// 2019). With t = step[0], an int32 that the caller has advanced to 1 or more:
//
//	w = from - lr[0]·WeightDecay·from
//	m = Beta1·m + (1-Beta1)·g      v = Beta2·v + (1-Beta2)·g²
//	w -= lr[0]/(1-Beta1^t) · m / (√v/√(1-Beta2^t) + Eps)
//
// If skip, an int32 that may be absent, is there and not 0, m and v stay and w = from.
// w may be from.
func AdamWStep(w, from, m, v, g, lr, step, skip Buffer, c AdamW, s *Segments) {
	defer w.dev.span("AdamWStep", w, from, m, v, g, lr, step).again(m, v).end()
	s.check("AdamWStep", []Buffer{lr}, w, from, m, v, g)
	mustMatch("AdamWStep", Int32, 1, step)
	mustShare("AdamWStep", w, step)
	mustSkip("AdamWStep", w, skip)
	if w.dev.gpu != nil {
		s.launch("adamw_step", w, from, again(m), again(v), g, lr, step, skip, float32(c.WeightDecay), float32(c.Beta1), float32(c.Beta2),
			float32(1-c.Beta1), float32(1-c.Beta2), float32(c.Eps), c.Beta1, c.Beta2)
		return
	}
	if s.stays(w, from, skip) {
		return
	}
	t := float64(i32(step)[0])
	if w.dtype == Float64 {
		adamWStep(w.dev, f64(w), f64(m), f64(v), f64(g), newAdamW(c, f64(lr)[0], t), s, adamWRef[float64])
		return
	}
	adamWStep(w.dev, f32(w), f32(m), f32(v), f32(g), newAdamW(c, f32(lr)[0], t), s, forDevice(w.dev, adamWCPU, adamWRef[float32]))
}

func adamWStep[T Float](d *Device, w, m, v, g []T, c adamW[T], s *Segments, loop func(w, m, v, g []T, c adamW[T])) {
	s.each(d, func(_ int, b block) {
		numbers := c
		if s.List[b.segment].NoDecay {
			numbers.decay = 0
		}
		loop(part(w, b), part(m, b), part(v, b), part(g, b), numbers)
	})
}

// adamW is the numbers of one block of AdamWStep.
type adamW[T Float] struct {
	decay        T // lr·WeightDecay
	beta1, beta2 T
	new1, new2   T // 1 - Beta1, 1 - Beta2: rounded once, as 1 - T(Beta2) is off by 5e-5 of its value in float32
	lr           T // lr/(1-Beta1^t)
	correct, eps T // √(1-Beta2^t), Eps
}

// newAdamW is the numbers of step t, with weight decay.
func newAdamW[T Float](c AdamW, lr T, t float64) adamW[T] {
	return adamW[T]{
		decay: lr * T(c.WeightDecay),
		beta1: T(c.Beta1), beta2: T(c.Beta2),
		new1: T(1 - c.Beta1), new2: T(1 - c.Beta2),
		lr:      lr / T(1-math.Pow(c.Beta1, t)),
		correct: T(math.Sqrt(1 - math.Pow(c.Beta2, t))), eps: T(c.Eps),
	}
}

// adamWRef is one block of AdamWStep. Each product is rounded before it is
// added, on every device.
func adamWRef[T Float](w, m, v, g []T, c adamW[T]) {
	for i, d := range g {
		w[i] -= T(c.decay * w[i])
		m[i] = T(c.beta1*m[i]) + T(c.new1*d)
		v[i] = T(c.beta2*v[i]) + T(T(c.new2*d)*d)
		denominator := T(math.Sqrt(float64(v[i])))/c.correct + c.eps
		w[i] -= T(c.lr*m[i]) / denominator
	}
}
