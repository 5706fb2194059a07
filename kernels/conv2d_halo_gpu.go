package kernels

// haloTiles are the tiles of conv2d_halo.cuh that can compute a convolution, or
// the gradient of its input, whose sums are over the given channels. There are none
// for windows other than 3 x 3 with stride 1 and padding 1, where a slab of k does
// not divide the channels, and where pixels of a patch would meet in a bank of shared
// memory (see Plane there).
//
// What they cost follows as in tiles: 0.255, and 3.84 times the elements that are
// read for each multiplication, here n for each tap and a patch, some 1.25 m
// pixels, for nine of them; and 0.015 where groups of warps share a square. That
// is less than any of tiles: the choice between both is left to plan.
func (f mmaFormat) haloTiles(g Conv, channels int) (list []gpuTile) {
	if g.KH != 3 || g.KW != 3 || g.Stride != 1 || g.Pad != 1 || g.W%8 > 0 && (g.W != 4 || g.H != 4) {
		return nil
	}
	for _, v := range []struct {
		name          string
		m, n          int
		patch, stages int // pixels of a patch, and slabs of filters, in shared memory
		threads       int
		cost          float64
	}{
		{"halo_256x128", 256, 128, 448, 4, 256, 0.275},
		{"halo_128x128", 128, 128, 256, 4, 128, 0.29},
		{"halo_256x64", 256, 64, 448, 4, 128, 0.28},
		{"halo_128x64", 128, 64, 256, 6, 128, 0.31},
	} {
		const bytes = 64 // of a slab
		if k := bytes / f.size; channels%k == 0 && g.patch(v.m) <= v.patch {
			list = append(list, gpuTile{
				name: v.name, m: v.m, n: v.n, k: k, cost: v.cost, threads: v.threads, tensor: true, halo: true,
				shared: max((2*v.patch+v.n*v.stages)*bytes, 64<<10), // results need the latter
			})
		}
	}
	return list
}

// patch is the most pixels, with those of zeros, that lie in a row from the
// first to the last that the windows of m pixels cover: struct Plane of
// conv2d_halo.cuh. Tiles begin at multiples of m.
func (g Conv) patch(m int) int {
	touched := func(n int) int { // the most groups of n pixels of which there are some in a tile
		switch {
		case m%n == 0:
			return m / n
		case n%m == 0:
			return 1
		}
		return (m-2)/n + 2
	}
	rows, images := touched(g.W), touched(g.H*g.W)
	pixels := (rows+images+1)*(g.W+1) + 1
	if g.W == 4 {
		pixels += 3 * (images - 1)
	}
	return pixels
}

// haloWeightTiles are the tiles of conv2d_halo_weight.cuh that can compute the
// gradient of the weight. A tile's columns are the nine taps of its channels. There
// are none for windows other than 3 x 3 with stride 1 and padding 1, and where the
// ring of pixels is too small for those that a window's rows are apart, a slab of
// k, and those on their way.
//
// It costs what haloTiles does: here m and n / 9 elements are read for each pixel.
func (f mmaFormat) haloWeightTiles(g Conv) []gpuTile {
	const pixels, stages, bytes = 256, 4, 64 // of the ring, slabs of dy, and of a channel in a slab
	t := gpuTile{name: "halo_64x288", m: 64, n: 9 * 32, k: bytes / f.size, cost: 0.275, threads: 128, tensor: true, ring: true}
	if g.KH != 3 || g.KW != 3 || g.Stride != 1 || g.Pad != 1 || tiles(2*(g.W+1), t.k)+stages > pixels/t.k {
		return nil
	}
	t.shared = pixels*t.n/9*f.size + 128 + stages*t.m*bytes // with zeros
	return []gpuTile{t}
}
