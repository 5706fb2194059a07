package kernels

// A winogradWeight is the gradient of the weight of a convolution in tiles. Rows of the
// matrices are channels of dy, columns channels of x; the sums go over tiles, and over
// the places of a tile that share a window's.
type winogradWeight struct {
	Conv
	form   winogradForm
	kernel microkernel
	loops  winogradLoops
	x, dy  winogradSource
	dw     []float32
	parts  []float32 // [slices, OC, KH, KW, C], if there are several slices

	rows, columns         int // channels of dy and of x in a task
	rowGroups, colGroups  int
	strips, perBlock      int
	slices, blocksPerPart int
}

// winogradBackwardWeightAddCPU is conv2dBackwardWeightAddCPU for shapes that
// winograd accepts.
func winogradBackwardWeightAddCPU(p *pool, dw, dy, x []float32, g Conv) {
	if g.N == 0 {
		return
	}
	s := &p.gemm.winogradWeight
	loops := p.gemm.pickWinograd(g)
	form, _ := g.winogradForm()
	rows, columns := tiles(g.OH(), form.tile), tiles(g.OW(), form.tile)
	*s = winogradWeight{
		Conv: g, form: form, kernel: pickMicrokernel(p.gemm.microkernels, min(g.C, winogradGroup)), loops: loops, dw: dw,
		x:  winogradSource{image{x, g.H, g.W, g.C}, form, g.Pad, form.terms(), form.step(), rows, columns, loops.input, nil},
		dy: winogradSource{image{dy, g.OH(), g.OW(), g.OC}, form, 0, form.tile, form.tile, rows, columns, loops.outputGradient, nil},
	}
	zeros := p.gemm.zeroRow(max(g.W*g.C, g.OW()*g.OC))
	s.x.zeros, s.dy.zeros = zeros, zeros
	s.divide()
	if s.slices > 1 {
		p.gemm.partial = grown(&p.gemm.partial, s.slices*g.WLen())
		s.parts = p.gemm.partial
	}
	p.sweep(s.slices*s.rowGroups*s.colGroups, func(worker, task int) {
		s.task(&p.gemm.workers[worker].winograd, task)
	})
	if s.slices > 1 {
		p.ranges(g.WLen(), func(lo, hi int) {
			for slice := range s.slices {
				addCPU(dw[lo:hi], dw[lo:hi], s.parts[slice*g.WLen()+lo:slice*g.WLen()+hi])
			}
		})
	}
}

// divide decides, by shape, on groups of channels, blocks and slices of the
// batch.
func (s *winogradWeight) divide() {
	s.rows, s.columns = min(s.OC, winogradGroup), min(s.C, winogradGroup)
	s.rowGroups, s.colGroups = tiles(s.OC, s.rows), tiles(s.C, s.columns)
	s.strips = s.N * s.x.rows
	s.perBlock = min(s.strips, max(1, s.form.weightBlock/s.x.columns))
	blocks := tiles(s.strips, s.perBlock)
	s.slices = min(blocks, tiles(minTasks, s.rowGroups*s.colGroups))
	s.blocksPerPart = tiles(blocks, s.slices)
	s.slices = tiles(blocks, s.blocksPerPart)
}

// task sums one slice of the batch for one group of rows and of columns.
func (s *winogradWeight) task(w *winogradWorker, task int) {
	k := s.kernel
	o, c := task/s.colGroups%s.rowGroups*s.rows, task%s.colGroups*s.columns
	slice := task / s.colGroups / s.rowGroups
	rows, columns := min(s.rows, s.OC-o), min(s.columns, s.C-c)
	height, panels := tiles(rows, k.mr), tiles(columns, k.nr)
	row, tilesInBlock := panels*k.nr, s.perBlock*s.x.columns
	xStride, yStride := tilesInBlock*row+winogradSkew, tilesInBlock*rows+winogradSkew
	wStride := height*k.mr*row + winogradSkew
	w.x, w.w = grown(&w.x, s.form.places()*xStride), grown(&w.w, winogradWeights*wStride)
	w.y = grown(&w.y, s.form.places()*yStride+k.mr) // behind the last rows, others are read
	start := slice * s.blocksPerPart * s.perBlock
	last := min(s.strips, start+s.blocksPerPart*s.perBlock)
	for strip := start; strip < last; strip += s.perBlock {
		end := min(last, strip+s.perBlock)
		count, next := end-strip, min(last, end+s.perBlock)
		s.x.transform(w, w.x, strip, count, c, columns, row, xStride)
		s.dy.transform(w, w.y, strip, count, o, rows, rows, yStride)
		ahead := newAhead(s.form.places()*panels, s.x.strips(end, next), s.dy.strips(end, next))
		for place := range s.form.places() {
			weight, first := s.form.weight(place)
			for j := range panels {
				from, step := ahead.share(height * count * s.x.columns)
				k.product(&w.w[weight*wStride+j*k.nr], &w.y[place*yStride], &w.x[place*xStride+j*k.nr],
					height, count*s.x.columns, 4, 4*rows, 4*row, 4*row, strip > start || !first, from, step)
			}
		}
	}
	for i := 0; i < rows; i += winogradRows {
		s.results(w, slice, o+i, i, min(winogradRows, rows-i), c, columns, row, wStride)
	}
}

// winogradRows is how many channels of dy go through both passes of results at
// a time.
const winogradRows = 4

// results transforms the sums of count channels of dy, from channel o, which is
// row i of w.w, to windows.
func (s *winogradWeight) results(w *winogradWorker, slice, o, i, count, c, columns, row, stride int) {
	const edge = winogradEdge
	window := s.form.window
	taps, size := window*window, edge*window*columns // of a channel between the passes
	w.strip = grown(&w.strip, count*size)
	p := &w.pass
	p.terms(edge, &w.w[i*row], 4*edge*stride)
	p.to, p.toStride = &w.strip[0], 4*edge*columns
	p.steps(columns, edge, 4*stride, 4*columns, count, 4*row, 4*size)
	s.loops.weightGradient(p)

	p.terms(edge, &w.strip[0], 4*columns)
	if s.slices > 1 {
		p.to, p.toStride = &s.parts[slice*s.WLen()+o*taps*s.C+c], 4*s.C
		p.steps(columns, window, 4*edge*columns, 4*window*s.C, count, 4*size, 4*taps*s.C)
		s.loops.weightGradient(p)
		return
	}
	w.edge = grown(&w.edge, taps*count*columns)
	p.to, p.toStride = &w.edge[0], 4*columns
	p.steps(columns, window, 4*edge*columns, 4*window*columns, count, 4*size, 4*taps*columns)
	s.loops.weightGradient(p)
	for t := range taps * count {
		to := s.dw[(o*taps+t)*s.C+c:][:columns]
		addCPU(to, to, w.edge[t*columns:][:columns])
	}
}
