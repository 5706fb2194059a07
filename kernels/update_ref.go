package kernels

import "math"

// A sumOver returns the float64 sum of one block, for scaledNorm.
type sumOver[T Float] func(w, g []T, eta T, scaled bool) float64

// scaledNorm is ScaledNorm and ScaledDistance: the square root of the sum of
// the blocks' sums, added in the order of the blocks.
func scaledNorm[T Float](d *Device, norm, w, g []T, s *Segments, eta T, sum sumOver[T]) {
	sums := make([]float64, len(s.blocks))
	s.each(d, func(i int, b block) {
		if seg := s.List[b.segment]; !seg.Frozen {
			sums[i] = sum(w[b.lo:b.hi], g[b.lo:b.hi], eta, seg.Scaled)
		}
	})
	total := 0.0
	for _, v := range sums {
		total += v
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
		sum += v * v
	}
	return sum
}

func abs[T Float](v T) T {
	if v < 0 {
		return -v
	}
	return v
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

// lerpRef sets w = a + s·(b - a).
func lerpRef[T Float](w, a, b []T, s T) {
	for i, v := range a {
		w[i] = v + T(s*(b[i]-v))
	}
}

// alignment is Alignment: per block the sums u·u, v·v and u·v, added per
// segment, or over all segments, in the order of the blocks.
func alignment[T Float](d *Device, alpha, slow, first, fast []T, s *Segments, global bool) {
	sums := make([][3]float64, len(s.blocks))
	s.each(d, func(i int, b block) {
		sums[i] = displacementsRef(slow[b.lo:b.hi], first[b.lo:b.hi], fast[b.lo:b.hi])
	})
	totals := make([][3]float64, len(s.List))
	for i, b := range s.blocks {
		at := b.segment
		if global {
			at = 0
		}
		for j, v := range sums[i] {
			totals[at][j] += v
		}
	}
	for i := range alpha {
		t := totals[i]
		if global {
			t = totals[0]
		}
		alpha[i] = T((1 + cosine(t[0], t[1], t[2])) / 2)
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
