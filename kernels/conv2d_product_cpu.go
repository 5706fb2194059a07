package kernels

// A windowProduct is a convolution as a product of matrices: rows are windows,
// columns channels of the result. The windows of a block of pixels are copied, a
// part of them at a time, so that the product reads rows at one distance from memory
// that stays in the cache; windows that are the pixels themselves are read in place.
type windowProduct struct {
	kernel  microkernel
	src     windows
	out     []float32 // [pixels, columns]
	columns int
	packed  []float32 // panels [src.length(), nr] of weights
	bias    []float32

	parts                         []windowPart
	perBlock                      int // pixels
	panels, perGroup, panelGroups int // of columns, and how many a task takes
}

const (
	// windowPixels is how many pixels a block has at most: the more, the less often
	// weights are read.
	windowPixels = 384

	// windowLength is how many elements of a window are multiplied at a time, at most,
	// and windowBlock how many elements of the windows of a block: they fit the L2
	// cache with a panel of weights.
	windowLength = 288
	windowBlock  = 1 << 15

	// inPlaceLength and inPlaceBlock are the same for windows that are read in place, and
	// inPlaceColumns is how many columns a task has then, at most, if there are several
	// parts: their sums stay in the L2 cache from one to the next.
	inPlaceLength  = 544
	inPlaceBlock   = 3 << 15
	inPlaceColumns = 256

	// minTasks is what a product is divided into where that is possible, for
	// any number of threads.
	minTasks = 16
)

// become turns s into next, but keeps its array.
func (s *windowProduct) become(next windowProduct) *windowProduct {
	length := windowLength
	if next.src.pointwise() {
		length = inPlaceLength
	}
	next.parts = next.src.split(s.parts[:0], length)
	*s = next
	return s
}

// run computes the result on all threads.
func (s *windowProduct) run(p *pool) {
	pixels := s.src.pixels()
	if pixels == 0 {
		return
	}
	s.divide(pixels)
	p.sweep(tiles(pixels, s.perBlock)*s.panelGroups, func(worker, task int) {
		b := s.task(task)
		s.block(&p.gemm.workers[worker], b, s.task(p.later(task)))
		p.following.wrote(b.first, b.first+b.count, min(s.columns, b.end*s.kernel.nr)-b.panel*s.kernel.nr)
	})
}

// task is what a task computes: nothing behind the last.
func (s *windowProduct) task(task int) pixelBlock {
	pixels := s.src.pixels()
	first, panel := min(pixels, task/s.panelGroups*s.perBlock), task%s.panelGroups*s.perGroup
	return pixelBlock{first, min(s.perBlock, pixels-first), panel, min(s.panels, panel+s.perGroup)}
}

// divide decides, by shape, on blocks of whole tiles, and on groups of panels if there
// are few blocks.
func (s *windowProduct) divide(pixels int) {
	block := windowBlock
	if s.src.pointwise() {
		block = inPlaceBlock
	}
	most := min(windowPixels, block/s.parts[0].length())
	s.perBlock = tiles(tiles(pixels, tiles(pixels, most)), s.kernel.mr) * s.kernel.mr
	s.panels = tiles(s.columns, s.kernel.nr)
	s.perGroup = tiles(s.panels, min(s.panels, tiles(minTasks, tiles(pixels, s.perBlock))))
	if s.src.pointwise() && len(s.parts) > 1 {
		s.perGroup = min(s.perGroup, max(1, inPlaceColumns/s.kernel.nr))
	}
	s.panelGroups = tiles(s.panels, s.perGroup)
}

// A pixelBlock is count pixels from first on, and panels panel to end.
type pixelBlock struct{ first, count, panel, end int }

// block computes b, part by part, and asks for the windows of the next one.
func (s *windowProduct) block(w *gemmWorker, b, next pixelBlock) {
	size := tiles(b.count, s.kernel.mr) * s.kernel.mr * s.kernel.nr
	w.spill = grown(&w.spill, (b.end-b.panel)*size)
	var ahead ahead
	if next.first != b.first {
		ahead = newAhead(len(s.parts)*(b.end-b.panel), s.src.span(next.first, next.count), nil)
	}
	for _, part := range s.parts {
		s.part(w, b, part, &ahead)
	}
	for panel := b.panel; panel < b.end; panel++ {
		s.unspill(w.spill[(panel-b.panel)*size:], b, panel)
	}
	s.addBias(b)
}

// part adds to b the sums over a part of the windows. Rows that do not fill a
// tile, and columns that do not fill a panel, go to w.spill [panels, rows, nr].
func (s *windowProduct) part(w *gemmWorker, b pixelBlock, part windowPart, ahead *ahead) {
	k, offset, length := s.kernel, s.src.offset(part), part.length()
	whole, padded := b.count/k.mr, tiles(b.count, k.mr)*k.mr
	w.a = grown(&w.a, padded*length) // behind the last window, others are read
	a, stride, copied := &w.a[0], length, 0
	if s.src.pointwise() {
		a, stride, copied = &s.src.data[b.first*s.src.C+part.lo], s.src.C, whole*k.mr
	}
	s.src.copyTo(w.a[copied*length:], length, b.first+copied, b.count-copied, part, k.copyRows)
	for panel := b.panel; panel < b.end; panel++ {
		weights := &s.packed[(panel*s.src.length()+offset)*k.nr]
		spill := w.spill[(panel-b.panel)*padded*k.nr:]
		if whole > 0 {
			out, outRow := &spill[0], k.nr
			if s.direct(panel) {
				out, outRow = &s.out[b.first*s.columns+panel*k.nr], s.columns
			}
			from, step := ahead.share(whole * length)
			k.product(out, a, weights, whole, length, 4*stride, 4, 4*k.nr, 4*outRow, offset > 0, from, step)
		}
		if done := whole * k.mr; done < b.count {
			k.product(&spill[done*k.nr], &w.a[done*length], weights, 1, length, 4*length, 4, 4*k.nr, 4*k.nr, offset > 0, nil, 0)
		}
	}
}

// direct reports whether the columns of a panel all exist: rows that fill a tile
// are stored where they belong.
func (s *windowProduct) direct(panel int) bool { return (panel+1)*s.kernel.nr <= s.columns }

// unspill copies what was not stored directly, from rows of spill [count, nr].
func (s *windowProduct) unspill(spill []float32, b pixelBlock, panel int) {
	nr, done := s.kernel.nr, 0
	if s.direct(panel) {
		done = b.count / s.kernel.mr * s.kernel.mr
	}
	if done < b.count {
		to := &s.out[(b.first+done)*s.columns+panel*nr]
		s.kernel.copyRows(to, &spill[done*nr], min(nr, s.columns-panel*nr), b.count-done, 4*s.columns, 4*nr)
	}
}

// addBias adds the bias to b.
func (s *windowProduct) addBias(b pixelBlock) {
	if s.bias == nil {
		return
	}
	lo, hi := b.panel*s.kernel.nr, min(s.columns, b.end*s.kernel.nr)
	for pixel := b.first; pixel < b.first+b.count; pixel++ {
		y := s.out[pixel*s.columns:][lo:hi]
		addCPU(y, y, s.bias[lo:hi])
	}
}
