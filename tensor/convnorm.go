package tensor

import "lbsam/kernels"

// Conv2dBatchNormTrain returns z [n, oh, ow, oc], the convolution of x with w and
// b as of Conv2d, and what BatchNormTrain returns for it.
func Conv2dBatchNormTrain(a *kernels.Arena, x, w, b *Tensor, win Window, add, gamma, beta *Tensor, r Running, momentum float64, times int, eps float64, relu bool) (z, y, mean, variance *Tensor) {
	g := convolutionOf("Conv2dBatchNormTrain", x, w, win)
	z = Temp(a, g.N, g.OH(), g.OW(), g.OC)
	if add != nil {
		mustShape("Conv2dBatchNormTrain", "add", add, z.Shape...)
	}
	mean, variance = TempExact(a, g.OC), TempExact(a, g.OC)
	y = Temp(a, z.Shape...)
	kernels.Conv2dBatchNormTrain(y.Data, z.Data, mean.Data, variance.Data, x.Data, w.Data, b.optional(), add.optional(), gamma.Data, beta.Data,
		r.moved(momentum, times), g, rows(z, eps, relu))
	return z, y, mean, variance
}

// Conv2dBatchNorm returns BatchNorm of Conv2d [n, oh, ow, oc].
func Conv2dBatchNorm(a *kernels.Arena, x, w, b *Tensor, win Window, add, gamma, beta, mean, variance *Tensor, eps float64, relu bool) *Tensor {
	g := convolutionOf("Conv2dBatchNorm", x, w, win)
	y := Temp(a, g.N, g.OH(), g.OW(), g.OC)
	if add != nil {
		mustShape("Conv2dBatchNorm", "add", add, y.Shape...)
	}
	kernels.Conv2dBatchNorm(y.Data, x.Data, w.Data, b.optional(), add.optional(), gamma.Data, beta.Data, mean.Data, variance.Data, g, rows(y, eps, relu))
	return y
}

// NormsInput reports whether a device can do Conv2dBackwardInputNorm with these; x is
// nil where it is not there yet, but will be memory of the arena.
func NormsInput(dy, w *Tensor, win Window, more, y, x *Tensor) bool {
	return convolution(y.Shape, w.Shape, win).NormsInput(dy.Data, w.Data, more.optional(), y.Data, x.optional())
}

// Conv2dBackwardInputNorm returns dz, the gradient before the ReLU of y
// [n, h, w, c], a BatchNormTrain of x that a convolution with w read, from dy, that
// of the convolution's result, and from more, another part of the gradient of y,
// unless it is nil: dz takes over its memory. It adds to the gradients of gamma and
// beta and returns what BatchNormBackwardMeans wants. beta says that there was no
// addend. NormsInput must say that the device can.
func Conv2dBackwardInputNorm(a *kernels.Arena, d BatchNormGrads, dy, w *Tensor, win Window, more, y, x, gamma, beta, mean, variance *Tensor, eps float64, relu bool) (dz, means *Tensor) {
	g := convolution(y.Shape, w.Shape, win)
	mustShape("Conv2dBackwardInputNorm", "dy", dy, g.N, g.OH(), g.OW(), g.OC)
	dz = more
	if dz == nil {
		dz = Temp(a, y.Shape...)
	}
	means = TempOf(a, kernels.Float64, 2, g.C)
	kernels.Conv2dBackwardInputNorm(dz.Data, means.Data, d.Gamma.Data, d.Beta.Data, dy.Data, w.Data, more.optional(), y.Data, x.Data,
		gamma.Data, beta.optional(), mean.Data, variance.Data, g, rows(x, eps, relu))
	return dz, means
}
