package kernels

// conv2dCPU is Conv2d on the threads of p.
func conv2dCPU(p *pool, y, x, w, b []float32, g Conv) {
	if g.winograd() && !p.gemm.direct {
		winogradCPU(p, y, x, w, b, g)
		return
	}
	kernel := pickMicrokernel(p.gemm.microkernels, g.OC)
	x, g = p.padded(x, g)
	p.gemm.windowProduct.become(windowProduct{
		kernel: kernel, src: newWindows(g, x, p.gemm.zeroRow(g.KW*g.C)), out: y, columns: g.OC,
		packed: packTransposed(p, kernel, w, g.OC, g.KH*g.KW*g.C), bias: b,
	}).run(p)
}

// zeroRow returns n zeros.
func (g *gemm) zeroRow(n int) []float32 {
	if len(g.zeros) < n {
		g.zeros = make([]float32, n)
	}
	return g.zeros
}
