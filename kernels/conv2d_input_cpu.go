package kernels

// An inputGradient is the gradient of the input of a convolution: the product of
// dy with the weight is what each pixel of dy adds to the pixels under its window,
// row by row of the window. A task has whole images of dx, so that nobody else adds to
// them.
type inputGradient struct {
	kernel microkernel
	dx     windows
	dy     []float32
	packed []float32 // panels [KH, OC, nr] of rows of the weight's windows
	panels int       // of a row

	perTask  int // pixels of dy: whole images
	perBlock int // of which so many are multiplied at a time
}

const (
	// inputPixels is how many pixels of dy a task has at least, of small images: the
	// more, the less often the weight is read.
	inputPixels = 64

	// inputBlock is how many pixels of dy are multiplied at a time, at most: what
	// they give to a row of their windows fits the L2 cache.
	inputBlock = 192
)

// conv2dBackwardInputCPU is Conv2dBackwardInput on the threads of p.
func conv2dBackwardInputCPU(p *pool, dx, dy, w []float32, g Conv) {
	switch {
	case g.winograd() && !p.gemm.direct:
		winogradBackwardInputCPU(p, dx, dy, w, g)
	case g.pointwise():
		pointwiseBackwardInputCPU(p, dx, dy, w, g)
	default:
		windowsBackwardInputCPU(p, dx, dy, w, g)
	}
}

// pointwiseBackwardInputCPU is conv2dBackwardInputCPU for windows of one pixel: the
// forward pass, with the weight transposed.
func pointwiseBackwardInputCPU(p *pool, dx, dy, w []float32, g Conv) {
	kernel := pickMicrokernel(p.gemm.microkernels, g.C)
	turned := g
	turned.C, turned.OC = g.OC, g.C
	p.gemm.windowProduct.become(windowProduct{
		kernel: kernel, src: newWindows(turned, dy, nil), out: dx, columns: g.C,
		packed: packTaps(p, kernel, w, g.OC, 1, g.C),
	}).run(p)
}

// windowsBackwardInputCPU is conv2dBackwardInputCPU for all other shapes.
func windowsBackwardInputCPU(p *pool, dx, dy, w []float32, g Conv) {
	kernel := pickMicrokernel(p.gemm.microkernels, g.KW*g.C)
	s := &p.gemm.inputGradient
	*s = inputGradient{
		kernel: kernel, dx: newWindows(g, dx, nil), dy: dy,
		packed: packTaps(p, kernel, w, g.OC, g.KH, g.KW*g.C), panels: tiles(g.KW*g.C, kernel.nr),
	}
	image, pixels, size := g.OH()*g.OW(), s.dx.pixels(), g.H*g.W*g.C
	s.perTask = max(1, inputPixels/image, min(inputBlock/image, tiles(g.N, minTasks))) * image
	s.perBlock = tiles(s.perTask, tiles(s.perTask, inputBlock))
	p.sweep(tiles(pixels, s.perTask), func(worker, task int) {
		first, end := task*s.perTask, min(pixels, (task+1)*s.perTask)
		clear(dx[first/image*size : end/image*size])
		for ; first < end; first += s.perBlock {
			next := min(first+s.perBlock, end)
			ahead := newAhead(g.KH*s.calls(), s.dy[next*g.OC:min(end, next+s.perBlock)*g.OC], nil)
			for row := range g.KH {
				s.block(&p.gemm.workers[worker], first, next-first, row, &ahead)
			}
		}
	})
}

// calls is how many products a row of windows takes: for a panel and some channels of
// dy each.
func (s *inputGradient) calls() int { return s.panels * tiles(s.dx.OC, windowLength) }

// block adds what count pixels of dy, from first on, give to one row of their windows.
// The last rows of a block, which do not fill a tile, are copied.
func (s *inputGradient) block(w *gemmWorker, first, count, row int, ahead *ahead) {
	k, oc, width := s.kernel, s.dx.OC, s.panels*s.kernel.nr
	whole := count / k.mr
	done := whole * k.mr
	w.a, w.sums = grown(&w.a, k.mr*windowLength), grown(&w.sums, (done+k.mr)*width)
	length := tiles(oc, tiles(oc, windowLength))
	for lo := 0; lo < oc; lo += length {
		n := min(length, oc-lo)
		if done < count {
			k.copyRows(&w.a[0], &s.dy[(first+done)*oc+lo], n, count-done, 4*n, 4*oc)
		}
		for panel := range s.panels {
			weights := &s.packed[((panel*s.dx.KH+row)*oc+lo)*k.nr]
			if whole > 0 {
				from, step := ahead.share(whole * n)
				k.product(&w.sums[panel*k.nr], &s.dy[first*oc+lo], weights, whole, n, 4*oc, 4, 4*k.nr, 4*width, lo > 0, from, step)
			}
			if done < count {
				k.product(&w.sums[done*width+panel*k.nr], &w.a[0], weights, 1, n, 4*n, 4, 4*k.nr, 4*width, lo > 0, nil, 0)
			}
		}
	}
	s.dx.add(w.sums, width, first, count, row, k.addRows)
}
