package kernels

// paddedWidth is how long a row of a window is at most, in elements, if images are
// copied into their padding first: of shorter ones so many touch it that it takes
// longer to tell them apart.
const paddedWidth = 32

// padded returns x and g, or x with its padding around it and g without any, where
// windows are narrow.
func (p *pool) padded(x []float32, g Conv) ([]float32, Conv) {
	if g.Pad == 0 || g.KW*g.C > paddedWidth {
		return x, g
	}
	wide := g
	wide.H, wide.W, wide.Pad = g.H+2*g.Pad, g.W+2*g.Pad, 0
	p.gemm.padded = grown(&p.gemm.padded, wide.XLen())
	to, row, size := p.gemm.padded, g.W*g.C, wide.H*wide.W*g.C
	p.run(g.N, func(_, n int) {
		image := to[n*size : (n+1)*size]
		clear(image)
		for h := range g.H {
			copy(image[((h+g.Pad)*wide.W+g.Pad)*g.C:], x[(n*g.H+h)*row:][:row])
		}
	})
	return to, wide
}
