package kernels

// A microkernel computes tiles of a product of matrices, mr rows of nr columns each,
// whose sums stay in registers.
type microkernel struct {
	name string
	mr   int // rows of the tile
	nr   int // columns, a multiple of 8

	// cost of a tile relative to the best microkernel of the processor, per
	// element.
	cost float64

	// product computes out [tiles·mr, nr] for a matrix A whose rows lie aRow bytes
	// after one another, for k > 0 elements at aStep bytes:
	//
	//	out[i, j] = sum over e of A[i, e] B[e, j]
	//
	// Row e of B starts e·bStep bytes behind b, row i of the result i·outRow
	// bytes behind out; add says that the sums are added to it. With each element of
	// a sum it may ask for memory that is read later, from ahead on, aheadStep bytes
	// further each time, unless ahead is nil.
	product func(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)

	copyRows rowLoop
	addRows  rowLoop

	// transpose sets the rows of to, [8·blocks, 8], to the columns of from,
	// [8, 8·blocks]. Strides are as above.
	transpose func(to, from *float32, blocks, toStride, fromStride int)
}

// A rowLoop copies rows of width elements, which start toStride and fromStride bytes
// after one another, or adds them to what is there, one row behind the other.
type rowLoop func(to, from *float32, width, rows, toStride, fromStride int)

// An instructionSet is the fast loops for one set of instructions.
type instructionSet struct {
	name         string
	microkernels []microkernel // the fastest first

	fmaPeak      func(n int) // n rounds of FMAs on registers, the speed that benchmarks measure against
	fmaPeakFlops float64     // of a round; 0 without assembly

	// The loops of convolutions in tiles, of 3x3 with strides 1 and 2 and of 5x5, those for
	// most channels at a time first.
	winograd, winogradStrided, winograd5x5 []winogradLoops

	vectors vectorLoops
}

// pickMicrokernel returns the microkernel that spends least on a result with the given
// number of columns, where columns are padded to whole tiles.
func pickMicrokernel(kernels []microkernel, columns int) microkernel {
	best, least := kernels[0], 0.0
	for i, k := range kernels {
		cost := float64(tiles(columns, k.nr)*k.nr) * k.cost
		if i == 0 || cost < least {
			best, least = k, cost
		}
	}
	return best
}

// tiles is the number of tiles of the given size that cover n elements.
func tiles(n, size int) int { return (n + size - 1) / size }

// A gemm is the memory that products keep between calls: it only grows, so
// that in steady state nothing is allocated.
type gemm struct {
	instructionSet
	direct      bool      // no product may be computed as Winograd does
	packed      []float32 // weights, in the order in which microkernels read them
	partial     []float32 // weight gradients of slices of the batch
	zeros       []float32 // stands for pixels in the padding
	padded      []float32 // images with their padding
	transformed []float32 // weights, as a winogradGather multiplies them
	workers     []gemmWorker

	// The product under way, kept from call to call for its arrays.
	packing        packing
	weight         weightGradient
	windowProduct  windowProduct
	inputGradient  inputGradient
	winogradGather winogradGather
	winogradWeight winogradWeight
}

// A gemmWorker is the memory of one goroutine.
type gemmWorker struct {
	a, b  []float32 // copies of pieces of the operands
	spill []float32 // rows and columns that do not fit the result
	sums  []float32 // of a product that is added to the result afterwards

	winograd winogradWorker
}

func newGemm(workers int) gemm {
	return gemm{instructionSet: fastest, workers: make([]gemmWorker, workers)}
}

// grown returns *s with length n and undefined contents, after making it
// longer where needed.
func grown[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, max(n, 2*cap(*s), 1024))
	}
	return (*s)[:n]
}
