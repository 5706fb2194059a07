package kernels

// A gather is the sum that the forward pass and the gradient of the input
// have in common. Pixel (i, j) of a grid [gridH, gridW] in each image is
//
//	out[i, j] = bias + sum over taps of src[i·step+tap.h, j·step+tap.v] B[tap]
//
// where pixels outside of src count as zero. Rows of the microkernel are
// pixels; its columns are channels of the result.
type gather struct {
	kernel       microkernel
	images       int
	gridH, gridW int
	out          image
	outH, outV   int // grid pixel (i, j) is pixel (i·outStep+outH, j·outStep+outV) of out
	outStep      int
	src          image
	step         int
	taps         []tap
	packed       []float32
	panel        int // elements of packed for one tile of columns
	bias         []float32
	zeros        []float32
	byPosition   bool // take one pixel of all images, then the next pixel

	pieces                 []piece
	groups                 []list // of pieces
	minH, maxH, minV, maxV int    // of the taps
	corner                 int    // from a pixel to the first element under a tap
	shifts                 []int  // from there to each tap, in bytes

	tiles, perBlock               int // of rows, and how many make a block
	panels, perGroup, panelGroups int // of columns, and how many a task takes
}

// An image is an array [n, h, w, c].
type image struct {
	data    []float32
	h, w, c int
}

// A tap is the distance of a source pixel, and the place of its matrix in a
// panel of packed, in elements.
type tap struct{ h, v, b int }

// A piece is a part of the sum over the elements of one tap.
type piece struct{ tap, start, count int }

// A list is a part of an array.
type list struct{ first, n int }

// A pixel is the place in the source of a pixel of the grid; index counts
// elements of src, and may lie outside. It is inside if all its taps are.
type pixel struct {
	h, v, index int
	inside      bool
}

const (
	// panelSize limits the part of a panel of B, in elements, that a tile
	// reads before the next tile reads it again from a nearby cache, and
	// panelRows is the least sum that is worth storing the tile.
	panelSize = 8192
	panelRows = 256

	// blockTiles is how many tiles share their tables and read a panel.
	blockTiles = 16

	// minTasks is what a product is divided into where that is possible, for
	// any number of threads.
	minTasks = 16
)

// become turns g into next, which has no taps yet, but keeps its arrays, so
// that a product allocates nothing that one before it had.
func (g *gather) become(next gather) *gather {
	next.taps, next.pieces, next.groups, next.shifts = g.taps[:0], g.pieces[:0], g.groups[:0], g.shifts[:0]
	*g = next
	return g
}

// run computes the result on all threads.
func (g *gather) run(p *pool) {
	g.split()
	g.tiles = tiles(g.images*g.gridH*g.gridW, g.kernel.mr)
	if g.tiles == 0 {
		return
	}
	g.perBlock = tiles(g.tiles, tiles(g.tiles, blockTiles))
	blocks := tiles(g.tiles, g.perBlock)
	g.panels = tiles(g.out.c, g.kernel.nr)
	g.perGroup = tiles(g.panels, min(g.panels, tiles(minTasks, blocks)))
	g.panelGroups = tiles(g.panels, g.perGroup)
	p.run(blocks*g.panelGroups, func(worker, task int) {
		g.task(&p.gemm.workers[worker], task)
		g.wrote(&p.following, task)
	})
}

// task computes one block of tiles for one group of panels.
func (g *gather) task(w *gemmWorker, task int) {
	block, group := task/g.panelGroups, task%g.panelGroups
	count := min(g.perBlock, g.tiles-block*g.perBlock)
	g.tables(w, block*g.perBlock, count)
	g.block(w, count, group*g.perGroup, min(g.panels, (group+1)*g.perGroup))
}

// split divides the sum over taps into groups of pieces.
func (g *gather) split() {
	length, limit := g.src.c, max(panelRows, panelSize/g.kernel.nr)
	parts := tiles(length, limit)
	count := (tiles(length, parts) + 15) &^ 15
	for t := range g.taps {
		for start := 0; start < length; start += count {
			g.pieces = append(g.pieces, piece{t, start, min(count, length-start)})
		}
	}
	perGroup := max(1, limit/count)
	groups := tiles(len(g.pieces), perGroup)
	perGroup = tiles(len(g.pieces), groups)
	for i := range groups {
		first := i * perGroup
		g.groups = append(g.groups, list{first, min(perGroup, len(g.pieces)-first)})
	}
	for i, t := range g.taps {
		if i == 0 {
			g.minH, g.maxH, g.minV, g.maxV = t.h, t.h, t.v, t.v
		}
		g.minH, g.maxH = min(g.minH, t.h), max(g.maxH, t.h)
		g.minV, g.maxV = min(g.minV, t.v), max(g.maxV, t.v)
	}
	g.corner = (g.minH*g.src.w + g.minV) * g.src.c
	for _, t := range g.taps {
		g.shifts = append(g.shifts, 4*((t.h*g.src.w+t.v)*g.src.c-g.corner))
	}
}

// block computes tiles of the given panels, from the tables of w.
func (g *gather) block(w *gemmWorker, count, firstPanel, lastPanel int) {
	k := g.kernel
	perTile := g.rowsPerTile()
	for i, group := range g.groups {
		g.lists(w, count, group)
		for panel := firstPanel; panel < lastPanel; panel++ {
			b := &g.packed[panel*g.panel]
			columns := min(k.nr, g.out.c-panel*k.nr)
			for t := range count {
				l := w.lists[t]
				out, outOff, add := &w.out[t*k.mr], panel*k.nr*4, i > 0
				if columns < k.nr {
					out, outOff, add = &w.out[count*k.mr], 0, false
				}
				k.run(out, outOff, &w.rows[t*perTile], b, &w.runs[l.first], l.n, 4, k.nr*4, add)
				if columns < k.nr {
					g.unspill(w, w.out[t*k.mr:(t+1)*k.mr], panel*k.nr, i > 0)
				}
			}
		}
	}
	if g.bias != nil {
		lo, hi := firstPanel*k.nr, min(g.out.c, lastPanel*k.nr)
		for _, o := range w.out[:count*k.mr] {
			for c, v := range g.bias[lo:hi] {
				*at(o, 4*(lo+c)) += v
			}
		}
	}
}

// unspill copies the columns that exist of w.spill into rows of the result,
// or adds them.
func (g *gather) unspill(w *gemmWorker, rows []*float32, column int, add bool) {
	for i, o := range rows {
		for j, v := range w.spill[i*g.kernel.nr:][:g.out.c-column] {
			if add {
				v += *at(o, 4*(column+j))
			}
			*at(o, 4*(column+j)) = v
		}
	}
}

// lists makes the runs of every tile for one group of pieces. Tiles that do
// not touch the padding share theirs.
func (g *gather) lists(w *gemmWorker, count int, group list) {
	k := g.kernel
	w.lists, w.runs = grown(&w.lists, count), w.runs[:0]
	pieces := g.pieces[group.first:][:group.n]
	for _, p := range pieces {
		w.runs = append(w.runs, run{0, g.shifts[p.tap] + 4*p.start, 4 * (g.taps[p.tap].b + p.start*k.nr), p.count})
	}
	w.runs = append(w.runs, run{}) // so that an empty list has an address
	perTile := g.rowsPerTile()
	for i := range count {
		if w.inside[i] {
			w.lists[i] = list{0, len(pieces)}
			continue
		}
		first := len(w.runs)
		for _, p := range pieces {
			if w.rows[i*perTile+p.tap*k.mr] == nil {
				continue
			}
			b := g.taps[p.tap].b + p.start*k.nr
			w.runs = append(w.runs, run{8 * p.tap * k.mr, 4 * p.start, 4 * b, p.count})
		}
		w.lists[i] = list{first, len(w.runs) - first}
		if first == len(w.runs) {
			w.lists[i] = list{}
		}
	}
}
