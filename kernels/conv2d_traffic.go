package kernels

// fetched is how many bytes of a product's operands, with elements of so many
// bytes, its blocks bring to shared memory from the L2 cache, and of its parts
// there, and back if its blocks add them up.
func (t gpuPlan) fetched(p product, g Conv, element int) int64 {
	length := p.spans * p.span
	if p.phases > 1 { // the phases share the taps
		length = g.KH * g.KW * p.span
	}
	left, right := p.m*length, p.n*length
	if t.halo {
		left = (p.m + t.halves(p.m, g.H*g.W)*2*g.W) * length / (g.KH * g.KW)
	}
	if t.ring { // each part has a row and a pixel more before and behind it
		right = p.n / (g.KH * g.KW) * (length + (t.parts-1)*2*(g.W+1))
	}
	bytes := int64(tiles(p.n, t.n)*left+tiles(p.m, t.m)*right) * int64(element)
	switch parts := 4 * int64(t.parts*p.m*p.n); {
	case t.apart():
		bytes += parts
	case t.parts > 1:
		bytes += 2 * parts
	}
	return bytes
}

// alone is how many bytes the last block of a weight gradient reads and writes
// when all others are done: parts of its tile, and dw.
func (t gpuPlan) alone() int64 { return 4 * int64((t.parts+2)*t.m*t.n) }

// halves is how often one of m pixels of images and the one before are of
// different tiles but of the same image: both tiles need a row of the other then.
func (t gpuPlan) halves(m, image int) int {
	divisor, rest := t.m, image
	for rest > 0 {
		divisor, rest = rest, divisor%rest
	}
	ends := tiles(m, t.m) - 1
	return ends - ends/(image/divisor)
}
