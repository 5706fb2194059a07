package kernels

// maxPool2dCPU is MaxPool2d of some images.
func maxPool2dCPU(y []float32, index []int32, x []float32, g Pool) {
	g.windows(func(yi, image, h0, h1, w0, w1 int) {
		maxPoolWindow(y[yi:yi+g.C], index[yi:yi+g.C], x[image:], g, h0, h1, w0, w1)
	})
}

// avgPool2dCPU is AvgPool2d of some images.
func avgPool2dCPU(y, x []float32, g Pool) {
	g.windows(func(yi, image, h0, h1, w0, w1 int) {
		out := y[yi : yi+g.C]
		clear(out)
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				addCPU(out, out, x[image+(h*g.W+w)*g.C:][:g.C])
			}
		}
		scaleCPU(out, out, 1/float32(g.KH*g.KW))
	})
}

// avgPool2dBackwardCPU is AvgPool2dBackward of some images.
func avgPool2dBackwardCPU(dx, dy []float32, g Pool) {
	clear(dx)
	g.windows(func(yi, image, h0, h1, w0, w1 int) {
		for h := h0; h < h1; h++ {
			for w := w0; w < w1; w++ {
				addScaledCPU(dx[image+(h*g.W+w)*g.C:][:g.C], dy[yi:yi+g.C], 1/float32(g.KH*g.KW))
			}
		}
	})
}
