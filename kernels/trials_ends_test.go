package kernels

// What follows are shapes of products that end everywhere: for each group of rows of
// a tile that a thread reads or writes, and for each piece of the first slabs of k,
// there is one that ends within it.

// points is a convolution of n images of a pixel.
func points(n, c, oc int) Conv {
	return Conv{N: n, H: 1, W: 1, C: c, OC: oc, KH: 1, KW: 1, Stride: 1}
}

// ends are the numbers of one more than a multiple of step, up to end.
func ends(end, step int) (list []int) {
	for n := 1; n <= end; n += step {
		list = append(list, n)
	}
	return list
}

// multiples are those of w up to end.
func multiples(w, end int) (list []int) {
	for n := w; n <= end; n += w {
		list = append(list, n)
	}
	return list
}

// beside are images of a pixel whose windows, with sums of c elements for each tap,
// see it or a neighbour that is not there: in each slab one below it or behind it.
func beside(n, c, oc int) []Conv {
	return []Conv{
		{N: n, H: 1, W: 1, C: c, OC: oc, KH: 3, KW: 1, Stride: 1, Pad: 1},
		{N: n/9 + 1, H: 1, W: 1, C: c, OC: oc, KH: 1, KW: 1, Stride: 1, Pad: 1},
	}
}

func (c mmaCase) forwardEnds(t gpuTile) (all []Conv) {
	w, slabs := c.width(), 4*t.k
	for _, n := range ends(t.m, 8) {
		all = append(all, points(n, w, w))
	}
	for _, n := range append(ends(t.n, 8), 2, 3, 4, 5, 6, 7, 8) { // stored by eights, by fours and one by one
		all = append(all, points(3, w, n))
	}
	for _, n := range multiples(w, slabs+w) {
		all = append(all, points(3, n, w))
	}
	for _, n := range []int{w, t.k / 2, t.k, t.k + t.k/2, slabs} {
		all = append(all, beside(t.m+1, n, w)...)
	}
	return append(all, Conv{N: 3, H: 5, W: 1, C: t.k, OC: w, KH: 5, KW: 1, Stride: 1}) // a slab for each tap
}

func (c mmaCase) inputEnds(t gpuTile) (all []Conv) {
	w, slabs := c.width(), 4*t.k
	for _, n := range ends(t.m, 8) {
		all = append(all, points(n, w, w))
	}
	for _, n := range multiples(w, t.n) {
		all = append(all, points(3, n, w))
	}
	for _, n := range multiples(w, slabs+w) {
		all = append(all, points(3, w, n))
	}
	for _, n := range []int{w, t.k / 2, t.k, t.k + t.k/2, slabs} {
		all = append(all, beside(t.m+1, w, n)[0])
	}
	return append(all,
		Conv{N: t.m/9 + 1, H: 1, W: 9, C: w, OC: t.k, KH: 1, KW: 5, Stride: 1},       // a slab for each tap, the end of dy under each
		Conv{N: t.m/4 + 1, H: 3, W: 3, C: w, OC: 3*t.k + w, KH: 2, KW: 2, Stride: 2}, // no window has the last row and the last column
		Conv{N: 3, H: 3, W: 3, C: w, OC: w, KH: 1, KW: 1, Stride: 2})                 // there are pixels without a tap
}

func (c mmaCase) weightEnds(t gpuTile) (all []Conv) {
	w, slabs := c.width(), 4*t.k
	for _, n := range multiples(w, t.n) {
		all = append(all, points(3, n, w))
	}
	for _, n := range multiples(w, t.m) {
		all = append(all, points(3, w, n))
	}
	for _, n := range ends(slabs, t.k/8) { // pixels; and rows or images that end there, of which another follows
		row, column := points(2, w, w), points(2, w, w)
		row.W, column.H = t.k+n, t.k+n
		all = append(all, points(n, w, w), row, column)
	}
	return append(all, points(3, t.n/2, t.m), beside(slabs/3+1, w, w)[0])
}

// haloWeightEnds is weightEnds of 3 x 3, with a halo that ends with a slab.
func (c mmaCase) haloWeightEnds(t gpuTile) (all []Conv) {
	w := c.width()
	add := func(g Conv) {
		g.KH, g.KW, g.Pad = 3, 3, 1
		all = append(all, g)
	}
	for _, n := range ends(4*t.k, t.k/8) {
		add(points(n, w, w))
	}
	for _, n := range multiples(w, t.m) {
		add(points(3, w, n))
		add(points(3, min(n, t.n/9), w))
	}
	for _, width := range []int{t.k/2 - 1, t.k - 1, map[int]int{4: 95, 2: 63}[c.size]} { // the last one fills the ring
		g := points(3, w, w)
		g.H, g.W = 3, width
		add(g)
	}
	return all
}

// statisticsEnds have any number of tiles that are added at once, two more beside
// others, and eight times that many.
func (c mmaCase) statisticsEnds(t gpuTile) (all []Conv) {
	w := c.width()
	for tiles := 2; tiles < 32; tiles += 2 {
		all = append(all, points((tiles-1)*t.m+1, w, w))
	}
	return append(all, points(33*t.m+1, w, 2*t.n), points(9*32*t.m+1, w, w))
}

// gradientEnds are statisticsEnds of the gradient of a normalisation, and 34 slices
// of few channels: see haloEndTrials.
func (c mmaCase) gradientEnds(t gpuTile) (all []Conv) {
	for _, g := range append(c.statisticsEnds(t), points(34*t.m, c.width(), c.width())) {
		g.C, g.OC = g.OC, g.C
		all = append(all, g)
	}
	return all
}

// halo is a convolution of 3 x 3 windows of n images.
func halo(n, h, w, c, oc int) Conv {
	return Conv{N: n, H: h, W: w, C: c, OC: oc, KH: 3, KW: 3, Stride: 1, Pad: 1}
}

// fullPatch has tiles with patches that almost fill their room.
func fullPatch(t gpuTile, c, oc int) Conv {
	h := map[int]int{128: 5, 256: 3}[t.m]
	return halo(2*t.m/(32*h)+1, h, 32, c, oc)
}

// haloStatisticsEnds is statisticsEnds, but for what is beside others.
func (c mmaCase) haloStatisticsEnds(t gpuTile) (all []Conv) {
	for tiles := 2; tiles < 32; tiles += 2 {
		all = append(all, halo((tiles-1)*t.m/16+1, 2, 8, t.k, c.width()))
	}
	return append(all, halo(9*32*t.m/16+1, 2, 8, t.k, c.width()))
}

// haloGradientEnds are haloStatisticsEnds of the gradient of a normalisation, and
// the 34 slices of haloEndTrials.
func (c mmaCase) haloGradientEnds(t gpuTile) (all []Conv) {
	for _, g := range append(c.haloStatisticsEnds(t), halo(34*t.m/16, 2, 8, t.k, c.width())) {
		g.C, g.OC = g.OC, g.C
		all = append(all, g)
	}
	return all
}

// haloForwardEnds have the tiles of fullPatch, and channels that end everywhere.
func (c mmaCase) haloForwardEnds(t gpuTile) []Conv {
	all := []Conv{fullPatch(t, t.k, c.width())}
	for _, n := range append(ends(t.n, 32), 2, 3, 4, 5, 6, 7, 8) {
		all = append(all, halo(1, 2, 8, t.k, n))
	}
	return all
}

// haloPixels are few pixels, which end at one turn of two or at the other, however
// many of them are stored at a turn.
func haloPixels(t gpuTile, c, oc int) []Conv {
	all := []Conv{halo(1, 2, 8, c, oc), halo(1, 3, 8, c, oc), halo(1, 4, 8, c, oc), halo(1, 6, 8, c, oc), halo(1, 8, 8, c, oc)}
	if t.m == 128 {
		all = append(all, halo(1, 4, 4, c, oc))
	}
	return all
}

// haloEndTrials are of shapes for tiles with a halo.
func (c mmaCase) haloEndTrials(concept string, t gpuTile) []*trial {
	few := haloPixels(t, t.k, t.k)
	var gradients []*trial
	if t.normalises() {
		gradients = []*trial{
			c.trialOf(concept, "ends of pixels of the gradient of a normalisation "+t.name, few, func(m mmaRun) []Buffer { return m.normGradient(&t, false, true) }),
			c.trialOf(concept, "ends of the gradient of a normalisation "+t.name, c.haloGradientEnds(t), func(m mmaRun) []Buffer { return m.normGradient(&t, true, false) }),
		}
	}
	return append(gradients, []*trial{
		c.trialOf(concept, "input anywhere "+t.name, few, func(m mmaRun) []Buffer { return []Buffer{m.from(2).input(&t)} }),
		c.trialOf(concept, "normalised anywhere "+t.name, append(few, haloPixels(t, t.k, t.k+3)...), func(m mmaRun) []Buffer { return []Buffer{m.from(2).normalised(&t)} }),
		c.trialOf(concept, "ends of forward "+t.name, c.haloForwardEnds(t), func(m mmaRun) []Buffer { return []Buffer{m.forward(&t)} }),
		c.trialOf(concept, "ends of input "+t.name, []Conv{fullPatch(t, c.width(), t.k)}, func(m mmaRun) []Buffer { return []Buffer{m.input(&t)} }),
		c.trialOf(concept, "ends of statistics "+t.name, c.haloStatisticsEnds(t), func(m mmaRun) []Buffer { return m.statistics(&t, 1) }),
		// The last of 34 slices is not of the group of the first, whose sum lies behind all slices by then.
		c.trialOf(concept, "statistics of 34 slices "+t.name, []Conv{halo(34*t.m/16, 2, 8, t.k, c.width())}, func(m mmaRun) []Buffer { return m.statistics(&t, 1) }),
	}...)
}

// pixels are few of them, of which the last is stored at any turn of a thread.
func pixels(c, oc int) (all []Conv) {
	for _, n := range append([]int{3, 4}, multiples(8, 64)...) {
		all = append(all, points(n, c, oc))
	}
	return all
}

// endTrials are of these shapes.
func (c mmaCase) endTrials(concept string, t gpuTile) []*trial {
	w := c.width()
	var gradients []*trial
	if t.normalises() {
		gradients = []*trial{
			c.trialOf(concept, "ends of pixels of the gradient of a normalisation "+t.name, pixels(2*w, w), func(m mmaRun) []Buffer { return m.normGradient(&t, false, true) }),
			c.trialOf(concept, "ends of the gradient of a normalisation "+t.name, c.gradientEnds(t), func(m mmaRun) []Buffer { return m.normGradient(&t, true, false) }),
		}
	}
	return append(gradients, []*trial{
		c.trialOf(concept, "normalised anywhere "+t.name, append(pixels(w, 2*w), pixels(w, w+3)...), func(m mmaRun) []Buffer { return []Buffer{m.from(2).normalised(&t)} }),
		c.trialOf(concept, "ends of forward "+t.name, c.forwardEnds(t), func(m mmaRun) []Buffer { return []Buffer{m.forward(&t)} }),
		c.trialOf(concept, "ends of input "+t.name, c.inputEnds(t), func(m mmaRun) []Buffer { return []Buffer{m.input(&t)} }),
		c.trialOf(concept, "ends of weight "+t.name, c.weightEnds(t), func(m mmaRun) []Buffer { return []Buffer{m.weight(&t, 1)} }),
		c.trialOf(concept, "ends of statistics "+t.name, c.statisticsEnds(t), func(m mmaRun) []Buffer { return m.statistics(&t, 1) }),
	}...)
}

// trialOf is a trial of several shapes, for all mutants only.
func (c mmaCase) trialOf(concept, name string, shapes []Conv, run func(m mmaRun) []Buffer) *trial {
	most := 0 // terms
	for _, g := range shapes {
		most = max(most, g.KH*g.KW*max(g.C, g.OC), g.N*g.OH()*g.OW())
	}
	p := c.trial(concept, name, Conv{}, most+1, nil)
	p.run = nil
	for _, g := range shapes {
		p.steps = append(p.steps, func(r rig) []Buffer { return run(mmaRun{c, r, g, 0}) })
	}
	return p
}
