package kernels

// rowsPerTile is the length of a tile's table of rows.
func (g *gather) rowsPerTile() int { return max(1, len(g.taps)) * g.kernel.mr }

// tables sets the tables of w for count tiles: out, where the rows of the
// result begin, and rows, where the rows of A do. A tile whose taps all lie
// inside the source has one row per pixel; any other has rows for each tap,
// and nil in place of the first if the tap lies in the padding for all pixels
// of the tile.
func (g *gather) tables(w *gemmWorker, first, count int) {
	mr, perTile := g.kernel.mr, g.rowsPerTile()
	w.out, w.inside = grown(&w.out, (count+1)*mr), grown(&w.inside, count)
	w.rows = grown(&w.rows, count*perTile)
	w.spill = grown(&w.spill, mr*g.kernel.nr)
	for i := range mr {
		w.out[count*mr+i] = &w.spill[i*g.kernel.nr]
	}
	w.discard = grown(&w.discard, g.out.c+g.kernel.nr)
	w.pixels = grown(&w.pixels, mr)
	if g.span > 1 {
		w.a = grown(&w.a, count*perTile*g.span*g.src.c)
	}
	at := g.position(first * mr)
	for t := range count {
		exist := min(mr, g.images*g.gridH*g.gridW-(first+t)*mr)
		w.inside[t] = exist == mr
		for i := range exist {
			o := (at.n*g.out.h+at.i*g.outStep+g.outH)*g.out.w + at.j*g.outStep + g.outV
			w.out[t*mr+i] = &g.out.data[o*g.out.c]
			h, v := at.i*g.step, at.j*g.step
			w.pixels[i] = pixel{h, v, ((at.n*g.src.h+h)*g.src.w + v) * g.src.c}
			w.inside[t] = w.inside[t] && h+g.minH >= 0 && h+g.maxH < g.src.h && v+g.minV >= 0 && v+g.maxV < g.src.w
			g.next(&at)
		}
		for i := exist; i < mr; i++ {
			w.out[t*mr+i] = &w.discard[0]
			w.pixels[i] = pixel{h: -1 << 30}
		}
		if !w.inside[t] {
			g.border(w, t)
		} else if len(g.taps) > 0 {
			corner := (g.minH*g.src.w + g.minV) * g.src.c
			for i, p := range w.pixels {
				w.rows[t*perTile+i] = &g.src.data[p.index+corner]
			}
		}
	}
}

// border sets the rows of tile t for each tap.
func (g *gather) border(w *gemmWorker, t int) {
	mr := g.kernel.mr
	for i, tap := range g.taps {
		at := t*g.rowsPerTile() + i*mr
		rows := w.rows[at:][:mr]
		shift := (tap.h*g.src.w + tap.v) * g.src.c
		any := false
		for r, p := range w.pixels {
			rows[r] = &g.zeros[0]
			if h, v := p.h+tap.h, p.v+tap.v; uint(h) < uint(g.src.h) {
				if v >= 0 && v+g.span <= g.src.w {
					rows[r], any = &g.src.data[p.index+shift], true
				} else if v+g.span > 0 && v < g.src.w {
					rows[r], any = g.partial(w, at+r, v, p.index+shift), true
				}
			}
		}
		if !any {
			rows[0] = nil
		}
	}
}

// partial copies what lies inside the source of the span of pixels that
// starts at column v and element start, and returns the copy.
func (g *gather) partial(w *gemmWorker, row, v, start int) *float32 {
	c := g.src.c
	to := w.a[row*g.span*c:][:g.span*c]
	clear(to)
	lo, hi := max(0, -v)*c, min(g.span, g.src.w-v)*c
	copy(to[lo:hi], g.src.data[start+lo:start+hi])
	return &to[0]
}

// A position is pixel (i, j) of the grid in image n.
type position struct{ n, i, j int }

// position is the pixel with the given number.
func (g *gather) position(number int) position {
	if g.byPosition {
		p := number / g.images
		return position{number % g.images, p / g.gridW, p % g.gridW}
	}
	p := number / g.gridW
	return position{p / g.gridH, p % g.gridH, number % g.gridW}
}

// next moves at to the next pixel.
func (g *gather) next(at *position) {
	if g.byPosition {
		if at.n++; at.n < g.images {
			return
		}
		at.n = 0
	}
	if at.j++; at.j < g.gridW {
		return
	}
	at.j = 0
	if at.i++; at.i < g.gridH || g.byPosition {
		return
	}
	at.i = 0
	at.n++
}
