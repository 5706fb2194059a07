package kernels

// A microkernel multiplies and adds. It computes the tile out [mr, nr] as a
// sum over runs r, and over the elements k of each run:
//
//	out[i, j] = sum over r, k of A[r][i, k] B[r][k, j]
//
// Nothing is copied for it: A is given by a pointer to each of its rows, B by
// a pointer to its first row, so that one microkernel serves the convolution
// and both its gradients. All sums stay in registers over all runs.
type microkernel struct {
	name string
	mr   int // rows of the tile
	nr   int // columns, a multiple of 8

	// cost of a tile relative to the best microkernel of the processor, per
	// element.
	cost float64

	// run computes one tile. Row i of run r of A starts a bytes behind
	// rows[i], where rows is the table at runs[r].rows bytes in the given
	// tables, and advances by aStride bytes with k; row k of B starts
	// runs[r].b + k·bStride bytes behind b. Row i of the result starts outOff
	// bytes behind out[i]; add says that the sums are added to it. It is
	// defined, with zero sums, for n = 0 runs.
	run func(out **float32, outOff int, rows **float32, b *float32, runs *run, n int, aStride, bStride int, add bool)

	// product computes out [tiles·productRows, nr] for a matrix A whose rows lie
	// aRow bytes after one another, for k > 0 elements at aStep bytes:
	//
	//	out[i, j] = sum over e of A[i, e] B[e, j]
	//
	// Row e of B starts e·bStep bytes behind b, row i of the result i·outRow
	// bytes behind out; add says that the sums are added to it.
	productRows int
	product     func(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool)

	// copyRows copies rows of width elements that start toStride and
	// fromStride bytes after one another.
	copyRows func(to, from *float32, width, rows, toStride, fromStride int)

	// transpose sets the rows of to, [8·blocks, 8], to the columns of from,
	// [8, 8·blocks]. Strides are as above.
	transpose func(to, from *float32, blocks, toStride, fromStride int)
}

// A run is a piece of the sum that a microkernel computes: count > 0 elements
// that lie at constant distances. Offsets are in bytes.
type run struct{ rows, a, b, count int }

// An instructionSet is the fast loops for one set of instructions.
type instructionSet struct {
	name         string
	microkernels []microkernel   // the fastest first
	winograd     []winogradLoops // those for most channels at a time first
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
	transformed []float32 // weights, as a winogradGather multiplies them
	workers     []gemmWorker

	// The product under way, kept from call to call for its arrays.
	packing        packing
	gather         gather
	weight         weightGradient
	windowForward  windowForward
	winogradGather winogradGather
	winogradWeight winogradWeight
}

// A gemmWorker is the memory of one goroutine.
type gemmWorker struct {
	out     []*float32 // rows of the result
	rows    []*float32 // rows of A
	runs    []run
	lists   []list // of runs, for each tile
	inside  []bool // whether a tile lies inside of the source
	valid   []bool
	pixels  []pixel   // of one tile
	a, b    []float32 // copies of pieces of the operands
	spill   []float32 // a tile that does not fit the result
	discard []float32 // the place of rows that do not exist

	winograd winogradWorker
}

func newGemm(workers int) gemm {
	return gemm{instructionSet: instructionSets()[0], workers: make([]gemmWorker, workers)}
}

// grown returns *s with length n and undefined contents, after making it
// longer where needed.
func grown[T any](s *[]T, n int) []T {
	if cap(*s) < n {
		*s = make([]T, max(n, 2*cap(*s), 1024))
	}
	return (*s)[:n]
}
