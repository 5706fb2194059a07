package nn

import (
	"fmt"
	"math"
)

// Fold returns the weight [oc, kh, kw, ic] and the bias [oc] of the one
// convolution that does in evaluation what c and behind it b do:
//
//	weight = c.Weight·s, bias = b.Beta + (c.Bias - mean)·s, with s = b.Gamma/√(variance + b.Eps)
//
// per output channel, with the running mean and variance.
func Fold(c *Conv2d, b *BatchNorm2d) (weight, bias []float64) {
	weight, bias = c.Weight.Value.Floats(), b.Beta.Value.Floats()
	gamma, mean, variance := b.Gamma.Value.Floats(), b.Running.Mean.Floats(), b.Running.Var.Floats()
	if oc := c.Weight.Shape()[0]; oc != len(bias) {
		panic(fmt.Sprintf("nn: Fold of a convolution %v and a BatchNorm2d of %d channels", c.Weight.Shape(), len(bias)))
	}
	if c.Bias != nil {
		for i, v := range c.Bias.Value.Floats() {
			mean[i] -= v
		}
	}
	size := len(weight) / len(bias)
	for i := range bias {
		s := gamma[i] / math.Sqrt(variance[i]+b.Eps)
		for j := range size {
			weight[i*size+j] *= s
		}
		bias[i] -= mean[i] * s
	}
	return weight, bias
}
