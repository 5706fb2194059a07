package kernels

// A rowWalk is how the threads of a kernel share out x [rows, c]. A block has
// up to 256 threads: so many packs of channels, at most 32, next to each other,
// and as many walkers as there is room for, each of which takes a row. Blocks
// are groups of channels times slices of rows. All of it depends on the shape
// alone, and with it the order of sums.
type rowWalk struct {
	size
	width  int // channels of a pack: four where c is a multiple
	depth  int // rows of a slice, the last one may have fewer
	slices int
}

// runRows is the number of rows that a walker takes at once, at most.
const runRows = 8

// maxBlocks is what keeps the largest GPUs busy, with 4 blocks on each
// multiprocessor. More would be more partial sums.
const maxBlocks = 512

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

// eights is a row of blocks of [32, 8] threads that add up the slices of 8
// channels each.
func eights(c int) size { return size{grid: dim3(tiles(c, 8), 1, 1), block: dim3(8, 32, 1)} }

func batchNormStatisticsGPU(mean, variance, x Buffer, g BatchNorm) {
	w, gpu := walkRows(g.Rows, g.C, 4), x.dev.gpu
	partial := x.dev.work(Float64, w.slices*2*g.C)
	gpu.launch("batch_norm_moments", w.size, partial, x, g.Rows, g.C, w.width, w.depth)
	gpu.launch("batch_norm_statistics", eights(g.C), mean, variance, partial, x, g.Rows, g.C, w.slices)
}

func batchNormApplyGPU(y, x, add, gamma, beta, mean, variance Buffer, g BatchNorm) {
	w := walkRows(g.Rows, g.C, 4)
	x.dev.gpu.launch("batch_norm_apply", w.size, y, x, add, gamma, beta, mean, variance, g.Eps, g.Rows, g.C, g.ReLU, w.width, w.depth)
}

// batchNormBackwardGPU is BatchNormBackward, or BatchNormBackwardEval if the
// statistics are constants: then the sums are not needed for dx, and one pass
// does it all.
func batchNormBackwardGPU(dx, dgamma, dbeta, dy, y, x, gamma, mean, variance Buffer, g BatchNorm, constants bool) {
	w, gpu := walkRows(g.Rows, g.C, 4), x.dev.gpu
	work := x.dev.work(Float64, (w.slices+1)*2*g.C)
	means, partial := work.Slice(0, 2*g.C), work.Slice(2*g.C, work.n)
	if !g.ReLU {
		y = Buffer{}
	}
	slope := Buffer{}
	if constants {
		slope = dx
	}
	gpu.launch("batch_norm_sums", w.size, partial, slope, dy, y, x, gamma, mean, variance, g.Eps, g.Rows, g.C, w.width, w.depth)
	gpu.launch("batch_norm_gradients", eights(g.C), means, dgamma, dbeta, partial, g.Rows, g.C, w.slices)
	if !constants {
		gpu.launch("batch_norm_backward", w.size, dx, dy, x, gamma, mean, variance, means, g.Eps, g.Rows, g.C, w.width, w.depth)
	}
}
