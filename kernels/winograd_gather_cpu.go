package kernels

// A winogradGather is a convolution with windows of 3x3 and stride 1, or the
// gradient of its input, which is one of the gradient of the output with
// windows turned by half. Rows of the matrices are tiles, columns channels of
// the result.
type winogradGather struct {
	kernel microkernel
	loops  winogradLoops
	src    winogradSource
	out    image
	images int
	bias   []float32

	packed   []float32 // panels [9, src.c, nr] of weights
	tap      int       // elements from one tap of a window to the next,
	firstTap int       // and from the start of a panel to the first

	panels, perGroup  int // of columns, and how many a task takes
	chunk, chunks     int // channels of src whose products are added at a time
	perBlock, inTask  int // strips
	blocksInTask      int
	strips, stripTask int
}

// winogradCPU is conv2dCPU for shapes that winograd accepts.
func winogradCPU(p *pool, y, x, w, b []float32, g Conv) {
	kernel := pickMicrokernel(p.gemm.microkernels, g.OC)
	p.winogradGather(winogradGather{
		kernel: kernel, images: g.N, bias: b,
		src:    winogradSource{image: image{x, g.H, g.W, g.C}, pad: g.Pad},
		out:    image{y, g.OH(), g.OW(), g.OC},
		packed: packTransposed(p, kernel, w, g.OC, 9*g.C),
		tap:    g.C * kernel.nr,
	})
}

// winogradBackwardInputCPU is conv2dBackwardInputCPU for those shapes.
func winogradBackwardInputCPU(p *pool, dx, dy, w []float32, g Conv) {
	kernel := pickMicrokernel(p.gemm.microkernels, g.C)
	p.winogradGather(winogradGather{
		kernel: kernel, images: g.N,
		src:    winogradSource{image: image{dy, g.OH(), g.OW(), g.OC}, pad: winogradWindow - 1 - g.Pad},
		out:    image{dx, g.H, g.W, g.C},
		packed: packTaps(p, kernel, w, g.OC, 9, g.C),
		tap:    -g.OC * kernel.nr, firstTap: 8 * g.OC * kernel.nr,
	})
}

// winogradGather computes the result of next on all threads.
func (p *pool) winogradGather(next winogradGather) {
	if next.images == 0 {
		return
	}
	s := &p.gemm.winogradGather
	*s = next
	s.loops = p.gemm.winograd
	s.src.terms, s.src.loop = 6, s.loops.input
	s.src.zeros = p.gemm.zeroRow(s.src.w * s.src.c)
	s.src.rows, s.src.columns = tiles(s.out.h, winogradTile), tiles(s.out.w, winogradTile)
	s.divide()
	groups := tiles(s.panels, s.perGroup)
	p.run(groups*tiles(s.strips, s.inTask), func(worker, task int) {
		s.task(&p.gemm.workers[worker].winograd, task%groups*s.perGroup, task/groups*s.inTask)
	})
}

// divide decides, by shape, on chunks, blocks and tasks. If one chunk has all
// channels a task can be as long as there are enough of them; else it keeps the
// sums of all its blocks.
func (s *winogradGather) divide() {
	s.panels = tiles(s.out.c, s.kernel.nr)
	s.perGroup = tiles(s.panels, tiles(s.panels, max(1, winogradGroup/s.kernel.nr)))
	s.chunks = tiles(s.src.c, winogradGroup)
	s.chunk = min(s.src.c, winogradGroup)
	s.strips = s.images * s.src.rows
	s.perBlock = min(s.strips, max(1, winogradBlock/s.src.columns))
	s.inTask = s.perBlock * tiles(tiles(s.strips, s.perBlock), minTasks)
	if s.chunks > 1 {
		s.inTask = min(s.inTask, 2*s.perBlock)
	}
}

// task computes strips from first for the columns of a group of panels.
func (s *winogradGather) task(w *winogradWorker, panel, first int) {
	k := s.kernel
	end, last := min(s.strips, first+s.inTask), min(s.panels, panel+s.perGroup)
	row := s.perGroup * k.nr
	rows := tiles(s.perBlock*s.src.columns, k.productRows) * k.productRows
	xStride, yStride := rows*s.chunk+winogradSkew, rows*row+winogradSkew
	w.x, w.y = grown(&w.x, winogradPlaces*xStride), grown(&w.y, winogradPlaces*yStride*min(s.chunks, tiles(s.inTask, s.perBlock)))
	for chunk := range s.chunks {
		c := chunk * s.chunk
		channels := min(s.chunk, s.src.c-c)
		wStride := s.weights(w, panel, last, c, channels)
		for strip := first; strip < end; strip += s.perBlock {
			count := min(s.perBlock, end-strip)
			s.src.transform(w, w.x, strip, count, c, channels, channels, xStride)
			y := w.y
			if s.chunks > 1 {
				y = y[(strip-first)/s.perBlock*winogradPlaces*yStride:]
			}
			height := tiles(count*s.src.columns, k.productRows)
			for place := range winogradPlaces {
				for j := range last - panel {
					k.product(&y[place*yStride+j*k.nr], &w.x[place*xStride], &w.w[place*wStride+j*channels*k.nr],
						height, channels, 4*channels, 4, 4*k.nr, 4*row, chunk > 0)
				}
			}
			if chunk == s.chunks-1 {
				s.results(w, y, strip, count, panel*k.nr, row, yStride)
			}
		}
	}
}

// weights sets w.w [places, panels, channels, nr] to transformed windows, for
// channels of the source from c. It returns the distance of places.
func (s *winogradGather) weights(w *winogradWorker, panel, last, c, channels int) (stride int) {
	const rows = 4 // channels of the source that go through both passes
	nr := s.kernel.nr
	stride = (last-panel)*channels*nr + winogradSkew
	w.w, w.strip = grown(&w.w, winogradPlaces*stride), grown(&w.strip, 18*rows*nr)
	p := &w.pass
	for j := panel; j < last; j++ {
		for e := 0; e < channels; e += rows {
			from := s.firstTap + (j*9*s.src.c+c+e)*nr
			p.terms(3, &s.packed[from], 4*3*s.tap)
			p.to, p.toStride = &w.strip[0], 4*3*rows*nr
			p.steps(rows*nr, 3, 4*s.tap, 4*rows*nr, 1, 0, 0)
			s.loops.weight(p)

			p.terms(3, &w.strip[0], 4*rows*nr)
			p.to, p.toStride = &w.w[((j-panel)*channels+e)*nr], 4*stride
			p.steps(rows*nr, 1, 0, 0, 6, 4*3*rows*nr, 4*6*stride)
			s.loops.weight(p)
		}
	}
	return stride
}

// results transforms the products y [places, tiles, row] of count strips to
// channels of the result from column on.
func (s *winogradGather) results(w *winogradWorker, y []float32, strip, count, column, row, stride int) {
	channels, columns := min(row, s.out.c-column), s.src.columns
	part := winogradPart(channels, columns)
	w.strip = grown(&w.strip, 24*columns*part)
	for i := range count {
		for c := 0; c < channels; c += part {
			p := &w.pass
			p.terms(6, &y[i*columns*row+c], 4*6*stride)
			p.to, p.toStride = &w.strip[0], 4*6*part
			p.steps(part, 6, 4*stride, 4*part, columns, 4*row, 4*24*part)
			s.loops.output(p)
			s.place(w, strip+i, column+c, part)
		}
		s.addBias(strip+i, column, channels)
	}
}

// place is the second pass of results, from w.strip [tiles, 4, 6, part] to
// the image.
func (s *winogradGather) place(w *winogradWorker, strip, column, part int) {
	const tile = winogradTile
	n, h := strip/s.src.rows, strip%s.src.rows*tile
	height, whole := min(tile, s.out.h-h), s.out.w/tile
	if height < tile {
		whole = 0
	}
	p := &w.pass
	if whole > 0 {
		p.terms(6, &w.strip[0], 4*part)
		p.to, p.toStride = &s.out.data[((n*s.out.h+h)*s.out.w)*s.out.c+column], 4*s.out.c
		p.steps(part, tile, 4*6*part, 4*s.out.w*s.out.c, whole, 4*24*part, 4*tile*s.out.c)
		s.loops.output(p)
	}
	for t := whole; t < s.src.columns; t++ { // through memory, for what exists
		w.edge = grown(&w.edge, tile*tile*part)
		p.terms(6, &w.strip[t*24*part], 4*part)
		p.to, p.toStride = &w.edge[0], 4*part
		p.steps(part, tile, 4*6*part, 4*tile*part, 1, 0, 0)
		s.loops.output(p)
		for i := range height {
			to := &s.out.data[((n*s.out.h+h+i)*s.out.w+t*tile)*s.out.c+column]
			s.kernel.copyRows(to, &w.edge[i*tile*part], part, min(tile, s.out.w-t*tile), 4*s.out.c, 4*part)
		}
	}
}

// addBias adds the bias to a strip of results.
func (s *winogradGather) addBias(strip, column, channels int) {
	if s.bias == nil {
		return
	}
	n, h := strip/s.src.rows, strip%s.src.rows*winogradTile
	first, end := (n*s.out.h+h)*s.out.w, (n*s.out.h+min(s.out.h, h+winogradTile))*s.out.w
	for pixel := first; pixel < end; pixel++ {
		y := s.out.data[pixel*s.out.c+column:][:channels]
		addCPU(y, y, s.bias[column:][:channels])
	}
}
