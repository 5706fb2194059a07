package kernels

// A winogradGather is a convolution in tiles, or the gradient of its
// input, which is one of the gradient of the output with windows turned by half. Rows
// of the matrices are tiles, columns channels of the result.
type winogradGather struct {
	form   winogradForm
	kernel microkernel
	weight func(*winogradPass) // G
	src    winogradSource
	out    image
	tile   int                 // the width of a tile of out
	output func(*winogradPass) // what makes one of products
	images int
	bias   []float32

	packed   []float32 // panels [window·window, src.c, nr] of weights
	tap      int       // elements from one tap of a window to the next,
	firstTap int       // and from the start of a panel to the first

	panels, perGroup         int // of columns, and how many a task takes
	chunk, chunks            int // channels of src whose products are added at a time
	strips, perBlock, inTask int
	rows, row                int       // tiles of a block and columns of a group, in memory
	weights                  []float32 // transformed, [groups], if there is one chunk
	wStride                  int       // from place to place
}

// winogradCPU is conv2dCPU for shapes that winograd accepts.
func winogradCPU(p *pool, y, x, w, b []float32, g Conv) {
	kernel, loops := pickMicrokernel(p.gemm.microkernels, g.OC), p.gemm.pickWinograd(g)
	form, _ := g.winogradForm()
	p.winogradGather(winogradGather{
		form: form, kernel: kernel, weight: loops.weight, images: g.N, bias: b,
		src: winogradSource{image: image{x, g.H, g.W, g.C}, loop: loops.input, pad: g.Pad, terms: form.terms(), step: form.step()},
		out: image{y, g.OH(), g.OW(), g.OC}, tile: form.tile, output: loops.output,
		packed: packTransposed(p, kernel, w, g.OC, g.KH*g.KW*g.C),
		tap:    g.C * kernel.nr,
	})
}

// winogradBackwardInputCPU is conv2dBackwardInputCPU for those shapes.
func winogradBackwardInputCPU(p *pool, dx, dy, w []float32, g Conv) {
	kernel, loops := pickMicrokernel(p.gemm.microkernels, g.C), p.gemm.pickWinograd(g)
	form, _ := g.winogradForm()
	taps := form.window * form.window
	p.winogradGather(winogradGather{
		form: form, kernel: kernel, weight: loops.weight, images: g.N,
		src: winogradSource{
			image: image{dy, g.OH(), g.OW(), g.OC}, loop: loops.dyInput,
			pad: (form.window - 1 - g.Pad) / g.Stride, terms: form.tile + form.over, step: form.tile,
		},
		out: image{dx, g.H, g.W, g.C}, tile: form.step(), output: loops.dxOutput,
		packed: packTaps(p, kernel, w, g.OC, taps, g.C),
		tap:    -g.OC * kernel.nr, firstTap: (taps - 1) * g.OC * kernel.nr,
	})
}

// winogradGather computes the result of next on all threads.
func (p *pool) winogradGather(next winogradGather) {
	if next.images == 0 {
		return
	}
	s := &p.gemm.winogradGather
	*s = next
	s.src.form, s.src.zeros = s.form, p.gemm.zeroRow(s.src.w*s.src.c)
	s.src.rows, s.src.columns = tiles(s.out.h, s.tile), tiles(s.out.w, s.tile)
	s.divide()
	groups := tiles(s.panels, s.perGroup)
	if s.chunks == 1 {
		s.weights = grown(&p.gemm.transformed, groups*winogradWeights*s.wStride)
		parts := tiles(s.src.c, weightChannels)
		p.run(groups*parts, func(worker, task int) {
			group, first := task/parts, task%parts*weightChannels
			s.transformWeights(&p.gemm.workers[worker].winograd, s.weights[group*winogradWeights*s.wStride:], group*s.perGroup, 0, first, min(s.src.c, first+weightChannels))
		})
	}
	p.sweep(groups*tiles(s.strips, s.inTask), func(worker, task int) {
		s.task(&p.gemm.workers[worker].winograd, &p.following, task%groups*s.perGroup, task/groups*s.inTask, p.later(task)/groups*s.inTask)
	})
}

// gatherTasks is how many tasks a result is divided into, if it has so many blocks: a
// multiple of most numbers of threads.
const gatherTasks = 48

// divide decides, by shape, on chunks, blocks and tasks. If one chunk has all
// channels a task can be as long as there are enough of them; else it keeps the
// sums of all its blocks.
func (s *winogradGather) divide() {
	s.panels = tiles(s.out.c, s.kernel.nr)
	s.perGroup = tiles(s.panels, tiles(s.panels, max(1, winogradGroup/s.kernel.nr)))
	s.chunks = tiles(s.src.c, winogradGroup)
	s.chunk = min(s.src.c, winogradGroup)
	s.strips = s.images * s.src.rows
	s.perBlock = min(s.strips, max(1, tiles(s.form.block, s.kernel.mr)*s.kernel.mr/s.src.columns))
	s.inTask = s.perBlock * tiles(tiles(s.strips, s.perBlock), gatherTasks)
	if s.chunks > 1 {
		s.inTask = s.perBlock * max(1, s.form.sums/(s.perBlock*s.src.columns))
	}
	s.rows, s.row = tiles(s.perBlock*s.src.columns, s.kernel.mr)*s.kernel.mr, s.perGroup*s.kernel.nr
	s.wStride = s.row*s.chunk + winogradSkew
}

// task computes strips from first for the columns of a group of panels. The worker is likely
// to go on with those from later.
func (s *winogradGather) task(w *winogradWorker, f *following, panel, first, later int) {
	end := min(s.strips, first+s.inTask)
	xStride, yStride := s.rows*s.chunk+winogradSkew, s.rows*s.row+winogradSkew
	blocks, places := s.inTask/s.perBlock, s.form.places() // whose sums are kept
	var weights []float32
	if s.chunks == 1 {
		blocks, weights = 1, s.weights[panel/s.perGroup*winogradWeights*s.wStride:]
	}
	w.x, w.y = grown(&w.x, places*xStride), grown(&w.y, places*yStride*blocks)
	for chunk := range s.chunks {
		c := chunk * s.chunk
		channels := min(s.chunk, s.src.c-c)
		if s.chunks > 1 {
			w.w = grown(&w.w, winogradWeights*s.wStride)
			weights = w.w
			s.transformWeights(w, weights, panel, c, 0, channels)
		}
		for strip := first; strip < end; strip += s.perBlock {
			count := min(s.perBlock, end-strip)
			s.src.transform(w, w.x, strip, count, c, channels, channels, xStride)
			y := w.y
			if s.chunks > 1 {
				y = y[(strip-first)/s.perBlock*places*yStride:]
			}
			s.products(y, w.x, weights, panel, count, channels, chunk > 0, s.ahead(panel, chunk, strip, strip+count, end, later))
			if chunk == s.chunks-1 {
				s.results(w, y, strip, count, panel*s.kernel.nr, yStride)
				rows := s.src.rows
				f.wrote(s.out.firstPixel(strip, rows, s.tile), s.out.firstPixel(strip+count, rows, s.tile), min(s.row, s.out.c-panel*s.kernel.nr))
			}
		}
	}
}

// ahead is what products of strips first to end with a group of panels ask for: the
// pixels of the next block of a task, whose strips end at last, or of the one from later,
// and the place of their results.
func (s *winogradGather) ahead(panel, chunk, first, end, last, later int) ahead {
	var next, results []float32
	if chunk == 0 { // of all channels
		start := end
		if end == last {
			start, last = min(s.strips, later), s.strips
		}
		next = s.src.strips(start, min(last, start+s.perBlock))
	}
	if chunk == s.chunks-1 {
		results = s.out.strips(first, end, s.src.rows, s.tile)
	}
	return newAhead(s.form.places()*min(s.perGroup, s.panels-panel), next, results)
}

// products multiplies the tiles of count strips with weights, place by place.
func (s *winogradGather) products(y, x, weights []float32, panel, count, channels int, add bool, ahead ahead) {
	k := s.kernel
	xStride, yStride := s.rows*s.chunk+winogradSkew, s.rows*s.row+winogradSkew
	height, panels := tiles(count*s.src.columns, k.mr), min(s.perGroup, s.panels-panel)
	for place := range s.form.places() {
		weight, _ := s.form.weight(place)
		for j := range panels {
			from, step := ahead.share(height * channels)
			k.product(&y[place*yStride+j*k.nr], &x[place*xStride], &weights[weight*s.wStride+j*channels*k.nr],
				height, channels, 4*channels, 4, 4*k.nr, 4*s.row, add, from, step)
		}
	}
}

// weightChannels is how many channels of the source a task transforms the windows of.
const weightChannels = 8

// transformWeights sets to [places, panels, channels, nr] to transformed
// windows, for a group of panels and the chunk of channels of the source from c: of that,
// channels first to end.
func (s *winogradGather) transformWeights(w *winogradWorker, to []float32, panel, c, first, end int) {
	const rows = 4 // channels of the source that go through both passes
	nr, channels, window := s.kernel.nr, min(s.chunk, s.src.c-c), s.form.window
	w.strip = grown(&w.strip, winogradEdge*window*rows*nr)
	p := &w.pass
	for j := panel; j < min(s.panels, panel+s.perGroup); j++ {
		for e := first; e < end; e += rows {
			from := s.firstTap + (j*window*window*s.src.c+c+e)*nr
			p.terms(window, &s.packed[from], 4*window*s.tap)
			p.to, p.toStride = &w.strip[0], 4*window*rows*nr
			p.steps(rows*nr, window, 4*s.tap, 4*rows*nr, 1, 0, 0)
			s.weight(p)

			p.terms(window, &w.strip[0], 4*rows*nr)
			p.to, p.toStride = &to[((j-panel)*channels+e)*nr], 4*s.wStride
			p.steps(rows*nr, 1, 0, 0, winogradEdge, 4*window*rows*nr, 4*winogradEdge*s.wStride)
			s.weight(p)
		}
	}
}

// results transforms the products y [places, tiles, row] of count strips to
// channels of the result from column on. Places are stride elements apart.
func (s *winogradGather) results(w *winogradWorker, y []float32, strip, count, column, stride int) {
	channels, columns, edge := min(s.row, s.out.c-column), s.src.columns, s.form.edge
	part, size := s.form.part(channels, columns), s.tile*edge // of a tile after the first pass
	w.strip = grown(&w.strip, size*columns*part)
	for i := range count {
		for c := 0; c < channels; c += part {
			p := &w.pass
			p.terms(edge, &y[i*columns*s.row+c], 4*edge*stride)
			p.to, p.toStride = &w.strip[0], 4*edge*part
			p.steps(part, edge, 4*stride, 4*part, columns, 4*s.row, 4*size*part)
			s.output(p)
			s.place(w, strip+i, column+c, part)
		}
		s.addBias(strip+i, column, channels)
	}
}

// place is the second pass of results, from w.strip [tiles, tile, edge, part] to
// the image.
func (s *winogradGather) place(w *winogradWorker, strip, column, part int) {
	tile, edge := s.tile, s.form.edge
	n, h := strip/s.src.rows, strip%s.src.rows*tile
	height, whole := min(tile, s.out.h-h), s.out.w/tile
	if height < tile {
		whole = 0
	}
	p := &w.pass
	if whole > 0 {
		p.terms(edge, &w.strip[0], 4*part)
		p.to, p.toStride = &s.out.data[((n*s.out.h+h)*s.out.w)*s.out.c+column], 4*s.out.c
		p.steps(part, tile, 4*edge*part, 4*s.out.w*s.out.c, whole, 4*tile*edge*part, 4*tile*s.out.c)
		s.output(p)
	}
	for t := whole; t < s.src.columns; t++ { // through memory, for what exists
		w.edge = grown(&w.edge, tile*tile*part)
		p.terms(edge, &w.strip[t*tile*edge*part], 4*part)
		p.to, p.toStride = &w.edge[0], 4*part
		p.steps(part, tile, 4*edge*part, 4*tile*part, 1, 0, 0)
		s.output(p)
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
	n, h := strip/s.src.rows, strip%s.src.rows*s.tile
	first, end := (n*s.out.h+h)*s.out.w, (n*s.out.h+min(s.out.h, h+s.tile))*s.out.w
	for pixel := first; pixel < end; pixel++ {
		y := s.out.data[pixel*s.out.c+column:][:channels]
		addCPU(y, y, s.bias[column:][:channels])
	}
}
