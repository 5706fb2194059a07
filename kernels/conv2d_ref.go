package kernels

// taps calls visit for every product of the convolution: y index at (n, i, j)
// of channel 0, x index at the pixel under the tap, w index at tap (p, q) of
// output channel 0. Taps in the padding are left out.
func (g Conv) taps(visit func(y, x, w int)) {
	oh, ow := g.OH(), g.OW()
	for n := range g.N {
		for i := range oh {
			for j := range ow {
				for p := range g.KH {
					for q := range g.KW {
						h, v := i*g.Stride+p-g.Pad, j*g.Stride+q-g.Pad
						if h < 0 || h >= g.H || v < 0 || v >= g.W {
							continue
						}
						visit(((n*oh+i)*ow+j)*g.OC, ((n*g.H+h)*g.W+v)*g.C, (p*g.KW+q)*g.C)
					}
				}
			}
		}
	}
}

// conv2dRef is the reference for Conv2d.
func conv2dRef[T Float](y, x, w, b []T, g Conv) {
	for i := range y {
		y[i] = 0
		if b != nil {
			y[i] = b[i%g.OC]
		}
	}
	g.taps(func(yi, xi, wi int) {
		for o := range g.OC {
			wo := w[o*g.KH*g.KW*g.C+wi:]
			sum := y[yi+o]
			for c, v := range x[xi : xi+g.C] {
				sum += T(v * wo[c])
			}
			y[yi+o] = sum
		}
	})
}

// conv2dBackwardInputRef is the reference for Conv2dBackwardInput.
func conv2dBackwardInputRef[T Float](dx, dy, w []T, g Conv) {
	clear(dx)
	g.taps(func(yi, xi, wi int) {
		for o := range g.OC {
			wo := w[o*g.KH*g.KW*g.C+wi:]
			d := dy[yi+o]
			for c := range g.C {
				dx[xi+c] += T(d * wo[c])
			}
		}
	})
}

// conv2dBackwardWeightAddRef is the reference for Conv2dBackwardWeightAdd.
func conv2dBackwardWeightAddRef[T Float](dw, dy, x []T, g Conv) {
	g.taps(func(yi, xi, wi int) {
		for o := range g.OC {
			dwo := dw[o*g.KH*g.KW*g.C+wi:]
			d := dy[yi+o]
			for c, v := range x[xi : xi+g.C] {
				dwo[c] += T(d * v)
			}
		}
	})
}
