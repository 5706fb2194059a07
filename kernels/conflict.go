package kernels

// Deconflict takes out of the gradient g what would raise the loss whose gradient
// is reference (A-GEM, Chaudhry et al. 2019, eq. 11). With r for the reference:
//
//	factor[0] = min(0, g·r)/(r·r)      y = g - factor[0]·r
//
// so that y·r is not negative, up to rounding, and y is g, bit for bit, where
// g·r is not. A reference of zeros changes nothing. All are arenas of s.Size
// elements; factor is one number. y may alias g.
func Deconflict(y, g, reference, factor Buffer, s *Segments) {
	defer y.dev.span("Deconflict", y, g, reference, factor).end()
	s.check("Deconflict", []Buffer{factor}, y, g, reference)
	if y.dev.gpu != nil {
		s.launch("agreement", s.partial, g, reference)
		y.dev.gpu.launch("conflict", blocks(1, 256), factor, s.partial, len(s.blocks))
		s.launch("deconflict", y, g, reference, factor)
		return
	}
	if y.dtype == Float64 {
		deconflict(y.dev, f64(y), f64(g), f64(reference), f64(factor), s)
		return
	}
	deconflict(y.dev, f32(y), f32(g), f32(reference), f32(factor), s)
}

// deconflict is Deconflict: the sums of the blocks are added in their order.
func deconflict[T Float](d *Device, y, g, r, factor []T, s *Segments) {
	s.each(d, func(i int, b block) { s.sums[i] = agreementRef(part(g, b), part(r, b)) })
	var gr, rr float64
	for _, sums := range s.sums {
		gr += sums[0]
		rr += sums[1]
	}
	factor[0] = T(conflictRef(gr, rr))
	s.each(d, func(_ int, b block) { deconflictRef(part(y, b), part(g, b), part(r, b), factor[0]) })
}

// agreementRef is the sums g·r and r·r of one block.
func agreementRef[T Float](g, r []T) (sums [3]float64) {
	for i, v := range r {
		sums[0] += float64(g[i]) * float64(v)
		sums[1] += float64(v) * float64(v)
	}
	return sums
}

// conflictRef is min(0, gr)/rr. A NaN stays one, so that it shows.
func conflictRef(gr, rr float64) float64 {
	if gr >= 0 {
		return 0
	}
	return gr / rr
}

// deconflictRef is one block of y = g - factor·r.
func deconflictRef[T Float](y, g, r []T, factor T) {
	if factor == 0 {
		copy(y, g)
		return
	}
	for i, v := range g {
		y[i] = v - T(factor*r[i])
	}
}
