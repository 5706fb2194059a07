package kernels

import (
	"encoding/binary"
	"fmt"
	"math"

	"lbsam/kernels/driver"
)

// A gpuTile is a kernel of conv2d.cu: blocks compute m x n elements of a
// product [m, k] [k, n], and take k elements of its sums at a time.
type gpuTile struct {
	name    string
	m, n, k int
	cost    float64 // of one multiplication, relative to the largest tile
}

// gpuTiles are the tiles for operands that 16 bytes at a time can be read of,
// and scalarTile is that for all others. The costs are guesses from the share
// of multiplications in the loops; nothing is measured.
var (
	gpuTiles   = []gpuTile{{"large", 128, 128, 8, 1}, {"medium", 128, 64, 16, 1.05}, {"small", 64, 64, 32, 1.15}}
	scalarTile = gpuTile{"scalar", 64, 64, 16, 1.3}
)

const (
	// gpuProcessors is the number of multiprocessors that work is divided for,
	// on every GPU, so that results are the same everywhere. An H100 has 132.
	gpuProcessors = 132

	// longestSlice is how many pixels the weight gradient adds in float32
	// before it adds what it has to other such sums.
	longestSlice = 4096
)

// product is the shape of a product: [m, k] [k, n], phases times with m
// rows each.
type product struct{ phases, m, n, k int }

// blocks is how many tiles it has.
func (p product) blocks(t gpuTile) int { return p.phases * tiles(p.m, t.m) * tiles(p.n, t.n) }

// time is how long it takes in slices of k: the time of the busiest
// multiprocessor, as multiplications.
func (p product) time(t gpuTile, slices int) float64 {
	rounds := tiles(p.blocks(t)*slices, gpuProcessors)
	length := tiles(tiles(p.k, slices), t.k) * t.k
	return float64(rounds*t.m*t.n*length) * t.cost
}

// tile chooses the tile for a product, by its shape alone. It is the place for
// tiles of tensor cores.
func (p product) tile(aligned bool) gpuTile {
	if !aligned {
		return scalarTile
	}
	best := gpuTiles[0]
	for _, t := range gpuTiles[1:] {
		if p.time(t, 1) < p.time(best, 1) {
			best = t
		}
	}
	return best
}

// slices chooses into how many parts k is divided, so that there is work for
// all multiprocessors. Each part costs a result that is written and read.
func (p product) slices(t gpuTile) int {
	const resultCost = 2 * 4 * 20 // multiplications in the time of a result's bytes
	least := max(1, tiles(p.k, longestSlice))
	best, bestTime := least, math.Inf(1)
	for s := least; s <= max(least, min(512, p.k/(4*t.k))); s++ {
		time := p.time(t, s) + float64(s*p.m*p.n*resultCost)/gpuProcessors
		if time < bestTime {
			best, bestTime = s, time
		}
	}
	return best
}

// args appends g to the arguments of a kernel, as its struct Conv.
func (g Conv) args(a *driver.Args) {
	var b []byte
	for _, v := range [...]int{g.N, g.H, g.W, g.C, g.OC, g.KH, g.KW, g.Stride, g.Pad, g.OH(), g.OW()} {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	a.Struct(b, 4)
}

// mustIndex panics if the kernels, which count elements in 32 bits, cannot
// index an operand.
func (g Conv) mustIndex(op string) {
	if n := max(g.XLen(), g.WLen(), g.YLen()); n > math.MaxInt32 {
		panic(fmt.Sprintf("kernels: %s on a GPU: an operand of %d elements, at most %d are possible: %+v", op, n, math.MaxInt32, g))
	}
}

// inFours reports whether 16 bytes at a time can be read of arrays whose rows
// have these numbers of elements.
func inFours(rows []int, buffers ...Buffer) bool {
	for _, n := range rows {
		if n%4 != 0 {
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

func (g Conv) forwardProduct() product {
	return product{1, g.N * g.OH() * g.OW(), g.OC, g.KH * g.KW * g.C}
}

func conv2dGPU(y, x, w, b Buffer, g Conv) {
	runConv2d(y, x, w, b, g, g.forwardProduct().tile(inFours([]int{g.C}, x, w)))
}

func runConv2d(y, x, w, b Buffer, g Conv, t gpuTile) {
	g.mustIndex("Conv2d")
	p := g.forwardProduct()
	w.dev.gpu.launch("conv2d_"+t.name, blocks(p.blocks(t), 256), y, x, w, b, g)
}

func (g Conv) inputProduct() product {
	s := g.Stride
	return product{s * s, g.N * tiles(g.H, s) * tiles(g.W, s), g.C, tiles(g.KH, s) * tiles(g.KW, s) * g.OC}
}

func conv2dBackwardInputGPU(dx, dy, w Buffer, g Conv) {
	runConv2dBackwardInput(dx, dy, w, g, g.inputProduct().tile(inFours([]int{g.C, g.OC}, dy, w)))
}

func runConv2dBackwardInput(dx, dy, w Buffer, g Conv, t gpuTile) {
	g.mustIndex("Conv2dBackwardInput")
	p := g.inputProduct()
	w.dev.gpu.launch("conv2d_backward_input_"+t.name, blocks(p.blocks(t), 256), dx, dy, w, tiles(p.m, t.m), g)
}

func (g Conv) weightProduct() product {
	return product{1, g.KH * g.KW * g.C, g.OC, g.N * g.OH() * g.OW()}
}

func conv2dBackwardWeightAddGPU(dw, dy, x Buffer, g Conv) {
	t := g.weightProduct().tile(inFours([]int{g.C, g.OC}, dy, x))
	runConv2dBackwardWeightAdd(dw, dy, x, g, t, g.weightProduct().slices(t))
}

func runConv2dBackwardWeightAdd(dw, dy, x Buffer, g Conv, t gpuTile, slices int) {
	g.mustIndex("Conv2dBackwardWeightAdd")
	if g.N == 0 {
		return
	}
	p, gpu := g.weightProduct(), x.dev.gpu
	length := tiles(tiles(p.k, slices), t.k) * t.k
	slices = tiles(p.k, length)
	stride := tiles(dw.n, 4) * 4
	part := x.dev.work(Float32, slices*stride)
	gpu.launch("conv2d_backward_weight_"+t.name, blocks(p.blocks(t)*slices, 256), part, dy, x, length, stride, g)
	gpu.launch("conv2d_add_slices", blocks(tiles(dw.n, 128), 256), dw, part, slices, stride, dw.n)
}
