package kernels

// packBlock is how many rows of a panel are filled at a time, so that what
// they are made of stays in the L1 cache for the next panel.
const packBlock = 64

// packTransposed packs w [columns, k] for a product with its transpose: panel
// j of packed is [k, nr], columns j·nr and following of each k, and zero
// where there are no more.
func packTransposed(p *pool, kernel microkernel, w []float32, columns, k int) []float32 {
	nr := kernel.nr
	p.gemm.packed = grown(&p.gemm.packed, tiles(columns, nr)*k*nr)
	packed := p.gemm.packed
	p.run(tiles(columns, nr), func(_, panel int) {
		to := packed[panel*k*nr:][:k*nr]
		exist := min(nr, columns-panel*nr)
		if exist < nr {
			clear(to)
		}
		from := w[panel*nr*k:][:exist*k]
		for start := 0; start < k; start += packBlock {
			n := min(packBlock, k-start)
			j, whole := 0, n&^7
			for ; j+8 <= exist && whole > 0; j += 8 {
				kernel.transpose(&to[start*nr+j], &from[j*k+start], whole/8, 4*nr, 4*k)
				packColumns(to[(start+whole)*nr:], from[start+whole:], j, j+8, n-whole, k, nr)
			}
			packColumns(to[start*nr:], from[start:], j, exist, n, k, nr)
		}
	})
	return packed
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
	nr := kernel.nr
	p.gemm.packed = grown(&p.gemm.packed, tiles(columns, nr)*taps*k*nr)
	packed := p.gemm.packed
	p.run(tiles(columns, nr), func(_, panel int) {
		to := packed[panel*taps*k*nr:][:taps*k*nr]
		exist := min(nr, columns-panel*nr)
		if exist < nr {
			clear(to)
		}
		for t := range taps {
			kernel.copyRows(&to[t*k*nr], &w[t*columns+panel*nr], exist, k, 4*nr, 4*taps*columns)
		}
	})
	return packed
}
