package kernels

// conv2dCPU is Conv2d on the threads of p.
func conv2dCPU(p *pool, y, x, w, b []float32, g Conv) {
	if g.winograd() && !p.gemm.direct {
		winogradCPU(p, y, x, w, b, g)
		return
	}
	if g.copiesWindows() {
		windowsCPU(p, y, x, w, b, g)
		return
	}
	kernel := pickMicrokernel(p.gemm.microkernels, g.OC)
	s := p.gemm.gather.become(gather{
		kernel: kernel, images: g.N, gridH: g.OH(), gridW: g.OW(),
		out: image{y, g.OH(), g.OW(), g.OC}, outStep: 1,
		src: image{x, g.H, g.W, g.C}, step: g.Stride,
		packed: packTransposed(p, kernel, w, g.OC, g.KH*g.KW*g.C),
		panel:  g.KH * g.KW * g.C * kernel.nr,
		bias:   b, zeros: p.gemm.zeroRow(g.C),
		byPosition: byPosition(g.N, g.OH()*g.OW(), g.KH*g.KW, kernel.mr),
	})
	for p := range g.KH {
		for q := range g.KW {
			s.taps = append(s.taps, tap{p - g.Pad, q - g.Pad, (p*g.KW + q) * g.C * kernel.nr})
		}
	}
	s.run(p)
}

// byPosition reports whether a gather should take one pixel of all images
// before the next pixel. Then taps that lie in the padding cost nothing, but
// less of the source is in the cache. It pays for small images.
func byPosition(images, pixels, taps, mr int) bool {
	return taps > 1 && pixels <= 64 && images >= mr
}

// zeroRow returns n zeros.
func (g *gemm) zeroRow(n int) []float32 {
	if len(g.zeros) < n {
		g.zeros = make([]float32, n)
	}
	return g.zeros
}
