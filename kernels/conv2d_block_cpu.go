package kernels

// packDY copies output channels of a block into panels [pixels, mr], one for
// each tile of rows, and sets the table of rows. Where channels end, rows of
// the last panel hold anything; their sums are discarded.
func (s *weightGradient) packDY(w *gemmWorker, b window, row0, row1 int) {
	mr, pixels := s.kernel.mr, b.pixels(s.OW())
	w.rows = grown(&w.rows, (row1-row0)*mr)
	w.a = grown(&w.a, (row1-row0)*pixels*mr)
	for r := range row1 - row0 {
		for i := range mr {
			w.rows[r*mr+i] = &w.a[r*pixels*mr+i]
		}
	}
	start := (b.n0*s.OH() + b.i0) * s.OW() * s.OC
	last := min(s.OC, row1*mr)
	for e := range pixels {
		from := s.dy[start+e*s.OC:][row0*mr : last]
		for r := e * mr; len(from) > 0; r += pixels * mr {
			to := w.a[r:][:mr]
			if len(from) < mr {
				to = to[:len(from)]
			}
			for i, v := range from[:len(to)] {
				to[i] = v
			}
			from = from[len(to):]
		}
	}
}

// packX copies one panel of input channels of a block: [rows, W, nr].
func (s *weightGradient) packX(w *gemmWorker, b window, panel int) {
	nr := s.kernel.nr
	channels := min(nr, s.C-panel*nr)
	w.b = grown(&w.b, max(1, (b.n1-b.n0)*(b.h1-b.h0)*s.W)*nr)
	to := w.b
	for n := b.n0; n < b.n1; n++ {
		for h := b.h0; h < b.h1; h++ {
			from := s.x[((n*s.xH+h*s.xStep)*s.xW)*s.C+panel*nr:]
			for v := range s.W {
				copyRow(to, from[v*s.xStep*s.C:], channels)
				to = to[nr:]
			}
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
	to := w.b
	for n := b.n0; n < b.n1; n++ {
		for i := b.i0; i < b.i1; i++ {
			for j := range ow {
				v := j*s.Stride - s.Pad
				q0, q1 := max(0, -v), min(s.KW, s.W-v)
				for p := range s.KH {
					h := i*s.Stride + p - s.Pad
					if h >= 0 && h < s.H && q0 < q1 {
						from := s.x[((n*s.H+h)*s.W+v+q0)*s.C:][:(q1-q0)*s.C]
						copy(to[(p*s.KW+q0)*s.C:], from)
					}
				}
				to = to[width:]
			}
		}
	}
}
