package kernels

// conv2dBackwardInputCPU is Conv2dBackwardInput on the threads of p.
//
// Input pixel (h, v) meets output pixel (i, j) under tap (p, q) if h + Pad - p
// = i·Stride and v + Pad - q = j·Stride. So input pixels with the same
// remainders of h and v by Stride have the same taps, and each such class is
// a convolution of dy with stride 1; together they use each tap once. Where
// the window is smaller than the stride, some classes have none: zeros.
func conv2dBackwardInputCPU(p *pool, dx, dy, w []float32, g Conv) {
	if g.winograd() && !p.gemm.direct {
		winogradBackwardInputCPU(p, dx, dy, w, g)
		return
	}
	kernel := pickMicrokernel(p.gemm.microkernels, g.C)
	packed := packTaps(p, kernel, w, g.OC, g.KH*g.KW, g.C)
	zeros := p.gemm.zeroRow(g.OC)
	if g.KH < g.Stride || g.KW < g.Stride {
		p.ranges(len(dx), func(lo, hi int) { clear(dx[lo:hi]) })
	}
	for h := range min(g.Stride, g.H) {
		for v := range min(g.Stride, g.W) {
			s := p.gemm.gather.become(gather{
				kernel: kernel, images: g.N,
				gridH: tiles(g.H-h, g.Stride), gridW: tiles(g.W-v, g.Stride),
				out: image{dx, g.H, g.W, g.C}, outH: h, outV: v, outStep: g.Stride,
				src: image{dy, g.OH(), g.OW(), g.OC}, step: 1,
				packed: packed, panel: g.KH * g.KW * g.OC * kernel.nr, zeros: zeros,
			})
			for p := (h + g.Pad) % g.Stride; p < g.KH; p += g.Stride {
				for q := (v + g.Pad) % g.Stride; q < g.KW; q += g.Stride {
					s.taps = append(s.taps, tap{
						(h + g.Pad - p) / g.Stride, // exact
						(v + g.Pad - q) / g.Stride,
						(p*g.KW + q) * g.OC * kernel.nr,
					})
				}
			}
			if len(s.taps) == 0 {
				continue
			}
			s.byPosition = byPosition(g.N, s.gridH*s.gridW, len(s.taps), kernel.mr)
			s.run(p)
		}
	}
}
