package kernels

// A weightGradient is the sum over pixels of dy times windows of x: a product
// whose rows are channels of dy and whose columns are elements of windows. It is
// taken over blocks of pixels that stay in the cache. A task takes some rows, a part
// of the windows and a slice of the batch, and keeps its sums to the end, unless there
// is but one block.
type weightGradient struct {
	kernel microkernel
	dw, dy []float32
	src    windows // of x

	parts            []windowPart
	rows, rowGroups  int       // channels of dy of a task
	slices, perSlice int       // of the batch, and pixels of each
	partial          []float32 // [slices, OC, src.length()], if there are several
}

const (
	// weightPixels is the length of a block.
	weightPixels = 128

	// weightPanel is how many elements a panel of windows has at most: half of an L1
	// cache, through which channels of dy pass besides.
	weightPanel = 4096

	// weightRows is how many channels of dy share the windows that a task copies, at
	// most.
	weightRows = 256

	// weightNarrow is how many channels of dy are read in place, at most: a block of
	// them fits the L1 cache wherever it lies.
	weightNarrow = 64

	// weightSkew lies between the pixels of a copy of dy, in elements: a line more
	// than a power of two, or they would share a few sets of the L1 cache.
	weightSkew = 16
)

// conv2dBackwardWeightAddCPU is Conv2dBackwardWeightAdd on the threads of p.
func conv2dBackwardWeightAddCPU(p *pool, dw, dy, x []float32, g Conv) {
	if g.N == 0 {
		return
	}
	if g.winograd() && !p.gemm.direct {
		winogradBackwardWeightAddCPU(p, dw, dy, x, g)
		return
	}
	x, g = p.padded(x, g)
	s := &p.gemm.weight
	*s = weightGradient{dw: dw, dy: dy, src: newWindows(g, x, p.gemm.zeroRow(g.KW*g.C)), parts: s.parts}
	s.divide()
	s.kernel = pickMicrokernel(narrowPanels(p.gemm.microkernels), s.parts[0].length())
	if s.slices > 1 {
		p.gemm.partial = grown(&p.gemm.partial, s.slices*len(dw))
		s.partial = p.gemm.partial
	}
	p.sweep(s.slices*s.rowGroups*len(s.parts), func(worker, task int) { s.task(&p.gemm.workers[worker], task) })
	if s.slices > 1 {
		p.ranges(len(dw), func(lo, hi int) {
			for slice := range s.slices {
				addCPU(dw[lo:hi], dw[lo:hi], s.partial[slice*len(dw)+lo:slice*len(dw)+hi])
			}
		})
	}
}

// narrowPanels leaves out microkernels whose panels are too wide.
func narrowPanels(kernels []microkernel) []microkernel {
	for len(kernels) > 1 && kernels[0].nr*weightPixels > weightPanel {
		kernels = kernels[1:]
	}
	return kernels
}

// divide decides, by shape, on tasks: shorter parts of windows, then slices of the
// batch, if they are too few.
func (s *weightGradient) divide() {
	s.rowGroups = tiles(s.src.OC, weightRows)
	s.rows = tiles(s.src.OC, s.rowGroups)
	blocks := tiles(s.src.pixels(), weightPixels)
	for _, limit := range [...]int{windowLength, windowLength / 2} {
		s.parts = s.src.split(s.parts[:0], limit)
		if len(s.parts)*s.rowGroups*blocks >= minTasks {
			break
		}
	}
	s.slices = min(blocks, tiles(minTasks, len(s.parts)*s.rowGroups))
	perSlice := tiles(blocks, s.slices)
	s.slices, s.perSlice = tiles(blocks, perSlice), perSlice*weightPixels
}

// task sums one slice of the batch for one group of rows and a part of the windows.
func (s *weightGradient) task(w *gemmWorker, task int) {
	part := s.parts[task%len(s.parts)]
	slice, o := task/len(s.parts)/s.rowGroups, task/len(s.parts)%s.rowGroups*s.rows
	rows, columns := min(s.rows, s.src.OC-o), part.length()
	padded, width := tiles(rows, s.kernel.mr)*s.kernel.mr, tiles(columns, s.kernel.nr)*s.kernel.nr
	w.sums = grown(&w.sums, padded*width)
	end := min(s.src.pixels(), (slice+1)*s.perSlice)
	for first := slice * s.perSlice; first < end; first += weightPixels {
		next := min(first+weightPixels, end)
		s.block(w, first, next-first, min(weightPixels, end-next), o, rows, part, first > slice*s.perSlice)
	}
	length, done := s.src.length(), s.added(rows, part)
	for r := range rows {
		sums, to := w.sums[r*width:][done:columns], (o+r)*length+s.src.offset(part)+done
		if s.slices > 1 {
			copy(s.partial[slice*len(s.dw)+to:], sums)
		} else {
			addCPU(s.dw[to:to+len(sums)], s.dw[to:to+len(sums)], sums)
		}
	}
}

// added is how many columns of a part block adds to dw itself: whole panels, if there
// is one block and rows fill its tiles.
func (s *weightGradient) added(rows int, part windowPart) int {
	if s.src.pixels() > weightPixels || rows%s.kernel.mr > 0 {
		return 0
	}
	return part.length() / s.kernel.nr * s.kernel.nr
}

// block adds to w.sums, or to dw, the products of count pixels from first on, or sets
// them, and asks for the next ones. Behind the last row and the last column of operands, others
// are read, for sums that nobody does.
func (s *weightGradient) block(w *gemmWorker, first, count, next, o, rows int, part windowPart, add bool) {
	k := s.kernel
	height, panels := tiles(rows, k.mr), tiles(part.length(), k.nr)
	aStride, bStride := height*k.mr+weightSkew, panels*k.nr+weightSkew
	dy, x := s.dy[first*s.src.OC+o:], s.src.data
	if rows > weightNarrow || rows%k.mr > 0 {
		w.a = grown(&w.a, weightPixels*aStride)
		k.copyRows(&w.a[0], &dy[0], rows, count, 4*aStride, 4*s.src.OC)
		dy = w.a
	} else {
		aStride = s.src.OC
	}
	if s.src.pointwise() && s.src.C == k.nr {
		x, bStride = x[first*s.src.C:], s.src.C
	} else {
		w.b = grown(&w.b, weightPixels*bStride)
		s.src.copyTo(w.b, bStride, first, count, part, k.copyRows)
		x = w.b
	}
	following := first + count
	ahead := newAhead(panels, s.dy[following*s.src.OC:(following+next)*s.src.OC], s.src.span(following, next))
	added, length := s.added(rows, part)/k.nr, s.src.length()
	for panel := range panels {
		out, outRow, add := &w.sums[panel*k.nr], panels*k.nr, add
		if panel < added {
			out, outRow, add = &s.dw[o*length+s.src.offset(part)+panel*k.nr], length, true
		}
		from, step := ahead.share(height * count)
		k.product(out, &dy[0], &x[panel*k.nr], height, count, 4, 4*aStride, 4*bStride, 4*outRow, add, from, step)
	}
}
