package kernels

// An mmaFormat is what tensor cores multiply, as in conv2d_mma.cuh. Sums are
// float32 in all of them.
type mmaFormat struct {
	name string
	size int // bytes of an element in memory
}

var (
	formatTF32 = mmaFormat{"tf32", 4}
	formatF16  = mmaFormat{"f16", 2}
	formatBF16 = mmaFormat{"bf16", 2}
)

// formatOf is the format in which products of b are computed. There is none for
// float32 unless the device was opened for it.
func formatOf(b Buffer) (f mmaFormat, ok bool) {
	switch b.dtype {
	case Float16:
		return formatF16, true
	case BFloat16:
		return formatBF16, true
	}
	return formatTF32, b.dev.compute == ComputeTF32
}

// width is the number of elements in 16 bytes.
func (f mmaFormat) width() int { return 16 / f.size }

// tiles are the tiles of conv2d_mma.cuh. What they cost, where an element of a
// part costs partCost, follows from what they read for each multiplication and
// is not measured.
func (f mmaFormat) tiles() []gpuTile {
	var list []gpuTile
	for _, t := range []struct {
		name                         string
		m, n, bytes, stages, threads int
		cost                         float64
	}{
		{"256x128", 256, 128, 64, 4, 256, 0.3},
		{"128x128", 128, 128, 64, 4, 128, 0.315},
		{"256x64", 256, 64, 64, 4, 128, 0.33},
		{"128x64", 128, 64, 128, 3, 128, 0.36},
		{"64x64", 64, 64, 128, 4, 128, 0.42},
	} {
		list = append(list, gpuTile{
			name: t.name, m: t.m, n: t.n, k: t.bytes / f.size,
			cost: t.cost, threads: t.threads, shared: (t.m + t.n) * t.bytes * t.stages, tensor: true,
		})
	}
	return list
}

// kernel names the kernel of t for operands of this format.
func (f mmaFormat) kernel(t gpuPlan) gpuPlan {
	t.name = f.name + "_" + t.name
	return t
}

// forwardTiles are the tiles for a forward pass, inputTiles those for the gradient
// of an input, and weightTiles those for that of a weight.
func (f mmaFormat) forwardTiles(g Conv) []gpuTile { return append(f.tiles(), f.haloTiles(g, g.C)...) }

func (f mmaFormat) inputTiles(g Conv) []gpuTile { return append(f.tiles(), f.haloTiles(g, g.OC)...) }

func (f mmaFormat) weightTiles(g Conv) []gpuTile {
	return append(f.tiles(), f.haloWeightTiles(g)...)
}

// forwardPlan chooses the kernel of a forward pass, by shape and type alone, and
// inputPlan that of the gradient of an input.
func (f mmaFormat) forwardPlan(g Conv) gpuPlan {
	return f.kernel(g.forwardProduct().plan(f.forwardTiles(g), false))
}

func (f mmaFormat) inputPlan(g Conv) gpuPlan {
	return f.kernel(g.inputProduct().plan(f.inputTiles(g), false))
}

// forwardOnTensorCores is the format in which x and w are multiplied on tensor
// cores, if they are.
func (g Conv) forwardOnTensorCores(x, w Buffer) (f mmaFormat, ok bool) {
	f, ok = formatOf(w)
	return f, ok && inRuns(f.width(), []int{g.C}, x, w)
}

// turnedWeightProduct is the gradient of the weight as tensor cores compute
// it, with the channels of dy for rows.
func (g Conv) turnedWeightProduct() product {
	p := g.weightProduct()
	p.m, p.n = p.n, p.m
	return p
}
