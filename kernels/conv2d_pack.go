package kernels

// packBlock is how many rows of a panel a task fills, so that what they are made of
// stays in the L1 cache.
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
	blocks := tiles(k, packBlock)
	p.run(tiles(columns, kernel.nr)*blocks, func(_, task int) { job.transposed(task/blocks, task%blocks*packBlock) })
	return packed
}

// transposed packs rows of one panel, from start on, for packTransposed.
func (j *packing) transposed(panel, start int) {
	k, nr := j.k, j.kernel.nr
	n, exist := min(packBlock, k-start), min(nr, j.columns-panel*nr)
	to, from := j.to[(panel*k+start)*nr:][:n*nr], j.from[panel*nr*k:][:exist*k]
	if exist < nr {
		clear(to)
	}
	c, whole := 0, n&^7
	for ; c+8 <= exist && whole > 0; c += 8 {
		j.kernel.transpose(&to[c], &from[c*k+start], whole/8, 4*nr, 4*k)
		packColumns(to[whole*nr:], from[start+whole:], c, c+8, n-whole, k, nr)
	}
	packColumns(to, from[start:], c, exist, n, k, nr)
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
	p.run(tiles(columns, kernel.nr)*taps, func(_, task int) { job.tapped(task/taps, task%taps) })
	return packed
}

// tapped packs one tap of a panel for packTaps.
func (j *packing) tapped(panel, tap int) {
	k, nr := j.k, j.kernel.nr
	to := j.to[(panel*j.taps+tap)*k*nr:][:k*nr]
	exist := min(nr, j.columns-panel*nr)
	if exist < nr {
		clear(to)
	}
	j.kernel.copyRows(&to[0], &j.from[tap*j.columns+panel*nr], exist, k, 4*nr, 4*j.taps*j.columns)
}
