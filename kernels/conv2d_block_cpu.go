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
// for the padding, and lists the one run that they are. Where a window ends, columns
// of the last panel are anything; their sums are discarded.
func (s *weightGradient) packPatches(w *gemmWorker, b window) {
	width, pixels := s.colPanels*s.kernel.nr, b.pixels(s.OW())
	w.b = grown(&w.b, pixels*width)
	w.runs = append(w.runs[:0], run{count: pixels})
	w.lists = append(w.lists[:0], list{0, 1})
	s.packWindows(w.b, width, s.x, b, s.kernel.copyRows, s.zeros)
}
