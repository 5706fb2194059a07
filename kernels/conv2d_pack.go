package kernels

// packBlock is how many rows of a panel are filled at a time, so that what
// they are made of stays in the L1 cache for the next panel.
const packBlock = 64

// A packing is weights on their way into panels. Tasks find their operands
// here, in the pool, so that a call allocates next to nothing.
type packing struct {
	kernel           microkernel
	to, from         []float32
	columns, k, taps int
}

// packTransposed packs w [columns, k] for a product with its transpose: panel
// j of packed is [k, nr], columns j·nr and following of each k, and zero
// where there are no more.
func packTransposed(p *pool, kernel microkernel, w []float32, columns, k int) []float32 {
	packed := grown(&p.gemm.packed, tiles(columns, kernel.nr)*k*kernel.nr)
	job := &p.gemm.packing
	*job = packing{kernel, packed, w, columns, k, 1}
	p.run(tiles(columns, kernel.nr), func(_, panel int) { job.transposed(panel) })
	return packed
}

// transposed packs one panel for packTransposed.
func (j *packing) transposed(panel int) {
	k, nr := j.k, j.kernel.nr
	to := j.to[panel*k*nr:][:k*nr]
	exist := min(nr, j.columns-panel*nr)
	if exist < nr {
		clear(to)
	}
	from := j.from[panel*nr*k:][:exist*k]
	for start := 0; start < k; start += packBlock {
		n := min(packBlock, k-start)
		c, whole := 0, n&^7
		for ; c+8 <= exist && whole > 0; c += 8 {
			j.kernel.transpose(&to[start*nr+c], &from[c*k+start], whole/8, 4*nr, 4*k)
			packColumns(to[(start+whole)*nr:], from[start+whole:], c, c+8, n-whole, k, nr)
		}
		packColumns(to[start*nr:], from[start:], c, exist, n, k, nr)
	}
}

// packColumns sets columns j0 to j1 of to [n, nr] to rows of from [j1, k].
func packColumns(to, from []float32, j0, j1, n, k, nr int) {
	for i := range n {
		for j := j0; j < j1; j++ {
			to[i*nr+j] = from[j*k+i]
		}
	}
}

// packTaps packs w [k, taps, columns] for a product with each tap: panel j of
// packed is [taps, k, nr], columns j·nr and following, and zero where there
// are no more.
func packTaps(p *pool, kernel microkernel, w []float32, k, taps, columns int) []float32 {
	packed := grown(&p.gemm.packed, tiles(columns, kernel.nr)*taps*k*kernel.nr)
	job := &p.gemm.packing
	*job = packing{kernel, packed, w, columns, k, taps}
	p.run(tiles(columns, kernel.nr), func(_, panel int) { job.tapped(panel) })
	return packed
}

// tapped packs one panel for packTaps.
func (j *packing) tapped(panel int) {
	k, nr := j.k, j.kernel.nr
	to := j.to[panel*j.taps*k*nr:][:j.taps*k*nr]
	exist := min(nr, j.columns-panel*nr)
	if exist < nr {
		clear(to)
	}
	for t := range j.taps {
		j.kernel.copyRows(&to[t*k*nr], &j.from[t*j.columns+panel*nr], exist, k, 4*nr, 4*j.taps*j.columns)
	}
}
