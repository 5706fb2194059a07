package kernels

import (
	"encoding/binary"
	"fmt"
	"math"

	"lbsam/kernels/driver"
)

// A gpuTile is a kernel of conv2d_fma.cuh or conv2d_mma.cuh: blocks compute m x n
// elements of a product and take k elements of its sums at a time.
type gpuTile struct {
	name    string
	m, n, k int
	cost    float64 // of one multiplication, relative to the largest tile for float32
	threads int
	shared  int  // bytes of dynamic shared memory
	tensor  bool // on tensor cores: the kernels of conv2d_mma.cuh
	halo    bool // those of conv2d_halo.cuh
	ring    bool // those of conv2d_halo_weight.cuh
}

// gpuTiles are the tiles for operands of which 16 bytes at a time can be read,
// and scalarTile is that for all others. Their costs follow from the share of
// multiplications in the loops and from what a tile reads for each; they are
// not measured.
var (
	gpuTiles   = []gpuTile{{name: "large", m: 128, n: 128, k: 16, cost: 1, threads: 256}, {name: "medium", m: 128, n: 64, k: 16, cost: 1.08, threads: 256}, {name: "small", m: 64, n: 64, k: 32, cost: 1.2, threads: 256}}
	scalarTile = gpuTile{name: "scalar", m: 64, n: 64, k: 16, cost: 1.5, threads: 256}
)

const (
	// gpuProcessors is the number of multiprocessors that work is divided for,
	// on every GPU, so that results are the same everywhere. An H100 has 132.
	gpuProcessors = 132

	// blockCost is what the beginning and the end of a block cost, as elements
	// of its sums.
	blockCost = 32

	// partCost is what it costs to write or to read an element of a part of a
	// product, as multiplications, and launchCost what a launch costs, as such
	// elements: some 5 µs, more than a GPU waits for it, since a step is to have
	// few.
	partCost, launchCost = 14, 96 << 10

	// fewParts is how many elements of the parts of a tile one block adds up, at
	// most, while the others have nothing left to do.
	fewParts = 128 << 10

	// longestSum is how many products the weight gradient adds in float32
	// before it adds what it has to other such sums.
	longestSum = 4096

	// usualParts is how many parts are tried, and mostParts how many a grid has
	// room for.
	usualParts, mostParts = 256, 65535
)

// A product is the shape of what a kernel computes: phases products, each with
// at most m rows and n columns, whose sums are spans times span elements.
type product struct{ phases, m, n, spans, span int }

func (g Conv) forwardProduct() product {
	return product{1, g.N * g.OH() * g.OW(), g.OC, g.KH, g.KW * g.C}
}

func (g Conv) inputProduct() product {
	s := g.Stride
	return product{s * s, g.N * tiles(g.H, s) * tiles(g.W, s), g.C, tiles(g.KH, s) * tiles(g.KW, s), g.OC}
}

func (g Conv) weightProduct() product {
	return product{1, g.KH * g.KW * g.C, g.OC, 1, g.N * g.OH() * g.OW()}
}

// A gpuPlan is a choice of kernel, and of the number of parts into which the
// sums are divided so that there is work for all multiprocessors.
type gpuPlan struct {
	gpuTile
	parts int
}

// plan chooses a tile for a product, by its shape alone. divided allows more
// parts than one.
func (p product) plan(candidates []gpuTile, divided bool) gpuPlan {
	from, to := 1, 1
	if divided {
		from = max(1, min(tiles(p.span, longestSum), mostParts))
		to = max(from, usualParts)
	}
	var best gpuPlan
	least := math.Inf(1)
	for _, t := range candidates {
		for parts := from; parts <= to; parts++ {
			next := gpuPlan{t, parts}
			if parts > from && (next.length(p) < 4*t.k || next.blocks(p) > 8*gpuProcessors) {
				break
			}
			if time := next.time(p); time < least {
				best, least = next, time
			}
		}
	}
	return best
}

// length is the length of the sums of a part.
func (t gpuPlan) length(p product) int { return p.spans * tiles(tiles(p.span, t.parts), t.k) * t.k }

// blocks is the number of blocks.
func (t gpuPlan) blocks(p product) int { return p.phases * tiles(p.m, t.m) * tiles(p.n, t.n) * t.parts }

// time is that of the busiest multiprocessor, in multiplications.
func (t gpuPlan) time(p product) float64 {
	rounds := tiles(t.blocks(p), gpuProcessors)
	time := float64(rounds*t.m*t.n*(t.length(p)+blockCost)) * t.cost
	switch {
	case t.apart():
		time += float64((2*rounds*t.m*t.n + launchCost) * partCost)
	case t.parts > 1:
		time += float64((rounds + t.parts) * t.m * t.n * partCost)
	}
	return time
}

// apart reports whether the parts are added up by a launch of its own: see
// conv2d_parts.cuh.
func (t gpuPlan) apart() bool { return t.parts*t.m*t.n > fewParts }

// grid is the launch of the blocks, for an operand of the given type.
func (t gpuPlan) grid(p product, g Conv, operand Dtype) size {
	return size{
		grid: dim3(tiles(p.m, t.m), tiles(p.n, t.n), p.phases*t.parts), block: dim3(t.threads, 1, 1), shared: t.shared,
		fetched: t.fetched(p, g, operand.Size()),
	}
}

// args appends g to the arguments of a kernel, as its struct Conv.
func (g Conv) args(a *driver.Args) {
	ints(a, g.N, g.H, g.W, g.C, g.OC, g.KH, g.KW, g.Stride, g.Pad, g.OH(), g.OW())
}

// phases is struct Phases of the kernels.
type phases Conv

func (f phases) args(a *driver.Args) {
	s, inverse := f.Stride, 0
	if s > 1 { // with 1 there is nothing to divide
		inverse = 1<<32/s + 1
	}
	ints(a, (f.H-1)/s, (f.H-1)%s, (f.W-1)/s, (f.W-1)%s, (f.KH-1)/s, (f.KH-1)%s, (f.KW-1)/s, (f.KW-1)%s, f.Pad/s, f.Pad%s, inverse)
}

// A steps is struct Steps of the kernels: how far count pixels of y are in x.
type steps struct {
	Conv
	count int
}

func (s steps) args(a *driver.Args) {
	oh, ow := s.OH(), s.OW()
	row := s.count / ow
	ints(a, row/oh*s.H*s.W*s.C, row%oh*s.Stride, s.count%ow*s.Stride)
}

// ints appends a structure of numbers.
func ints(a *driver.Args, numbers ...int) {
	b := make([]byte, 0, 4*len(numbers))
	for _, v := range numbers {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	a.Struct(b, 4)
}

// mustIndex panics if the kernels, which count elements in 32 bits and tiles of
// channels in 16, cannot index an operand.
func (g Conv) mustIndex(op string) {
	if n := max(g.XLen(), g.WLen(), g.YLen()); n > math.MaxInt32 {
		panic(fmt.Sprintf("kernels: %s on a GPU: an operand of %d elements, at most %d are possible: %+v", op, n, math.MaxInt32, g))
	}
	if n := max(g.C, g.OC); n > 1<<21 || g.Stride > 255 {
		panic(fmt.Sprintf("kernels: %s on a GPU: %d channels and stride %d, at most %d and 255 are possible: %+v", op, n, g.Stride, 1<<21, g))
	}
}

// inRuns reports whether 16 bytes at a time, which are width elements, can be
// read of arrays whose rows have these numbers of elements.
func inRuns(width int, rows []int, buffers ...Buffer) bool {
	for _, n := range rows {
		if n%width != 0 {
			return false
		}
	}
	for _, b := range buffers {
		if b.ptr%16 != 0 {
			return false
		}
	}
	return true
}

// conv2dTiles are the tiles of the kernels that multiply in float32, for
// operands of one type with such rows.
func conv2dTiles(rows []int, buffers ...Buffer) []gpuTile {
	t := buffers[0].dtype
	if t == Float32 && inRuns(4, rows, buffers...) {
		return gpuTiles
	}
	if t == Float32 {
		return []gpuTile{scalarTile}
	}
	narrow := scalarTile
	narrow.name, narrow.k = narrow.name+t.suffix(), 8
	return []gpuTile{narrow}
}

// conv2dGPU computes Conv2d on tensor cores where the operands are in one of
// their formats and can be read 16 bytes at a time, and all others in float32.
func conv2dGPU(y, x, w, b Buffer, g Conv) {
	f, ok := g.forwardOnTensorCores(x, w)
	switch p := g.forwardProduct(); {
	case ok:
		runConv2d(y, x, w, b, g, f.forwardPlan(g))
	default:
		runConv2d(y, x, w, b, g, p.plan(conv2dTiles([]int{g.C}, x, w), false))
	}
}

func runConv2d(y, x, w, b Buffer, g Conv, t gpuPlan) {
	if t.tensor {
		convEnd{}.run(y, x, w, b, g, t)
		return
	}
	g.mustIndex("Conv2d")
	w.dev.gpu.launch("conv2d_"+t.name, t.grid(g.forwardProduct(), g, w.dtype), y, x, w, b, g)
}

func conv2dBackwardInputGPU(dx, dy, w Buffer, g Conv) {
	f, ok := formatOf(w)
	switch p, rows := g.inputProduct(), []int{g.C, g.OC}; {
	case ok && inRuns(f.width(), rows, dy, w):
		runConv2dBackwardInput(dx, dy, w, g, f.inputPlan(g))
	default:
		runConv2dBackwardInput(dx, dy, w, g, p.plan(conv2dTiles(rows, dy, w), false))
	}
}

func runConv2dBackwardInput(dx, dy, w Buffer, g Conv, t gpuPlan) {
	if t.tensor {
		inputEnd{}.run(dx, dy, w, g, t)
		return
	}
	g.mustIndex("Conv2dBackwardInput")
	w.dev.gpu.launch("conv2d_backward_input_"+t.name, t.grid(g.inputProduct(), g, w.dtype), dx, dy, w, phases(g), g)
}

func conv2dBackwardWeightAddGPU(dw, dy, x Buffer, g Conv) {
	f, ok := formatOf(x)
	switch p, rows := g.weightProduct(), []int{g.C, g.OC}; {
	case ok && inRuns(f.width(), rows, dy, x) && p.m <= 64*mostParts: // a grid has room for so many columns
		p := g.turnedWeightProduct()
		runConv2dBackwardWeightAdd(dw, dy, x, g, p, f.kernel(p.plan(f.weightTiles(g), true)))
	default:
		runConv2dBackwardWeightAdd(dw, dy, x, g, p, p.plan(conv2dTiles(rows, dy, x), true))
	}
}

func runConv2dBackwardWeightAdd(dw, dy, x Buffer, g Conv, p product, t gpuPlan) {
	g.mustIndex("Conv2dBackwardWeightAdd")
	if g.N == 0 {
		return
	}
	length := t.length(p)
	t.parts = tiles(p.span, length) // some may have nothing left
	parts, grid := x.dev.work(Float32, t.parts*dw.n), t.grid(p, g, x.dtype)
	name := "conv2d_backward_weight_" + t.name
	if t.apart() {
		x.dev.gpu.launch(name, grid, spared(dw), dy, x, parts, Buffer{}, length, steps{g, t.k}, g)
		addParts(dw, parts)
		return
	}
	grid.alone = t.alone()
	x.dev.gpu.launch(name, grid, again(dw), dy, x, again(parts), x.dev.tickets(t.blocks(p)/t.parts), length, steps{g, t.k}, g)
}

// addParts adds to dw [n] the sum of the rows of parts [count, n]. The kernel of
// SumRowsAdd, which is for few columns of many rows, would need five times as many
// instructions for the parts of a 3 x 3 weight, and up to a quarter more sectors.
func addParts(dw, parts Buffer) {
	dw.dev.gpu.launch("conv2d_add_parts", size{grid: dim3(tiles(dw.n, 128), 1, 1), block: dim3(32, 8, 1)}, again(dw), parts, dw.n, parts.n/dw.n)
}
