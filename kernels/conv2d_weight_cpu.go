package kernels

// A weightGradient is the sum over pixels of dy times x, for each tap. Rows
// of the microkernel are output channels; its columns are input channels, or
// whole windows where there are few. A run is what a tap covers of a row of
// pixels, so that the padding costs nothing.
//
// The sum is taken over blocks of pixels, for which both operands are copied
// into panels of the microkernel's width: with channels side by side, rows of
// a power of two elements apart would share a few sets of the L1 cache. Each
// element copied is used for all taps and many rows or columns.
type weightGradient struct {
	Conv
	kernel  microkernel
	dy, x   []float32
	xH, xW  int // size of x, of which every xStep-th pixel is used
	xStep   int
	inPlace bool      // dy is not copied
	aStride int       // bytes from pixel to pixel in dy or its copy
	patches bool      // columns are windows [KH, KW, C], and there is one tap
	zeros   []float32 // the row of a window that lies in the padding

	taps, columns        int
	rowPanels, colPanels int
	perRowGroup          int // panels
	perColGroup          int
	rowGroups, colGroups int
	blockImages          int // whole images in a block,
	blockRows, rowBlocks int // or rows of one image, and their number
	blocks, slices       int
	blocksPerSlice       int
	out                  []float32 // [slices, OC, taps, ld]
	ld                   int
	add                  bool // out is dw itself
}

const (
	// blockPixels is the length of a block: as many pixels as fit the L1
	// cache, with one panel of each operand.
	blockPixels = 256

	// rowGroup is how many output channels share a panel of x.
	rowGroup = 64

	// slicedElements is the largest gradient that is computed in slices of
	// the batch. Above, the columns are divided: more often then the panels
	// of dy are copied, but no gradients need to be added.
	slicedElements = 200_000

	// inPlaceTiles is the largest number of tiles of columns for which dy is
	// read where it is: it is not worth a copy.
	inPlaceTiles = 4

	// colGroup is how many columns, of all taps, share the panels of dy at
	// least.
	colGroup = 256
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
	s := &p.gemm.weight
	*s = weightGradient{Conv: g, dy: dy, x: x, xH: g.H, xW: g.W, xStep: 1}
	if g.KH == 1 && g.KW == 1 && g.Pad == 0 { // copy the pixels that are used
		s.H, s.W, s.Stride, s.xStep = g.OH(), g.OW(), 1, g.Stride
	}
	s.taps, s.columns = g.KH*g.KW, g.C
	if s.taps > 1 && g.C < narrow {
		s.patches, s.taps, s.columns = true, 1, g.KH*g.KW*g.C
		s.zeros = p.gemm.zeroRow(g.KW * g.C)
	}
	s.kernel = pickMicrokernel(p.gemm.microkernels, s.columns)
	s.divide()
	s.inPlace, s.aStride = s.taps*s.colPanels <= inPlaceTiles, 4*s.kernel.mr
	if s.inPlace {
		s.aStride = 4 * g.OC
	}
	s.add = s.slices == 1 && s.columns%s.kernel.nr == 0
	if s.out, s.ld = dw, s.columns; !s.add {
		s.ld = s.colPanels * s.kernel.nr
		p.gemm.partial = grown(&p.gemm.partial, s.slices*g.OC*s.taps*s.ld)
		s.out = p.gemm.partial
	}
	p.run(s.slices*s.rowGroups*s.colGroups, func(worker, task int) {
		s.task(&p.gemm.workers[worker], task)
	})
	if !s.add {
		p.run(g.OC, func(_, o int) { s.reduce(dw, o) })
	}
}

// divide decides, by shape, on blocks and on the tasks: groups of rows and
// of columns, and slices of the batch if these are too few.
func (s *weightGradient) divide() {
	k := s.kernel
	s.rowPanels, s.colPanels = tiles(s.OC, k.mr), tiles(s.columns, k.nr)
	s.rowGroups = tiles(s.rowPanels, tiles(rowGroup, k.mr))
	s.perRowGroup = tiles(s.rowPanels, s.rowGroups)
	s.rowGroups = tiles(s.rowPanels, s.perRowGroup)
	s.colGroups = 1
	if !s.patches && s.OC*s.taps*s.columns > slicedElements {
		s.colGroups = min(tiles(minTasks, s.rowGroups), max(1, s.colPanels*k.nr*s.taps/colGroup), s.colPanels)
	}
	s.perColGroup = tiles(s.colPanels, s.colGroups)
	s.colGroups = tiles(s.colPanels, s.perColGroup)

	oh, ow := s.OH(), s.OW()
	s.blockImages, s.rowBlocks = min(s.N, max(1, blockPixels/(oh*ow))), 1
	s.blocks, s.blockRows = tiles(s.N, s.blockImages), oh
	if oh*ow > blockPixels {
		s.rowBlocks = tiles(oh, max(1, blockPixels/ow))
		s.blockRows = tiles(oh, s.rowBlocks)
		s.rowBlocks = tiles(oh, s.blockRows)
		s.blocks = s.N * s.rowBlocks
	}
	s.slices = min(s.blocks, tiles(minTasks, s.rowGroups*s.colGroups))
	s.blocksPerSlice = tiles(s.blocks, s.slices)
	s.slices = tiles(s.blocks, s.blocksPerSlice)
}

// A window is a block of output pixels: rows i0 to i1 of images n0 to n1, and
// the rows h0 to h1 of x that they see.
type window struct{ n0, n1, i0, i1, h0, h1 int }

func (s *weightGradient) window(block int) window {
	var b window
	b.n0 = block / s.rowBlocks * s.blockImages
	b.n1 = min(s.N, b.n0+s.blockImages)
	b.i0 = block % s.rowBlocks * s.blockRows
	b.i1 = min(s.OH(), b.i0+s.blockRows)
	b.h0 = max(0, b.i0*s.Stride-s.Pad)
	b.h1 = max(b.h0, min(s.H, (b.i1-1)*s.Stride-s.Pad+s.KH))
	return b
}

// pixels is the number of output pixels of b; they follow each other in dy.
func (b window) pixels(ow int) int { return (b.n1 - b.n0) * (b.i1 - b.i0) * ow }

// task sums one slice of the batch for one group of rows and of columns.
func (s *weightGradient) task(w *gemmWorker, task int) {
	k := s.kernel
	cols := task % s.colGroups
	row0 := task / s.colGroups % s.rowGroups * s.perRowGroup
	row1 := min(s.rowPanels, row0+s.perRowGroup)
	slice := task / s.colGroups / s.rowGroups
	s.outRows(w, slice, row0, row1)
	first := slice * s.blocksPerSlice
	for block := first; block < min(s.blocks, first+s.blocksPerSlice); block++ {
		b := s.window(block)
		s.rowsDY(w, b, row0, row1)
		bStride := 4 * k.nr * s.Stride
		if s.patches {
			s.packPatches(w, b)
			bStride = 4 * k.nr * s.colPanels
		} else {
			s.runs(w, b, bStride)
		}
		for col := cols * s.perColGroup; col < min(s.colPanels, (cols+1)*s.perColGroup); col++ {
			from := col * k.nr
			if !s.patches {
				s.packX(w, b, col)
				from = 0
			}
			for t, l := range w.lists[:s.taps] {
				outOff := 4 * (t*s.ld + col*k.nr)
				for r := range row1 - row0 {
					k.run(&w.out[r*k.mr], outOff, &w.rows[r*k.mr], &w.b[from], &w.runs[l.first], l.n,
						s.aStride, bStride, s.add || block > first)
				}
			}
		}
	}
}

// outRows sets the table of the rows of the result.
func (s *weightGradient) outRows(w *gemmWorker, slice, row0, row1 int) {
	mr, length := s.kernel.mr, s.taps*s.ld
	w.out = grown(&w.out, (row1-row0)*mr)
	w.discard = grown(&w.discard, length)
	for i := range w.out {
		w.out[i] = &w.discard[0]
		if o := row0*mr + i; o < s.OC {
			w.out[i] = &s.out[(slice*s.OC+o)*length]
		}
	}
}

// runs lists the runs of each tap, one for each row of pixels, and joins
// those that follow each other in both operands.
func (s *weightGradient) runs(w *gemmWorker, b window, bStride int) {
	ow := s.OW()
	w.runs, w.lists = w.runs[:0], grown(&w.lists, s.taps)
	for t := range s.taps {
		p, q := t/s.KW, t%s.KW
		j0 := tiles(max(0, s.Pad-q), s.Stride)
		j1 := min(ow, tiles(max(0, s.W+s.Pad-q), s.Stride))
		first := len(w.runs)
		for row := 0; j0 < j1 && row < (b.n1-b.n0)*(b.i1-b.i0); row++ {
			n, i := row/(b.i1-b.i0), row%(b.i1-b.i0)
			h := (b.i0+i)*s.Stride + p - s.Pad
			if h < b.h0 || h >= b.h1 {
				continue
			}
			v := j0*s.Stride + q - s.Pad
			x := (n*(b.h1-b.h0)+h-b.h0)*s.W + v
			next := run{0, (row*ow + j0) * s.aStride, 4 * x * s.kernel.nr, j1 - j0}
			if last := len(w.runs) - 1; last >= first {
				r := &w.runs[last]
				if r.a+r.count*s.aStride == next.a && r.b+r.count*bStride == next.b {
					r.count += next.count
					continue
				}
			}
			w.runs = append(w.runs, next)
		}
		w.lists[t] = list{first, len(w.runs) - first}
	}
	w.runs = append(w.runs, run{}) // so that an empty list has an address
}

// reduce adds the slices of output channel o to dw, in their order.
func (s *weightGradient) reduce(dw []float32, o int) {
	for slice := range s.slices {
		for t := range s.taps {
			from := s.out[((slice*s.OC+o)*s.taps+t)*s.ld:][:s.columns]
			to := dw[(o*s.taps+t)*s.columns:][:s.columns]
			for i, v := range from {
				to[i] += v
			}
		}
	}
}
