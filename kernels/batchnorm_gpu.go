package kernels

// A rowWalk is how the threads of a kernel share out x [rows, c]. A block has
// up to 256 threads: so many packs of channels, at most 32, next to each other,
// and as many walkers as there is room for, each of which takes a row. Blocks
// are groups of channels times slices of rows. All of it depends on the shape
// alone, and with it the order of sums.
type rowWalk struct {
	size
	width  int // channels of a pack: the width asked for where c is a multiple
	depth  int // rows of a slice, the last one may have fewer
	slices int
}

// runRows is the number of rows that a walker takes at once, at most.
const runRows = 8

// maxBlocks is what keeps the largest GPUs busy, with 4 blocks on each
// multiprocessor. More would be more partial sums.
const maxBlocks = 512

// walkOf returns the walk of x [Rows, C] for packs of 16 bytes.
func (g BatchNorm) walkOf(x Buffer) rowWalk { return walkRows(g.Rows, g.C, x.dtype.wide()) }

// walkRows returns the walk of x [rows, c] for packs of up to width channels.
func walkRows(rows, c, width int) rowWalk {
	if c%width != 0 {
		width = 1
	}
	packs := c / width
	groups := tiles(packs, 32)
	lanes := tiles(packs, groups)
	walkers := 256 / lanes
	most := max(1, maxBlocks/groups)
	depth := walkers * runRows * max(1, tiles(rows, walkers*runRows*most))
	slices := tiles(rows, depth)
	return rowWalk{size{grid: dim3(groups, slices, 1), block: dim3(lanes, walkers, 1)}, width, depth, slices}
}

// lastSums is how many sums the last of the blocks adds up: total in
// moments.cuh.
const lastSums = 32

// sumsOf returns what kernels need that add up all slices of c channels: room for
// more pairs of sums per channel, for two sums of each slice and for the last
// ones, and tickets.
func (w rowWalk) sumsOf(d *Device, more, c int) (own, partial, tickets Buffer) {
	all := d.sums((more + w.slices + lastSums) * 2 * c)
	own, partial = all.Slice(0, more*2*c), all.Slice(more*2*c, all.n)
	return own, partial, d.tickets(int(w.grid.X) * (lastSums + 1))
}

func batchNormStatisticsGPU(mean, variance, x Buffer, r BatchNormRunning, g BatchNorm) {
	w, d := g.walkOf(x), x.dev
	_, partial, tickets := w.sumsOf(d, 0, g.C)
	d.gpu.launch("batch_norm_statistics"+x.dtype.suffix(), w.size, mean, variance, x, r.Mean, r.Var, r.Count, float32(r.Momentum), unbias[float32](g),
		r.Times, partial, tickets, g.Rows, g.C, w.width, w.depth)
}

// few returns the launch of a kernel whose blocks have all the rows of two packs
// of four channels, and whether it can do with what w divides: one run of rows for
// each walker, in at most 512 threads, and arrays of which four elements at a time
// can be read.
func (w rowWalk) few(c int, arrays ...Buffer) (s size, can bool) {
	walkers := int(w.block.Y)
	s = size{grid: dim3(tiles(c/4, 2), 1, 1), block: dim3(2, walkers*w.slices, 1)}
	can = w.width > 1 && w.depth == walkers*runRows && w.slices <= lastSums && s.block.Size() <= 512
	for _, a := range arrays {
		can = can && int(a.ptr)%(4*a.dtype.Size()) == 0
	}
	return s, can
}

func batchNormTrainGPU(y, mean, variance, x, add, gamma, beta Buffer, r BatchNormRunning, g BatchNorm) {
	w := g.walkOf(x)
	if few, can := w.few(g.C, y, x, add); can {
		x.dev.gpu.launch("batch_norm_train_few"+x.dtype.suffix(), few, y, mean, variance, x, add, gamma, beta, r.Mean, r.Var, r.Count,
			float32(r.Momentum), unbias[float32](g), r.Times, g.Eps, g.Rows, g.C, g.ReLU, int(w.block.Y))
		return
	}
	batchNormStatisticsGPU(mean, variance, x, r, g)
	batchNormApplyGPU(y, x, add, gamma, beta, mean, variance, g)
}

func batchNormApplyGPU(y, x, add, gamma, beta, mean, variance Buffer, g BatchNorm) {
	w := g.walkOf(x)
	x.dev.gpu.launch("batch_norm_apply"+x.dtype.suffix(), w.size, y, x, add, gamma, beta, mean, variance, g.Eps, g.Rows, g.C, g.ReLU, w.width, w.depth)
}

// batchNormBackwardGPU is BatchNormBackward, or BatchNormBackwardEval if the
// statistics are constants: then the sums are not needed for dx, and one pass
// does it all. So it is with few rows. With beta the mask comes of x.
func batchNormBackwardGPU(dx, dgamma, dbeta, dy, dyMore, y, x, gamma, beta, mean, variance Buffer, g BatchNorm, constants bool) {
	w, d := g.walkOf(x), x.dev
	if !g.ReLU || !dyMore.IsNil() {
		beta = Buffer{}
	}
	if !g.ReLU || !beta.IsNil() {
		y = Buffer{}
	}
	dz := any(dy)
	if !y.IsNil() || !dyMore.IsNil() {
		dz = again(dy)
	}
	if few, can := w.few(g.C, dx, dy, dyMore, y, x); can && !constants {
		d.gpu.launch("batch_norm_backward_few"+x.dtype.suffix(), few, dx, dgamma, dbeta, dz, dyMore, y, x, gamma, beta, mean, variance,
			g.Eps, g.Rows, g.C, int(w.block.Y))
		return
	}
	means, partial, tickets := w.sumsOf(d, 1, g.C)
	if !beta.IsNil() {
		d.gpu.launch("batch_norm_gradients_masked"+x.dtype.suffix(), w.size, means, dgamma, dbeta, dy, x, gamma, beta, mean, variance, partial,
			tickets, g.Eps, g.Rows, g.C, w.width, w.depth)
		d.gpu.launch("batch_norm_backward_masked"+x.dtype.suffix(), w.size, dx, dy, x, gamma, beta, mean, variance, means, g.Eps, g.Rows, g.C, w.width, w.depth)
		return
	}
	slope := Buffer{}
	if constants {
		slope = dx
	}
	d.gpu.launch("batch_norm_gradients"+x.dtype.suffix(), w.size, means, dgamma, dbeta, slope, dz, dyMore, y, x, gamma, mean, variance, partial,
		tickets, g.Eps, g.Rows, g.C, w.width, w.depth)
	if !constants {
		batchNormBackwardMeansGPU(dx, dy, x, gamma, mean, variance, means, g)
	}
}

func batchNormBackwardMeansGPU(dx, dz, x, gamma, mean, variance, means Buffer, g BatchNorm) {
	w := g.walkOf(x)
	x.dev.gpu.launch("batch_norm_backward"+x.dtype.suffix(), w.size, dx, dz, x, gamma, mean, variance, means, g.Eps, g.Rows, g.C, w.width, w.depth)
}
