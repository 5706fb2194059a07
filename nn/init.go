package nn

import (
	"math"

	"lbsam/autograd"
	"lbsam/internal/rng"
	"lbsam/kernels"
	"lbsam/tensor"
)

// A Stream is where first weights are drawn from.
type Stream = rng.Stream

// NewStream returns the random numbers from which New draws for a seed.
func NewStream(seed uint64) *Stream {
	r := rng.New(seed, rng.Weights)
	return &r
}

// uniform returns a parameter drawn from U(-1/√fan, 1/√fan), PyTorch's default
// for the weight and the bias of a layer whose outputs see fan inputs. The
// values are float32 numbers in any precision, so that a model starts from the
// same weights on every device. With a nil stream they are zero: for a model
// whose values come from a file.
func uniform(d *kernels.Device, r *Stream, fan int, shape ...int) *autograd.Var {
	w := tensor.New(d, shape...)
	if r == nil {
		return autograd.NewParam(w)
	}
	bound := 1 / math.Sqrt(float64(fan))
	values := make([]float64, w.Len())
	for i := range values {
		unit := float64(r.Uint32()>>8)*0x1p-23 - 1 // in [-1, 1)
		values[i] = float64(float32(bound * unit))
	}
	w.SetFloats(values)
	return autograd.NewParam(w)
}

// constant returns a parameter whose elements are all v.
func constant(d *kernels.Device, v float64, shape ...int) *autograd.Var {
	w := tensor.New(d, shape...)
	w.Fill(v)
	return autograd.NewParam(w)
}

// weightAndBias names the parameters of a layer that may have no bias.
func weightAndBias(w, b *autograd.Var) []autograd.Param {
	list := []autograd.Param{{Name: "weight", Var: w}}
	if b != nil {
		list = append(list, autograd.Param{Name: "bias", Var: b})
	}
	return list
}
