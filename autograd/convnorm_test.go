package autograd

import (
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// On a tape that is ForwardOnly the numbers are the same, and Backward is a bug.
func TestForwardOnly(t *testing.T) {
	for _, config := range []kernels.Config{{Name: "ref", Precision: kernels.Float64}, {Name: "ptxsim", Compute: kernels.ComputeTF32}} {
		d, err := kernels.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		draw := func(seed int, shape ...int) *Var {
			v := tensor.New(d, shape...)
			numbers := make([]float64, v.Len())
			for i, x := range kerneltest.Randn[float32](kerneltest.Rng(seed), len(numbers)) {
				numbers[i] = float64(x)
			}
			v.SetFloats(numbers)
			return NewParam(v)
		}
		x, w, gamma, beta, add := draw(1, 2, 3, 3, 4), draw(2, 8, 3, 3, 4), draw(3, 8), draw(4, 8), draw(5, 2, 3, 3, 8)
		r := running(d, 8)
		tape := NewTape(kernels.NewArena(d))
		run := func() *Var {
			return tape.Conv2dBatchNorm(x, w, nil, tensor.Window{Stride: 1, Pad: 1}, gamma, beta, add, r, BatchNorm{Eps: 1e-5, ReLU: true})
		}
		want := run().Value.Floats()
		tape.Reset()
		tape.ForwardOnly = true
		y := run()
		if err := kerneltest.Compare(y.Value.Floats(), want, 0, 0); err != nil {
			t.Errorf("%s: %v", config.Name, err)
		}
		func() {
			defer func() {
				if message, _ := recover().(string); !strings.Contains(message, "ForwardOnly") {
					t.Errorf("%s: Backward panics with %q", config.Name, message)
				}
			}()
			tape.Backward(y)
		}()
	}
}
