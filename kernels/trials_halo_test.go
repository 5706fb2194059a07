package kernels

// haloTrials are those of the convolutions of windows with a halo: for each format
// and tile, shapes with edges and two slabs of channels; and with a second tile,
// that begins in the middle of a row, more of both patches, a result at any address,
// and images of 4 x 4.
// Of the gradient of a weight, with edges, with a second tile along both sides and
// more pixels than the ring has, and with many parts.
func haloTrials() (all []*trial) {
	for _, c := range mmaCases {
		w, k := c.width(), c.tiles()[0].k
		shape := Conv{H: 8, W: 8, KH: 3, KW: 3, Stride: 1, Pad: 1}
		for _, t := range c.haloTiles(shape, 0) {
			add := func(name string, g Conv, terms int, run func(m mmaRun) []Buffer) {
				g.KH, g.KW, g.Stride, g.Pad = 3, 3, 1, 1
				all = append(all, c.trial("conv2d_halo_"+c.name, name+" "+t.name, g, 9*terms+1, run))
			}
			forward := func(g Conv, shift int) {
				add("forward", g, g.C, func(m mmaRun) []Buffer { return []Buffer{m.from(shift).forward(&t)} })
			}
			input := func(g Conv, shift int) {
				add("input", g, g.OC, func(m mmaRun) []Buffer { return []Buffer{m.from(shift).input(&t)} })
			}
			forward(Conv{N: 3, H: 3, W: 8, C: 2 * k, OC: 11}, 0)
			input(Conv{N: 3, H: 3, W: 8, C: 3 * w, OC: 2 * k}, 0)
			add("statistics", Conv{N: 3, H: 2, W: 8, C: k, OC: w}, k, func(m mmaRun) []Buffer { return m.statistics(&t, 11) })
			add("normalised", Conv{N: 3, H: 2, W: 8, C: k, OC: w}, 4*k, func(m mmaRun) []Buffer { return []Buffer{m.normalised(&t)} })

			gradient := func(g Conv, more, ofY bool) {
				if !t.normalises() {
					return
				}
				add("gradient of a normalisation", g, g.OC+g.N*g.H*g.W, func(m mmaRun) []Buffer { return m.normGradient(&t, more, ofY) })
			}
			gradient(Conv{N: 3, H: 3, W: 8, C: 3 * w, OC: k}, true, true)
			gradient(Conv{N: 3, H: 3, W: 8, C: 3 * w, OC: k}, false, false)

			forward(Conv{N: 2, H: t.m / 24, W: 24, C: 4 * k, OC: t.n + w}, 0)
			forward(Conv{N: 2, H: t.m / 16, W: 8, C: k, OC: t.n}, 1)
			input(Conv{N: 2, H: t.m / 24, W: 24, C: t.n + w, OC: 4 * k}, 0)
			input(Conv{N: 2, H: t.m / 16, W: 8, C: t.n, OC: k}, 1)
			add("statistics", Conv{N: t.m/16 + 1, H: 2, W: 8, C: k, OC: t.n + w}, k, func(m mmaRun) []Buffer { return m.statistics(&t, 1) })
			add("statistics", Conv{N: 2*t.m + 2*t.m/16, H: 2, W: 8, C: k, OC: 2 * t.n}, k, func(m mmaRun) []Buffer { return m.statistics(&t, 8) }) // 34 tiles
			add("normalised", Conv{N: t.m/16 + 2, H: 2, W: 8, C: k, OC: t.n + 3}, 4*k, func(m mmaRun) []Buffer { return []Buffer{m.normalised(&t)} })
			gradient(Conv{N: t.m/16 + 1, H: 2, W: 8, C: t.n + w, OC: k}, true, true)
			gradient(Conv{N: 2*t.m + 2*t.m/16, H: 2, W: 8, C: 2 * t.n, OC: k}, false, false) // 34 tiles
			all = append(all, c.haloEndTrials("conv2d_halo_"+c.name, t)...)
			if t.m == 128 { // four pixels in a row fit into no larger patch
				forward(Conv{N: 9, H: 4, W: 4, C: k, OC: w}, 0)
				input(Conv{N: 9, H: 4, W: 4, C: w, OC: k}, 0)
			}
		}
		t := c.haloWeightTiles(shape)[0]
		weight := func(g Conv, parts, shift int) {
			g.KH, g.KW, g.Stride, g.Pad = 3, 3, 1, 1
			all = append(all, c.trial("conv2d_halo_"+c.name, "weight", g, g.N*g.H*g.W+1, func(m mmaRun) []Buffer { return []Buffer{m.from(shift).weight(&t, parts)} }))
		}
		weight(Conv{N: 3, H: 3, W: 5, C: w, OC: 3 * w}, 1, 0)
		weight(Conv{N: 7, H: 8, W: 9, C: t.n/9 + w, OC: t.m + w}, 2, 0)
		weight(Conv{N: 3, H: t.k / 4, W: 8, C: t.n / 9, OC: t.m}, 6, 1) // of a slab each
		weight(Conv{N: 67, H: t.k / 4, W: 4, C: 16, OC: 8}, 67, 1)
		all = append(all, c.trialOf("conv2d_halo_"+c.name, "ends of weight", c.haloWeightEnds(t), func(m mmaRun) []Buffer { return []Buffer{m.weight(&t, 1)} }))
	}
	return all
}
