package kernels

import "math"

// AdamW is the constants of a step of Adam with decoupled weight decay.
type AdamW struct {
	Beta1, Beta2, Eps, WeightDecay float64
}

// AdamWStep moves w as PyTorch's AdamW does (Loshchilov and Hutter 2019).
// With t = step[0], an int32 that the caller has advanced to 1 or more:
//
//	w -= lr[0]·WeightDecay·w
//	m = Beta1·m + (1-Beta1)·g      v = Beta2·v + (1-Beta2)·g²
//	w -= lr[0]/(1-Beta1^t) · m / (√v/√(1-Beta2^t) + Eps)
func AdamWStep(w, m, v, g, lr, step Buffer, c AdamW, s *Segments) {
	s.check("AdamWStep", []Buffer{lr}, w, m, v, g)
	mustMatch("AdamWStep", Int32, 1, step)
	t := float64(i32(step)[0])
	correct1, correct2 := 1-math.Pow(c.Beta1, t), math.Sqrt(1-math.Pow(c.Beta2, t))
	s.each(w.dev, func(_ int, b block) {
		c := c
		if s.List[b.segment].NoDecay {
			c.WeightDecay = 0
		}
		if w.dtype == Float64 {
			adamWRef(f64(w)[b.lo:b.hi], f64(m)[b.lo:b.hi], f64(v)[b.lo:b.hi], f64(g)[b.lo:b.hi], f64(lr)[0], correct1, correct2, c)
			return
		}
		adamWRef(f32(w)[b.lo:b.hi], f32(m)[b.lo:b.hi], f32(v)[b.lo:b.hi], f32(g)[b.lo:b.hi], f32(lr)[0], float32(correct1), float32(correct2), c)
	})
}

// adamWRef is one block of AdamWStep.
func adamWRef[T Float](w, m, v, g []T, lr, correct1, correct2 T, c AdamW) {
	beta1, beta2 := T(c.Beta1), T(c.Beta2)
	for i, d := range g {
		w[i] -= T(lr * T(c.WeightDecay) * w[i])
		m[i] = T(beta1*m[i]) + T((1-beta1)*d)
		v[i] = T(beta2*v[i]) + T((1-beta2)*d*d)
		denominator := T(math.Sqrt(float64(v[i])))/correct2 + T(c.Eps)
		w[i] -= lr / correct1 * m[i] / denominator
	}
}
