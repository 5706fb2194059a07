package kernels

// A windowForward is a convolution whose windows are copied, row behind row, for
// a block of output pixels that stays in the cache: the product then reads rows
// at one distance, without tables of pointers, which would cost as much as the
// products of so few channels.
type windowForward struct {
	Conv
	kernel     microkernel
	y, x, bias []float32
	packed     []float32 // panels [KH·KW·C, nr] of weights
	zeros      []float32 // the row of a window that lies in the padding
	rows       int       // of output pixels in a block,
	blocks     int       // and blocks of an image
	panels     int
	length     int // elements of a window
}

const (
	// narrow is the number of channels below which windows are copied: the
	// pixels of a row are neighbours in memory.
	narrow = 16

	// windowLength is the longest window of more channels, in elements, that is
	// copied.
	windowLength = 288

	// windowBlock is the size of the windows of a block, in elements, at most,
	// if that is a row of pixels.
	windowBlock = 1 << 14
)

// copiesWindows reports whether the device cpu copies the windows of the forward pass.
func (g Conv) copiesWindows() bool {
	return g.KH*g.KW > 1 && (g.C < narrow || g.KH*g.KW*g.C <= windowLength)
}

// windowsCPU is conv2dCPU for shapes that copiesWindows accepts.
func windowsCPU(p *pool, y, x, w, b []float32, g Conv) {
	s := &p.gemm.windowForward
	kernel := pickMicrokernel(p.gemm.microkernels, g.OC)
	length := g.KH * g.KW * g.C
	rows := min(g.OH(), max(1, windowBlock/(length*g.OW())))
	*s = windowForward{
		Conv: g, kernel: kernel, y: y, x: x, bias: b,
		packed: packTransposed(p, kernel, w, g.OC, length),
		zeros:  p.gemm.zeroRow(g.KW * g.C),
		rows:   rows, blocks: tiles(g.OH(), rows), panels: tiles(g.OC, kernel.nr),
		length: length,
	}
	p.run(g.N*s.blocks, func(worker, task int) {
		n, i := task/s.blocks, task%s.blocks*s.rows
		b := window{n0: n, n1: n + 1, i0: i, i1: min(s.OH(), i+s.rows)}
		first := (n*s.OH() + i) * s.OW()
		count := b.pixels(s.OW())
		s.block(&p.gemm.workers[worker], b, first, count)
		p.following.wrote(first, first+count, s.OC)
	})
}

// block computes count pixels of the result from first on.
func (s *windowForward) block(w *gemmWorker, b window, first, count int) {
	k := s.kernel
	w.a = grown(&w.a, tiles(count, k.productRows)*k.productRows*s.length) // behind the last windows, others are read
	s.packWindows(w.a, s.length, s.x, b, k.copyRows, s.zeros)
	for panel := range s.panels {
		columns, whole := min(k.nr, s.OC-panel*k.nr), count/k.productRows
		if columns < k.nr {
			whole = 0
		}
		weights, y := &s.packed[panel*s.length*k.nr], s.y[first*s.OC+panel*k.nr:]
		if whole > 0 {
			k.product(&y[0], &w.a[0], weights, whole, s.length, 4*s.length, 4, 4*k.nr, 4*s.OC, false)
		}
		if done := whole * k.productRows; done < count { // through memory, for what exists
			left := tiles(count-done, k.productRows)
			w.spill = grown(&w.spill, left*k.productRows*k.nr)
			k.product(&w.spill[0], &w.a[done*s.length], weights, left, s.length, 4*s.length, 4, 4*k.nr, 4*k.nr, false)
			k.copyRows(&y[done*s.OC], &w.spill[0], columns, count-done, 4*s.OC, 4*k.nr)
		}
	}
	if s.bias != nil {
		for pixel := first; pixel < first+count; pixel++ {
			y := s.y[pixel*s.OC:][:s.OC]
			addCPU(y, y, s.bias)
		}
	}
}

// packWindows copies the windows [KH, KW, C] of the pixels of a block to rows of to
// that start width elements after one another, with zeros for the padding, of which
// it is given those of a row of a window.
func (g Conv) packWindows(to []float32, width int, x []float32, b window, copyRows func(to, from *float32, width, rows, toStride, fromStride int), zeros []float32) {
	ow, length := g.OW(), g.KW*g.C
	// From j0 to j1 the whole width of the window is inside of x.
	j0 := min(ow, tiles(g.Pad, g.Stride))
	j1 := max(j0, min(ow, max(0, g.W-g.KW+g.Pad+g.Stride)/g.Stride))
	for n := b.n0; n < b.n1; n++ {
		for i := b.i0; i < b.i1; i++ {
			for p := range g.KH {
				windows := to[p*length:]
				h := i*g.Stride + p - g.Pad
				if h < 0 || h >= g.H {
					copyRows(&windows[0], &zeros[0], length, ow, 4*width, 0)
					continue
				}
				row := x[(n*g.H+h)*g.W*g.C:][:g.W*g.C]
				g.packEdge(windows, width, row, 0, j0)
				if j0 < j1 {
					copyRows(&windows[j0*width], &row[(j0*g.Stride-g.Pad)*g.C], length, j1-j0, 4*width, 4*g.Stride*g.C)
				}
				g.packEdge(windows, width, row, j1, ow)
			}
			to = to[ow*width:]
		}
	}
}

// packEdge is packWindows for one row of the windows of pixels j0 to j1, which are
// partly inside of the row of x.
func (g Conv) packEdge(windows []float32, width int, row []float32, j0, j1 int) {
	for j := j0; j < j1; j++ {
		v := j*g.Stride - g.Pad
		to := windows[j*width:][:g.KW*g.C]
		clear(to)
		if q0, q1 := max(0, -v), min(g.KW, g.W-v); q0 < q1 {
			copy(to[q0*g.C:], row[(v+q0)*g.C:(v+q1)*g.C])
		}
	}
}
