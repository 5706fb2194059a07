package kernels

// rowsPerTile is the length of a tile's table of rows.
func (g *gather) rowsPerTile() int { return len(g.taps) * g.kernel.mr }

// tables sets the tables of w for count tiles: out, where the rows of the
// result begin, and rows, where the rows of A do. A tile whose taps all lie
// inside the source has one row per pixel; any other has rows for each tap,
// and nil in place of the first if the tap lies in the padding for all pixels
// of the tile.
func (g *gather) tables(w *gemmWorker, first, count int) {
	mr, perTile := g.kernel.mr, g.rowsPerTile()
	g.reserve(w, count)
	at := g.position(first * mr)
	for t := range count {
		exist := min(mr, g.images*g.gridH*g.gridW-(first+t)*mr)
		inside := exist == mr
		out, pixels := w.out[t*mr:][:mr], w.pixels[:mr]
		for i := range exist {
			out[i] = &g.out.data[at.out]
			p := &pixels[i]
			*p = at.pixel
			p.inside = p.h >= -g.minH && p.h < g.src.h-g.maxH && p.v >= -g.minV && p.v < g.src.w-g.maxV
			inside = inside && p.inside
			g.next(&at)
		}
		for i := exist; i < mr; i++ {
			out[i] = &w.discard[0]
			pixels[i] = pixel{h: -1 << 30}
		}
		w.inside[t] = inside
		if !inside {
			g.border(w, t)
			continue
		}
		rows := w.rows[t*perTile:][:mr]
		for i, p := range pixels {
			rows[i] = &g.src.data[p.index+g.corner]
		}
	}
}

// reserve makes room for the tables of count tiles.
func (g *gather) reserve(w *gemmWorker, count int) {
	mr, perTile := g.kernel.mr, g.rowsPerTile()
	w.out, w.inside = grown(&w.out, (count+1)*mr), grown(&w.inside, count)
	w.rows = grown(&w.rows, count*perTile)
	w.spill = grown(&w.spill, mr*g.kernel.nr)
	for i := range mr {
		w.out[count*mr+i] = &w.spill[i*g.kernel.nr]
	}
	w.discard = grown(&w.discard, g.out.c+g.kernel.nr)
	w.pixels = grown(&w.pixels, mr)
	w.valid = grown(&w.valid, len(g.taps))
}

// border sets the rows of tile t for each tap.
func (g *gather) border(w *gemmWorker, t int) {
	mr, first := g.kernel.mr, t*g.rowsPerTile()
	valid := w.valid
	clear(valid)
	for r := range mr {
		p, rows := w.pixels[r], w.rows[first+r:]
		if p.inside {
			corner := &g.src.data[p.index+g.corner]
			for i, shift := range g.shifts {
				rows[i*mr] = at(corner, shift)
				valid[i] = true
			}
			continue
		}
		for i, tap := range g.taps {
			row := &g.zeros[0]
			if h, v := p.h+tap.h, p.v+tap.v; uint(h) < uint(g.src.h) && uint(v) < uint(g.src.w) {
				valid[i] = true
				row = &g.src.data[p.index+(tap.h*g.src.w+tap.v)*g.src.c]
			}
			rows[i*mr] = row
		}
	}
	for i, v := range valid {
		if !v {
			w.rows[first+i*mr] = nil
		}
	}
}

// A position is pixel (i, j) of the grid in image n: where it lies in the
// result, in elements, and in the source.
type position struct {
	n, i, j int
	out     int
	pixel
}

// position is the pixel with the given number.
func (g *gather) position(number int) position {
	at := position{n: number / (g.gridH * g.gridW), i: number / g.gridW % g.gridH, j: number % g.gridW}
	if g.byPosition {
		at = position{n: number % g.images, i: number / g.images / g.gridW, j: number / g.images % g.gridW}
	}
	g.locate(&at)
	return at
}

func (g *gather) locate(at *position) {
	at.out = ((at.n*g.out.h+at.i*g.outStep+g.outH)*g.out.w + at.j*g.outStep + g.outV) * g.out.c
	at.h, at.v = at.i*g.step, at.j*g.step
	at.index = ((at.n*g.src.h+at.h)*g.src.w + at.v) * g.src.c
}

// next moves at to the next pixel.
func (g *gather) next(at *position) {
	switch {
	case g.byPosition:
		if at.n++; at.n == g.images {
			at.n = 0
			if at.j++; at.j == g.gridW {
				at.j = 0
				at.i++
			}
		}
	case at.j+1 < g.gridW:
		at.j++
		at.v += g.step
		at.out += g.outStep * g.out.c
		at.index += g.step * g.src.c
		return
	default:
		at.j = 0
		if at.i++; at.i == g.gridH {
			at.i = 0
			at.n++
		}
	}
	g.locate(at)
}
