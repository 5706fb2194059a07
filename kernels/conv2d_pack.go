package kernels

// packBlock is how many rows of a panel are filled at a time, so that what
// they are made of stays in the L1 cache for the next panel.
const packBlock = 64

// packTransposed packs w [columns, k] for a product with its transpose: panel
// j of packed is [k, nr], columns j·nr and following of each k, and zero
// where there are no more.
func packTransposed(p *pool, w []float32, columns, k, nr int) []float32 {
	p.gemm.packed = grown(&p.gemm.packed, tiles(columns, nr)*k*nr)
	packed := p.gemm.packed
	p.run(tiles(columns, nr), func(_, panel int) {
		to := packed[panel*k*nr:][:k*nr]
		exist := min(nr, columns-panel*nr)
		if exist < nr {
			clear(to)
		}
		for start := 0; start < k; start += packBlock {
			end := min(k, start+packBlock)
			for j := range exist {
				from := w[(panel*nr+j)*k:][start:end]
				dst := to[start*nr+j:]
				for i, v := range from {
					dst[i*nr] = v
				}
			}
		}
	})
	return packed
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
