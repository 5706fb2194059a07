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
