package kernels

// rowsDY sets the table of rows to output channels of a block. Unless dy is
// used where it is, it is copied into panels [pixels, mr], one for each tile.
// Where channels end, rows of the last tile are anything; their sums are
// discarded.
func (s *weightGradient) rowsDY(w *gemmWorker, b window, row0, row1 int) {
	mr, pixels := s.kernel.mr, b.pixels(s.OW())
	w.rows = grown(&w.rows, (row1-row0)*mr)
	start := (b.n0*s.OH() + b.i0) * s.OW() * s.OC
	if s.inPlace {
		for i := range w.rows {
			w.rows[i] = &s.dy[start+min(row0*mr+i, s.OC-1)]
		}
		return
	}
	w.a = grown(&w.a, (row1-row0)*pixels*mr)
	for i := range w.rows {
		w.rows[i] = &w.a[i/mr*pixels*mr+i%mr]
	}
	for e := 0; e < pixels; e += packBlock {
		for r := range row1 - row0 {
			channel := (row0 + r) * mr
			s.kernel.copyRows(&w.a[(r*pixels+e)*mr], &s.dy[start+e*s.OC+channel],
				min(mr, s.OC-channel), min(packBlock, pixels-e), 4*mr, 4*s.OC)
		}
	}
}

// packX copies one panel of input channels of a block: [rows, W, nr].
func (s *weightGradient) packX(w *gemmWorker, b window, panel int) {
	nr := s.kernel.nr
	width := min(nr, s.C-panel*nr)
	images, rows, pixels := b.n1-b.n0, b.h1-b.h0, s.W
	w.b = grown(&w.b, max(1, images*rows*pixels)*nr)
	if s.xStep == 1 { // rows follow each other, images too if they are whole
		rows, pixels = min(rows, 1), rows*pixels
		if b.h1-b.h0 == s.H {
			images, pixels = 1, images*pixels
		}
	}
	to := 0
	for n := range images {
		for h := range rows {
			from := (((b.n0+n)*s.xH+(b.h0+h)*s.xStep)*s.xW)*s.C + panel*nr
			s.kernel.copyRows(&w.b[to], &s.x[from], width, pixels, 4*nr, 4*s.xStep*s.C)
			to += pixels * nr
		}
	}
}

// packPatches copies the windows [KH, KW, C] of a block's pixels, with zeros
// for the padding, and lists the one run that they are.
func (s *weightGradient) packPatches(w *gemmWorker, b window) {
	ow, width := s.OW(), s.colPanels*s.kernel.nr
	pixels := b.pixels(ow)
	w.b = grown(&w.b, pixels*width)
	clear(w.b)
	w.runs = append(w.runs[:0], run{count: pixels})
	w.lists = append(w.lists[:0], list{0, 1})
	// From j0 to j1 the whole width of the window is inside of x.
	j0 := min(ow, tiles(s.Pad, s.Stride))
	j1 := max(j0, min(ow, (max(0, s.W-s.KW+s.Pad+s.Stride))/s.Stride))
	to := 0
	for n := b.n0; n < b.n1; n++ {
		for i := b.i0; i < b.i1; i++ {
			for p := range s.KH {
				h := i*s.Stride + p - s.Pad
				if h < 0 || h >= s.H {
					continue
				}
				patch := w.b[to+p*s.KW*s.C:]
				row := s.x[(n*s.H+h)*s.W*s.C:][:s.W*s.C]
				s.copyEdge(patch, row, 0, j0)
				if j0 < j1 {
					s.kernel.copyRows(&patch[j0*width], &row[(j0*s.Stride-s.Pad)*s.C], s.KW*s.C, j1-j0, 4*width, 4*s.Stride*s.C)
				}
				s.copyEdge(patch, row, j1, ow)
			}
			to += ow * width
		}
	}
}

// copyEdge copies one row of the windows of pixels j0 to j1, as far as it is
// inside of the row of x.
func (s *weightGradient) copyEdge(patch, row []float32, j0, j1 int) {
	for j := j0; j < j1; j++ {
		v := j*s.Stride - s.Pad
		if q0, q1 := max(0, -v), min(s.KW, s.W-v); q0 < q1 {
			copy(patch[j*s.colPanels*s.kernel.nr+q0*s.C:], row[(v+q0)*s.C:(v+q1)*s.C])
		}
	}
}
