package kernels

import "math"

// A sumOver returns the float64 sum of one block, for scaledNorm.
type sumOver[T Float] func(w, g []T, eta T, scaled bool) float64

// scaledNorm is ScaledNorm and ScaledDistance: the square root of the sum of
// the blocks' sums, added in the order of the blocks.
func scaledNorm[T Float](d *Device, norm, w, g []T, s *Segments, eta T, sum sumOver[T]) {
	s.each(d, func(i int, b block) {
		seg := s.List[b.segment]
		s.sums[i][0] = 0
		if !seg.Frozen {
			s.sums[i][0] = sum(part(w, b), part(g, b), eta, seg.Scaled)
		}
	})
	total := 0.0
	for _, v := range s.sums {
		total += v[0]
	}
	norm[0] = T(math.Sqrt(total))
}

// sumSquaresRef is the sum of (T·g)² of one block of ScaledNorm.
func sumSquaresRef[T Float](w, g []T, eta T, scaled bool) (sum float64) {
	for i, v := range g {
		if scaled {
			v *= abs(w[i]) + eta
		}
		sum += float64(v) * float64(v)
	}
	return sum
}

// sumDistancesRef is the sum of ((w - center)/T)² of one block of
// ScaledDistance.
func sumDistancesRef[T Float](center, w []T, eta T, scaled bool) (sum float64) {
	for i, c := range center {
		v := float64(w[i] - c)
		if scaled {
			t := float64(abs(c) + eta)
			if t == 0 {
				continue
			}
			v /= t
		}
		sum += float64(v * v)
	}
	return sum
}

func abs[T Float](v T) T {
	if v < 0 {
		return -v
	}
	return v
}

// ascend is Ascend, with factor = rho/(norm + 1e-16).
func ascend[T Float](d *Device, w, g []T, factor, eta T, s *Segments, loop func(w, g []T, factor, eta T, scaled bool)) {
	s.each(d, func(_ int, b block) {
		if seg := s.List[b.segment]; !seg.Frozen {
			loop(part(w, b), part(g, b), factor, eta, seg.Scaled)
		}
	})
}

// ascendRef is one block of Ascend.
func ascendRef[T Float](w, g []T, factor, eta T, scaled bool) {
	for i, v := range g {
		if scaled {
			t := abs(w[i]) + eta
			v *= t * t
		}
		w[i] += T(factor * v)
	}
}

// lerp is Interpolate and Project: w = a + at(i)·(b - a) in segment i.
func lerp[T Float](d *Device, w, a, b []T, s *Segments, at func(segment int) T, loop func(w, a, b []T, s T)) {
	s.each(d, func(_ int, k block) { loop(part(w, k), part(a, k), part(b, k), at(k.segment)) })
}

// lerpRef sets w = a + s·(b - a), and w = b if s is 1: rounding would lose
// the last bits of b.
func lerpRef[T Float](w, a, b []T, s T) {
	if s == 1 {
		copy(w, b)
		return
	}
	for i, v := range a {
		w[i] = v + T(s*(b[i]-v))
	}
}

// alignment is Alignment: per block the sums u·u, v·v and u·v, added per
// segment, or over all segments, in the order of the blocks.
func alignment[T Float](d *Device, alpha, slow, first, fast []T, s *Segments, global bool, displacements func(slow, first, fast []T) [3]float64) {
	s.each(d, func(i int, b block) {
		s.sums[i] = displacements(part(slow, b), part(first, b), part(fast, b))
	})
	var all [3]float64
	at := 0
	for i := range alpha {
		var own [3]float64
		for ; at < len(s.blocks) && s.blocks[at].segment == i; at++ {
			for j, v := range s.sums[at] {
				own[j] += v
				all[j] += v
			}
		}
		alpha[i] = T((1 + cosine(own[0], own[1], own[2])) / 2)
	}
	if global {
		fill(alpha, T((1+cosine(all[0], all[1], all[2]))/2))
	}
}

// displacementsRef is the sums u·u, v·v and u·v of one block of Alignment.
func displacementsRef[T Float](slow, first, fast []T) (sums [3]float64) {
	for i, w := range slow {
		u, v := float64(first[i]-w), float64(fast[i]-w)
		sums[0] += u * u
		sums[1] += v * v
		sums[2] += u * v
	}
	return sums
}

// cosine is u·v / (max(‖u‖, 1e-8)·max(‖v‖, 1e-8)), within [-1, 1].
func cosine(uu, vv, uv float64) float64 {
	cos := uv / (max(math.Sqrt(uu), 1e-8) * max(math.Sqrt(vv), 1e-8))
	return min(1, max(-1, cos)) // min and max keep NaN
}

// summaryRef is the reference for Summary.
func summaryRef[T Float](out, x []T) {
	least, most, sum := math.Inf(1), math.Inf(-1), 0.0
	for _, v := range x {
		least, most = min(least, float64(v)), max(most, float64(v))
		sum += float64(v)
	}
	out[0], out[1], out[2] = T(least), T(sum/float64(len(x))), T(most)
}
